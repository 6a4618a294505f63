"""The balance report: class counts, what has changed since the previous run, and the verdict on both."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from components.class_balance.balance_rule import balance_violations, imbalance_of
from components.class_balance.class_weights import SCHEMES, Scheme, class_weights, oversampling_factors
from components.class_balance.data_profile import DataProfile, profile_of
from components.class_balance.drift_rule import Changes, compare, drift_violations
from components.class_balance.settings import BalanceSettings
from components.contract import TRAIN
from components.image_folder.data_report import DataReport


@dataclass(frozen=True)
class PreviousRun:
    """The last run whose data was accepted.

    Attributes:
        uri: of its artifact.
        profile: what its images were like.
    """

    uri: str
    profile: DataProfile


@dataclass(frozen=True)
class BalanceReport:
    """Whether the classes can be trained on, and why.

    Attributes:
        verdict: `refused` when there are violations.
        counts: split → label → images.
        imbalance: images of the biggest class over those of the smallest, in
            the train split; None when a class has none there.
        violations: sentences with number, limit and setting; empty when all is well.
        changes: since the previous run; None when there was none.
        class_weights: scheme → label → weight in the loss; the average over
            the training images is 1.
        oversampling_factors: label → how many times each of its training
            images would have to be shown to make it as big as the biggest class.
        profile: what the next run is compared with.
    """

    verdict: Literal["accepted", "refused"]
    counts: dict[str, dict[str, int]]
    imbalance: float | None
    violations: tuple[str, ...]
    changes: Changes | None
    class_weights: dict[Scheme, dict[str, float]]
    oversampling_factors: dict[str, float]
    profile: DataProfile

    @property
    def remedies(self) -> dict[str, dict[str, float]]:
        """What evens the classes out: what it is, for a heading → label → factor."""
        weights = {f"weight, {scheme}": by_label for scheme, by_label in self.class_weights.items()}
        return {**weights, "oversampling": self.oversampling_factors}

    def write(self, path: Path) -> None:
        """Writes the report as JSON."""
        path.write_bytes(_REPORT.dump_json(self, indent=1))

    @staticmethod
    def read(path: Path) -> BalanceReport:
        """Reads what `write` wrote.

        Raises:
            OSError: it cannot be read.
            ValueError: it is cut off, or another version's.
        """
        return _REPORT.validate_json(path.read_bytes())


_REPORT = TypeAdapter(BalanceReport)


def judge(data: DataReport, previous: PreviousRun | None, settings: BalanceSettings) -> BalanceReport:
    """Holds the data against the limits, and against the previous run.

    Args:
        data: what ingest found.
        previous: None when this is the first run.
        settings: the limits.
    """
    profile = profile_of(data)
    train = data.counts[TRAIN]
    changes = compare(previous.uri, previous.profile, profile) if previous else None
    violations = balance_violations(data.counts, settings)
    if changes is not None:
        violations += drift_violations(changes, settings.drift)
    return BalanceReport(
        verdict="refused" if violations else "accepted",
        counts=data.counts,
        imbalance=imbalance_of(train),
        violations=tuple(violations),
        changes=changes,
        class_weights={scheme: class_weights(train, scheme) for scheme in SCHEMES},
        oversampling_factors=oversampling_factors(train),
        profile=profile,
    )
