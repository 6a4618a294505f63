"""From what the stages left behind to the summary of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tfx.components.util import model_utils
from tfx.types import artifact

from components.class_balance.balance_report import BalanceReport
from components.class_balance.report_lines import lines
from components.contract import (
    BALANCE_REPORT_FILE,
    DATA_REPORT_FILE,
    LABELS_FILE,
    NEWLY_PUBLISHED,
    SERVING_CHECK_REPORT_FILE,
    ConfigError,
    DataError,
    UnreachableError,
)
from components.image_folder.data_report import DataReport
from components.label_map import read_labels
from components.pusher.push_record import production, version_of
from components.serving_check.check import ServingReport
from pipeline.config import Config
from pipeline.exit_codes import USAGE_EXIT
from pipeline.results.class_scores import confidence_interval
from pipeline.results.evaluation import ACCURACY, EXAMPLE_COUNT, read_evaluation, refusal
from pipeline.results.summary import (
    EXIT_CODES,
    Images,
    Metrics,
    Pushed,
    RunSummary,
    Stage,
    Status,
)
from serving.contract import SAVED_MODEL_FILE
from serving.first_line import first_line

Artifacts = Mapping[str, Sequence[artifact.Artifact]]

_DECODING_STAGES: Final = frozenset({"Tuner", "Trainer", "ServingCheck", "Evaluator"})


@dataclass(frozen=True)
class RunFailure:
    """What ended a run early: `usage` when the configuration was to blame, `unforeseen` when nobody knows."""

    status: Status
    reason: str
    usage: bool = False
    unforeseen: bool = False


def failure_of(error: Exception, stage: str) -> RunFailure:
    """What an error that ended a stage, or came before any, makes of its run."""
    if isinstance(error, DataError):
        return RunFailure("invalid_data", str(error))
    if isinstance(error, ConfigError):
        return RunFailure("failed", str(error), usage=True)
    if isinstance(error, UnreachableError):
        return RunFailure("failed", str(error))
    reason = f"{stage} failed: {type(error).__name__}: {first_line(str(error))}"
    return RunFailure("failed", reason, unforeseen=True)


def summarize_run(
    *,
    run_id: str,
    config: Config,
    model_dir: Path,
    node_ids: Sequence[str],
    stages: Sequence[Stage],
    artifacts: Mapping[str, Artifacts],
    failure: RunFailure | None,
    log: Path,
    push_again: str,
) -> RunSummary:
    """Sums a run up.

    Args:
        run_id: of the run.
        config: of the run.
        model_dir: where versions of the model are pushed.
        node_ids: every stage of the pipeline, in order; those that never began are `skipped`.
        stages: those that began.
        artifacts: node id → output key → artifacts, of those that succeeded.
        failure: what ended the run early, if anything did.
        log: path of the frameworks' log.
        push_again: how whoever runs it can have a model pushed where the one that was is gone; a sentence.
    """
    metrics = _metrics(config.serving.reject_below, model_dir, artifacts)
    status, reason, pushed = (
        (failure.status, _with_advice(failure, config, stages), None)
        if failure is not None
        else _ending(config, stages, artifacts, metrics, push_again)
    )
    return RunSummary(
        run_id=run_id,
        model=config.name,
        status=status,
        reason=reason,
        stages=(*stages, *(Stage(name, "skipped", 0.0) for name in node_ids[len(stages) :])),
        images=_images(artifacts),
        notes=tuple(lines(balance)) if (balance := balance_report(artifacts)) else (),
        metrics=metrics,
        pushed=pushed,
        log=str(log),
        exit_code=USAGE_EXIT if failure is not None and failure.usage else EXIT_CODES[status],
    )


def _with_advice(failure: RunFailure, config: Config, stages: Sequence[Stage]) -> str:
    # Of an image that it cannot decode, TensorFlow tells neither the name nor, through TFMA, that it is one.
    if failure.unforeseen and not config.data.verify and stages and stages[-1].name in _DECODING_STAGES:
        return (
            f"{failure.reason} (With data.verify=false no image was decoded before. If one of them is "
            "damaged, imgclf data check or a run with data.verify=true finds it.)"
        )
    return failure.reason


def data_report_path(artifacts: Mapping[str, Artifacts]) -> Path | None:
    """Where the data report is; None when ingest did not get that far."""
    found = artifacts.get("ImageFolderExampleGen")
    return Path(found["data_report"][0].uri) / DATA_REPORT_FILE if found else None


def balance_report(artifacts: Mapping[str, Artifacts]) -> BalanceReport | None:
    """What ClassBalanceValidator reported; None when it did not accept the images."""
    found = artifacts.get("ClassBalanceValidator")
    return BalanceReport.read(Path(found["balance"][0].uri) / BALANCE_REPORT_FILE) if found else None


def model_run_path(artifacts: Mapping[str, Artifacts]) -> Path | None:
    """Where the Trainer's history and pictures are; None when nothing was trained."""
    found = artifacts.get("Trainer")
    return Path(found["model_run"][0].uri) if found else None


