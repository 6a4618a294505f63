"""A schedule on Kubeflow Pipelines: when which pipeline is run, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

from components.contract import ConfigError


@dataclass(frozen=True)
class Trigger:
    """All that two schedules have to have in common to be the same.

    Attributes:
        cron: six fields, seconds first; None for a schedule that goes by intervals.
        start: RFC 3339, in UTC; None for at once.
        end: RFC 3339, in UTC; None for never.
        catch_up: whether runs that were missed are made up for.
        concurrency: how many of its runs may go on at once.
        experiment_id: that its runs belong to.
        pipeline_id: of the pipeline.
        version_id: of its version.
        arguments: the pipeline's.
        service_account: of the pods; None for the server's default.
    """

    cron: str | None
    start: str | None
    end: str | None
    catch_up: bool
    concurrency: int
    experiment_id: str
    pipeline_id: str
    version_id: str
    arguments: Mapping[str, Any]
    service_account: str | None

    def same_as(self, other: Trigger) -> bool:
        """Whether both come to the same; a server fills in the service account where none is given."""
        accounts = (self.service_account, other.service_account)
        return _comparable(self) == _comparable(other) and (None in accounts or accounts[0] == accounts[1])


@dataclass(frozen=True)
class Schedule:
    """A schedule on the server."""

    schedule_id: str
    name: str
    enabled: bool
    trigger: Trigger

    @classmethod
    def of(cls, recurring: Any) -> Schedule:
        """Reads the server's V2beta1RecurringRun."""
        version, trigger = recurring.pipeline_version_reference, recurring.trigger
        cron = trigger.cron_schedule if trigger else None
        times = cron or (trigger.periodic_schedule if trigger else None)
        return cls(
            schedule_id=recurring.recurring_run_id,
            name=recurring.display_name,
            enabled=recurring.status == "ENABLED" or recurring.mode == "ENABLE",
            trigger=Trigger(
                cron=cron.cron if cron else None,
                start=_given(times.start_time) if times else None,
                end=_given(times.end_time) if times else None,
                catch_up=not recurring.no_catchup,
                concurrency=int(recurring.max_concurrency or 1),
                experiment_id=recurring.experiment_id,
                pipeline_id=version.pipeline_id if version else "",
                version_id=version.pipeline_version_id if version else "",
                arguments=(recurring.runtime_config.parameters or {}) if recurring.runtime_config else {},
                service_account=recurring.service_account or None,
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        shown = asdict(self.trigger)
        return {"schedule_id": self.schedule_id, "name": self.name, "enabled": self.enabled, **shown}


def utc_time(option: str, text: str | None) -> str | None:
    """A time as Kubeflow Pipelines takes it.

    Args:
        option: that it was given with.
        text: ISO 8601, a date or a date and a time; UTC unless it says otherwise.

    Raises:
        ConfigError: not that.
    """
    if text is None:
        return None
    try:
        # Python 3.10 does not know the Z.
        moment = datetime.fromisoformat(text[:-1] + "+00:00" if text[-1:] in "Zz" else text)
        return _rfc3339(moment)
    except (ValueError, OverflowError):  # In UTC it may lie in the year 0.
        raise ConfigError(
            f"{option} {text!r} is no time; it looks like 2030-01-31, 2030-01-31T06:00 or "
            "2030-01-31T06:00+01:00."
        ) from None


def _rfc3339(moment: datetime) -> str:
    known = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return known.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _given(moment: datetime | None) -> str | None:
    """A time of the server, for which 1970 is none."""
    return None if moment is None or moment.year <= 1970 else _rfc3339(moment)


def _comparable(trigger: Trigger) -> dict[str, Any]:
    return {**asdict(trigger), "service_account": None}
