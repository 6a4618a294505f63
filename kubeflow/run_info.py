"""A run on Kubeflow Pipelines, as people want to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final

SUCCEEDED: Final = "SUCCEEDED"
_ENDED: Final = (SUCCEEDED, "FAILED", "SKIPPED", "CANCELED")


@dataclass(frozen=True)
class RunInfo:
    """A run.

    Attributes:
        run_id: the server's.
        name: for people.
        state: such as PENDING, RUNNING or SUCCEEDED.
        started: when it was created.
        finished: when it ended; None while it has not.
        link: address of its page; None where that is not known.
        error: what the server says of a failure.
        failed_stages: names of the tasks that failed.
    """

    run_id: str
    name: str
    state: str
    started: datetime
    finished: datetime | None
    link: str | None
    error: str | None = None
    failed_stages: tuple[str, ...] = ()

    @classmethod
    def of(cls, run: Any, link: str | None) -> RunInfo:
        """Reads the server's V2beta1Run."""
        # Until it ends, the server says that it ended in 1970.
        ended = run.finished_at is not None and run.finished_at.year > 1970
        tasks = (run.run_details.task_details or []) if run.run_details else []
        return cls(
            run_id=run.run_id,
            name=run.display_name,
            state=run.state or "PENDING",
            started=run.created_at,
            finished=run.finished_at if ended else None,
            link=link,
            error=(run.error.message or None) if run.error else None,
            failed_stages=tuple(task.display_name for task in tasks if task.state == "FAILED"),
        )

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in _ENDED

    def seconds(self, now: datetime | None = None) -> float:
        """How long it took, or has taken so far, in seconds."""
        until = self.finished or now or datetime.now(timezone.utc)
        return max(0.0, (until - self.started).total_seconds())

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "run_id": self.run_id,
            "name": self.name,
            "state": self.state,
            "started": self.started.isoformat(),
            "finished": self.finished.isoformat() if self.finished else None,
            "seconds": round(self.seconds(), 1),
            "link": self.link,
            "error": self.error,
            "failed_stages": list(self.failed_stages),
        }