def _images(artifacts: Mapping[str, Artifacts]) -> Images | None:
    path = data_report_path(artifacts)
    return Images.of(DataReport.read(path)) if path else None


def _metrics(reject_below: float, model_dir: Path, artifacts: Mapping[str, Artifacts]) -> Metrics:
    found = artifacts.get("Evaluator")
    if found is None:
        return Metrics()
    uri = found["evaluation"][0].uri
    labels = read_labels(Path(artifacts["ImageFolderExampleGen"]["examples"][0].uri) / LABELS_FILE)
    candidate = read_evaluation(uri, labels, baseline=False)
    baseline = read_evaluation(uri, labels, baseline=True)
    if candidate is None:
        return Metrics()
    return Metrics(
        candidate.metrics,
        baseline.metrics if baseline else None,
        confidence_interval(candidate.metrics[ACCURACY], round(candidate.metrics[EXAMPLE_COUNT])),
        candidate.classes,
        baseline.classes if baseline else None,
        candidate.mistakes,
        candidate.coverage,
        # One of them is this value, as far as it was rounded.
        min(candidate.coverage, key=lambda each: abs(each.threshold - reject_below))
        if reject_below
        else None,
        _pushed_as(model_dir, artifacts["LatestBlessedResolver"]["model"]) if baseline else None,
    )


def _pushed_as(model_dir: Path, baseline: Sequence[artifact.Artifact]) -> int | None:
    try:
        return version_of(model_dir, baseline[0].uri)
    except ConfigError:  # Of a version that is not asked for; a summary is no place to stop at it.
        return None


def _ending(
    config: Config,
    stages: Sequence[Stage],
    artifacts: Mapping[str, Artifacts],
    metrics: Metrics,
    push_again: str,
) -> tuple[Status, str | None, Pushed | None]:
    pushed = artifacts["Pusher"]["pushed_model"][0]
    if pushed.get_int_custom_property("pushed"):
        version = int(pushed.get_string_custom_property("pushed_version"))
        folder = Path(pushed.get_string_custom_property("pushed_destination"))
        ran = any(stage.name == "Pusher" and stage.status == "ran" for stage in stages)
        new = ran and bool(pushed.get_int_custom_property(NEWLY_PUBLISHED))
        if not new:
            # Since it was pushed, people may have copied it to a higher number.
            current = production(folder.parent)
            if current.holds(artifacts["Trainer"]["model"][0].uri):
                version, folder = current.version, current.folder
        if not (folder / SAVED_MODEL_FILE).is_file():
            reason = f"Nothing has changed since {folder} was pushed, but it is gone. {push_again}"
            return "failed", reason, None
        return "pushed", None, Pushed(version, str(folder), new)
    reasons = []
    blessing = artifacts["Evaluator"]["blessing"][0]
    if metrics.candidate is not None and not model_utils.is_model_blessed(blessing):
        reasons.append(refusal(config.evaluation, metrics.candidate, metrics.baseline))
    infra = artifacts["ServingCheck"]["blessing"][0]
    if not model_utils.is_infra_validated(infra):
        report = ServingReport.read(Path(infra.uri) / SERVING_CHECK_REPORT_FILE)
        reasons.append(f"The serving check refused it: {'; '.join(report.problems)}.")
    return "not_blessed", " ".join(reasons), None
