"""What a run came to: the object behind `--json`, `summary.json` and the closing lines."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from components.image_folder.data_report import DataReport
from components.image_folder.findings import NO_IMAGE
from components.whole_file import write_whole
from pipeline.exit_codes import FAILED_EXIT, INVALID_DATA_EXIT, NOT_BLESSED_EXIT, PUSHED_EXIT
from pipeline.results.class_scores import ClassScores, Mistake
from pipeline.results.selective_classification import Coverage

Status = Literal["pushed", "not_blessed", "invalid_data", "failed"]
StageStatus = Literal["ran", "cached", "skipped", "failed"]

EXIT_CODES: Final[dict[Status, int]] = {
    "pushed": PUSHED_EXIT,
    "failed": FAILED_EXIT,
    "invalid_data": INVALID_DATA_EXIT,
    "not_blessed": NOT_BLESSED_EXIT,
}

# What nobody would miss: files that are no images, and copies of images that stay.
_NO_LOSS: Final = NO_IMAGE | {"duplicate", "split_leak"}


@dataclass(frozen=True)
class Stage:
    """A stage of the pipeline in one run; `seconds` is wall time."""

    name: str
    status: StageStatus
    seconds: float


@dataclass(frozen=True)
class SetAside:
    """A file that was not used, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Images:
    """What ingest made of the images.

    Attributes:
        layout: as detected or asked for.
        found: files that claim to be images.
        accepted: images written to a split.
        rejected: files that could not be used; each is in `set_aside` with its reason.
        duplicates: further copies of an accepted image.
        per_split: split → images.
        findings: kind → files, of all that is worth knowing; the data report names each file.
        set_aside: files that were not used.
    """

    layout: str
    found: int
    accepted: int
    rejected: int
    duplicates: int
    per_split: dict[str, int]
    findings: dict[str, int]
    set_aside: tuple[SetAside, ...]

    @staticmethod
    def of(report: DataReport) -> Images:
        """Sums the data report up."""
        lost = {
            finding.file: SetAside(finding.file, finding.reason)
            for finding in report.files
            if finding.action in ("set aside", "refused") and finding.kind not in _NO_LOSS
        }
        return Images(
            layout=report.layout,
            found=report.found,
            accepted=report.accepted,
            rejected=report.set_aside,
            duplicates=report.duplicates,
            per_split={split: sum(by_label.values()) for split, by_label in report.counts.items()},
            findings=report.findings,
            set_aside=tuple(lost.values()),
        )


@dataclass(frozen=True)
class Metrics:
    """How well models do on the test split; None for one that was not evaluated.

    Attributes:
        candidate, baseline: metric → value.
        baseline_version: number that the baseline was pushed as; None where that version is gone.
        confidence_interval: of the candidate's accuracy, at 95 %.
        candidate_classes, baseline_classes: label → scores, of classes with images.
        mistakes: of the candidate, the most frequent first.
        coverage: of the candidate, by ascending threshold.
        accepted: of `coverage`, what `serving.reject_below` comes to; None where nothing is rejected.
    """

    candidate: dict[str, float] | None = None
    baseline: dict[str, float] | None = None
    confidence_interval: tuple[float, float] | None = None
    candidate_classes: dict[str, ClassScores] | None = None
    baseline_classes: dict[str, ClassScores] | None = None
    mistakes: tuple[Mistake, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    accepted: Coverage | None = None
    baseline_version: int | None = None

    @property
    def baseline_name(self) -> str:
        """What people are told that the candidate was compared with."""
        return "the model before it" if self.baseline_version is None else f"version {self.baseline_version}"


@dataclass(frozen=True)
class Pushed:
    """The version in production after the run; `new` when this run pushed it."""

    version: int
    path: str
    new: bool


@dataclass(frozen=True)
class Tuned:
    """What the Tuner found.

    Attributes:
        values: dotted key → best value.
        objective: which figure on the eval split was to become better.
        score: that figure, with these values.
        trials: combinations that could be trained with.
        config: path of the configuration that has the values filled in.
    """

    values: dict[str, Any]
    objective: str
    score: float
    trials: int
    config: str


@dataclass(frozen=True)
class RunSummary:
    """A run, as a whole.

    Attributes:
        run_id: names the run's folder in the workspace.
        model: name of the model.
        status: what came of it.
        reason: a sentence where nothing was pushed.
        stages: in order.
        images: None when ingest did not get that far.
        notes: sentences about the classes' balance, and what has changed since the previous run.
        metrics: of the candidate and of the baseline.
        pushed: None when nothing was.
        log: path of the frameworks' log.
        report: path of the run's page; None until there is one.
        tuned: None when the run did not tune.
    """

    run_id: str
    model: str
    status: Status
    reason: str | None
    stages: tuple[Stage, ...]
    images: Images | None
    notes: tuple[str, ...]
    metrics: Metrics
    pushed: Pushed | None
    log: str
    report: str | None = None
    tuned: Tuned | None = None
    exit_code: int = field(default=FAILED_EXIT)

    def to_json(self) -> str:
        """The summary as JSON."""
        return TypeAdapter(RunSummary).dump_json(self, indent=1).decode()

    def write(self, path: Path) -> None:
        """Writes the summary as JSON; whole or not at all."""
        write_whole(path, f"{self.to_json()}\n".encode())


@dataclass(frozen=True)
class Ending:
    """What a summary comes to in the end."""

    status: Status
    reason: str | None
    exit_code: int

    @staticmethod
    def read(path: Path) -> Ending:
        """Reads what `RunSummary.write` wrote."""
        return TypeAdapter(Ending).validate_json(path.read_bytes())
