"""A run, or a check of the data, in one line for people, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from components.image_folder.data_report import DataReport
from pipeline.results.summary import RunSummary, Status


@dataclass(frozen=True)
class Verdict:
    """The outcome: `tone` picks the colour, `words` say the same."""

    tone: Literal["good", "warning", "bad"]
    words: str


@dataclass(frozen=True)
class Problems:
    """What stands in the way.

    Attributes:
        reason: why nothing was pushed, unless the violations say it all.
        violations: of policies and limits.
        advice: what to do next.
    """

    reason: str | None
    violations: Sequence[str]
    advice: str


_ADVICE: Final[dict[Status, str]] = {
    "invalid_data": "Mend or remove the files and classes named here, or relax the setting named with them, "
    "and run again. Nothing has changed in production.",
    "not_blessed": "Nothing has changed in production. Compare the accuracies below, and look at what "
    "has changed in the images.",
    "failed": "The log tells what the stage was doing; its path is at the end of this page.",
}
_CHECK_ADVICE: Final = (
    "Mend or remove the files and classes named here, or relax the setting named with them, and check again."
)


def run_verdict(summary: RunSummary) -> Verdict:
    """How a run ended."""
    if summary.pushed is not None:
        version = summary.pushed.version
        if summary.pushed.new:
            return Verdict("good", f"Version {version} was pushed")
        return Verdict("good", f"Nothing to push: version {version} is in production already")
    if summary.status == "not_blessed":
        return Verdict("warning", "The model was not blessed, so it was not pushed")
    return Verdict("bad", "The images were refused" if summary.status == "invalid_data" else "The run failed")


def check_verdict(data: DataReport) -> Verdict:
    """What a check of the data comes to."""
    count = len(data.violations)
    if count == 0:
        return Verdict("good", "Fit to train on")
    return Verdict("bad", f"Not fit to train on: {count} violation{'s' if count > 1 else ''}")


def problems_of(data: DataReport | None, summary: RunSummary | None) -> Problems | None:
    """What stands in the way; None when nothing does."""
    violations = () if data is None else data.violations
    if summary is None:
        return Problems(None, violations, _CHECK_ADVICE) if violations else None
    if summary.status == "pushed":
        return None
    reason = summary.reason
    if violations and reason is not None and all(violation in reason for violation in violations):
        reason = None
    return Problems(reason, violations, _ADVICE[summary.status])
