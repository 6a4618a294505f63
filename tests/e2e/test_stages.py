"""Each stage through TFX's own launcher, on one small run; then again, with one thing changed."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tensorflow_data_validation as tfdv

from components import contract
from components.contract import HISTORY_FILE, DataError
from components.example_schema.schema_rule import contract_schema
from components.image_folder.splits.split_assignment import assign_split
from components.pusher.push_record import PushRecord, production
from components.serving_check.check import ServingReport
from pipeline.results.evaluation import ACCURACY, EXAMPLE_COUNT, MACRO_F1
from serving.contract import SAVED_MODEL_FILE, version_folders
from tests.conftest import Trial, first_run
from tests.e2e.example_records import bytes_of, records_of
from tests.e2e.own_answers import own_answers, require_coverage_of, require_figures_of
from tests.image_files import patterned_bytes

pytestmark = pytest.mark.e2e
ALL_STAGES = {
    "ImageFolderExampleGen",
    "DataCheck",
    "ExampleSchemaGen",
    "StatisticsGen",
    "ExampleValidator",
    "ClassBalanceValidator",
    "Transform",
    "Trainer",
    "LatestBlessedResolver",
    "Evaluator",
    "ServingCheck",
    "Pusher",
}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """A workspace of this module's own: each test finds it as the one before has left it."""
    return first_run(tmp_path_factory.mktemp("stages"))


def _statuses(stages: object) -> dict[str, str]:
    return {stage.name: stage.status for stage in stages}  # type: ignore[attr-defined]


def test_the_first_run_pushes_a_model(trial: Trial) -> None:
    summary = trial.summary
    assert summary is not None
    assert (summary.status, summary.exit_code, summary.reason) == ("pushed", 0, None)
    assert _statuses(summary.stages) == dict.fromkeys(ALL_STAGES, "ran")
    assert summary.pushed is not None
    assert (summary.pushed.version, summary.pushed.new) == (1, True)
    assert Path(summary.pushed.path) == trial.workspace.model_dir("stripes") / "1"
    assert summary.metrics.candidate is not None
    assert summary.metrics.candidate["accuracy"] >= 0.6
    assert summary.metrics.baseline is None
    assert summary.images is not None
    assert summary.metrics.candidate["example_count"] == summary.images.per_split["test"]
    written = json.loads((trial.workspace.run_dir("first") / "summary.json").read_text())
    assert written["run_id"] == "first"
    assert written["pushed"]["path"] == summary.pushed.path


def test_flawed_files_are_set_aside_with_their_reason(trial: Trial) -> None:
    assert trial.summary is not None
    images = trial.summary.images
    assert images is not None
    assert (images.found, images.accepted, images.duplicates, images.rejected) == (124, 120, 1, 3)
    reasons = {item.file: item.reason for item in images.set_aside}
    assert reasons.keys() == {"across/empty.jpg", "across/text.jpg", "down/cut.jpg"}
    assert reasons["across/empty.jpg"] == "the file is empty"
    assert reasons["across/text.jpg"].startswith("not an image")
    assert reasons["down/cut.jpg"].startswith("truncated or damaged")


def test_records_hold_the_files_own_bytes_under_the_contracts_keys(trial: Trial) -> None:
    keys = {
        contract.IMAGE_ENCODED, contract.IMAGE_FORMAT, contract.IMAGE_HEIGHT, contract.IMAGE_WIDTH,
        contract.IMAGE_CHANNELS, contract.IMAGE_FILENAME, contract.IMAGE_SHA256, contract.CLASS_TEXT,
        contract.CLASS_LABEL,
    }  # fmt: skip
    labels = ("across", "down", "plain")
    splits = records_of(trial.artifact("ImageFolderExampleGen", "examples"))
    for example in itertools.chain.from_iterable(splits.values()):
        assert set(example.features.feature) == keys
        name = bytes_of(example, contract.IMAGE_FILENAME).decode()
        assert bytes_of(example, contract.IMAGE_ENCODED) == (trial.images / name).read_bytes()
        (label_id,) = example.features.feature[contract.CLASS_LABEL].int64_list.value
        assert labels[label_id] == name.split("/")[0] == bytes_of(example, contract.CLASS_TEXT).decode()


def test_no_image_is_in_two_splits_and_each_is_where_its_content_says(trial: Trial) -> None:
    fractions = trial.config().data.splits
    seen: Counter[str] = Counter()
    for split, examples in records_of(trial.artifact("ImageFolderExampleGen", "examples")).items():
        for example in examples:
            sha256 = bytes_of(example, contract.IMAGE_SHA256).decode()
            seen[sha256] += 1
            assert assign_split(sha256, fractions) == split
    assert len(seen) == 120
    assert set(seen.values()) == {1}


def test_statistics_and_schema_take_pixels_for_bytes(trial: Trial) -> None:
    schema = tfdv.load_schema_text(str(trial.artifact("ExampleSchemaGen", "schema") / contract.SCHEMA_FILE))
    assert schema == contract_schema(["across", "down", "plain"])
    directory = trial.artifact("StatisticsGen", "statistics")
    for split in contract.SPLITS:
        statistics = tfdv.load_stats_binary(str(directory / f"Split-{split}" / "FeatureStats.pb"))
        features = {feature.path.step[0]: feature for feature in statistics.datasets[0].features}
        assert features.keys() == {feature.name for feature in schema.feature}
        pixels = features[contract.IMAGE_ENCODED]
        assert pixels.WhichOneof("stats") == "bytes_stats"
        assert pixels.bytes_stats.common_stats.num_non_missing == statistics.datasets[0].num_examples > 0
        assert not pixels.bytes_stats.unique
        assert {
            bucket.label for bucket in features[contract.CLASS_TEXT].string_stats.rank_histogram.buckets
        } == {
            "across",
            "down",
            "plain",
        }


def test_serving_check_compared_golden_answers(trial: Trial) -> None:
    blessing = trial.artifact("ServingCheck", "blessing")
    assert (blessing / "INFRA_BLESSED").exists()
    report = ServingReport.read(blessing / contract.SERVING_CHECK_REPORT_FILE)
    assert report.images == 16
    assert report.max_difference is not None
    assert report.max_difference <= 1e-4


def test_rerun_with_nothing_changed_is_cached_and_pushes_nothing(trial: Trial) -> None:
    before = list(version_folders(trial.workspace.model_dir("stripes")))
    summary = trial.run("unchanged")
    assert _statuses(summary.stages) == dict.fromkeys(ALL_STAGES, "cached")
    assert (summary.status, summary.exit_code) == ("pushed", 0)
    assert summary.pushed is not None
    assert not summary.pushed.new
    assert list(version_folders(trial.workspace.model_dir("stripes"))) == before


def test_a_setting_of_the_evaluation_runs_only_what_depends_on_it(trial: Trial) -> None:
    summary = trial.run("stricter", ["evaluation.min_accuracy=0.61"])
    statuses = _statuses(summary.stages)
    assert summary.pushed is not None
    assert not summary.pushed.new
    assert {name for name, status in statuses.items() if status == "ran"} == {"Evaluator", "Pusher"}
    # The same model is not pushed a second time.
    assert list(version_folders(trial.workspace.model_dir("stripes"))) == [1]


def test_a_worse_model_is_not_blessed_against_the_baseline(trial: Trial) -> None:
    before = list(version_folders(trial.workspace.model_dir("stripes")))
    summary = trial.run("worse", ["training.epochs=0", "serving.reject_below=0.35"])
    assert (summary.status, summary.exit_code, summary.pushed) == ("not_blessed", 4, None)
    assert _statuses(summary.stages)["Pusher"] == "skipped"
    candidate, baseline = summary.metrics.candidate, summary.metrics.baseline
    assert candidate is not None
    assert baseline is not None
    # TFMA's own differences between the two models are no metrics of either.
    assert candidate.keys() == baseline.keys() == {ACCURACY, EXAMPLE_COUNT, MACRO_F1}
    assert summary.reason is not None
    assert f"{candidate['accuracy']:.3f}" in summary.reason
    assert f"{baseline['accuracy']:.3f} of the model in production" in summary.reason
    assert summary.reason.count(". ") == 0
    assert list(version_folders(trial.workspace.model_dir("stripes"))) == before
    metrics = summary.metrics
    held_out = records_of(trial.artifact("ImageFolderExampleGen", "examples"))["test"]
    in_production = trial.workspace.model_dir("stripes") / str(before[0])
    require_figures_of(own_answers(in_production, held_out), metrics.baseline_classes)
    candidates = trial.artifact("Trainer", "model") / "Format-Serving"
    answers = own_answers(candidates, held_out)
    require_coverage_of(answers, metrics)
    taken = require_figures_of(answers, metrics.candidate_classes)
    told = {(mistake.label, mistake.answer): mistake.images for mistake in metrics.mistakes}
    assert told == {pair: count for pair, count in taken.items() if pair[0] != pair[1]}
    assert len(told) >= 2
    assert metrics.candidate_classes is not None
    by_class = [scores.f1 for scores in metrics.candidate_classes.values()]
    assert candidate[MACRO_F1] == pytest.approx(np.mean(by_class))
    assert metrics.confidence_interval is not None
    low, high = metrics.confidence_interval
    assert low < candidate[ACCURACY] < high


def test_a_model_that_fails_the_serving_check_is_not_pushed(trial: Trial) -> None:
    before = list(version_folders(trial.workspace.model_dir("stripes")))
    summary = trial.run("slow", ["serving_check.max_latency_ms=0.00001"])
    assert (summary.status, summary.exit_code) == ("not_blessed", 4)
    assert summary.reason is not None
    # And nothing of its accuracy, which is good enough.
    assert summary.reason.startswith("The serving check refused it: one image takes")
    assert "max_latency_ms" in summary.reason
    assert list(version_folders(trial.workspace.model_dir("stripes"))) == before


def test_unbalanced_classes_stop_the_run_before_training(trial: Trial) -> None:
    summary = trial.run("unbalanced", ["balance.min_images_per_class=41"])
    assert (summary.status, summary.exit_code) == ("invalid_data", 3)
    assert summary.reason is not None
    assert "class 'across' has 40 images" in summary.reason
    statuses = _statuses(summary.stages)
    assert statuses["ClassBalanceValidator"] == "failed"
    assert statuses["Trainer"] == statuses["Pusher"] == "skipped"


def test_too_many_unusable_files_stop_the_run(trial: Trial) -> None:
    summary = trial.run("flawed", ["data.max_set_aside=0.01"])
    assert (summary.status, summary.exit_code) == ("invalid_data", 3)
    assert summary.reason is not None
    assert "3 of 124 files" in summary.reason
    statuses = _statuses(summary.stages)
    assert (statuses["ImageFolderExampleGen"], statuses["DataCheck"]) == ("ran", "failed")
    assert {
        status for name, status in statuses.items() if name not in ("ImageFolderExampleGen", "DataCheck")
    } == {"skipped"}


def test_what_is_passed_over_is_noticed_too(trial: Trial) -> None:
    """No image has changed, but a policy may have something to say about the rest of the folder."""
    strict = ["data.policies.other_file=fail", "evaluation.max_accuracy_drop=1"]
    assert trial.run("nothing else", strict).status == "pushed"
    (trial.images / "down" / "notes.txt").touch()
    refused = trial.run("notes", strict)
    assert refused.status == "invalid_data"
    assert refused.reason is not None
    assert "down/notes.txt" in refused.reason
    (trial.images / "down" / "notes.txt").unlink()
    assert {stage.status for stage in trial.run("no notes", strict).stages} == {"cached"}


def test_another_model_of_the_same_images_is_no_trouble_when_files_were_touched(trial: Trial) -> None:
    for path in trial.images.rglob("*.png"):
        os.utime(path)
    summary = trial.run("touched", ["evaluation.max_accuracy_drop=1"])
    statuses = _statuses(summary.stages)
    assert (statuses["ImageFolderExampleGen"], statuses["Trainer"]) == ("cached", "cached")
    other = trial.run("other", ["name=other"])
    assert other.status == "pushed", other.reason


def test_one_more_image_runs_what_depends_on_it_and_keeps_every_split(trial: Trial) -> None:
    def splits() -> dict[str, str]:
        return {
            bytes_of(example, contract.IMAGE_SHA256).decode(): split
            for split, examples in records_of(trial.artifact("ImageFolderExampleGen", "examples")).items()
            for example in examples
        }

    before = splits()
    (trial.images / "down" / "extra.png").write_bytes(patterned_bytes(1, 424242, "PNG"))
    summary = trial.run("one more")
    after = splits()
    assert len(after) == len(before) + 1
    assert all(after[image] == split for image, split in before.items())
    assert _statuses(summary.stages)["ImageFolderExampleGen"] == "ran"
    assert summary.metrics.baseline is not None


def test_a_new_class_is_appended_and_a_vanished_one_refused(trial: Trial) -> None:
    (trial.images / "aaa").mkdir()
    for number in range(40):
        (trial.images / "aaa" / f"{number}.png").write_bytes(patterned_bytes(2, 900_000 + number, "PNG"))
    summary = trial.run("new class", ["evaluation.min_accuracy=0.1", "evaluation.max_accuracy_drop=1"])
    assert summary.status == "pushed", summary.reason
    assert summary.pushed is not None
    labels = (Path(summary.pushed.path) / "assets" / "labels.txt").read_text().split()
    assert labels == ["across", "down", "plain", "aaa"]
    before, now = summary.metrics.baseline_classes, summary.metrics.candidate_classes
    assert before is not None
    assert now is not None
    assert list(before) == list(now) == labels
    # The model in production has never heard of it.
    assert (before["aaa"].recall, before["aaa"].precision, before["aaa"].f1) == (0, None, 0)
    assert before["aaa"].images == now["aaa"].images > 0
    (trial.images / "down").rename(trial.images.parent / "hidden")
    with pytest.raises(DataError, match="published label 'down'"):
        trial.config()
    (trial.images.parent / "hidden").rename(trial.images / "down")


def test_no_cache_runs_every_stage_and_trains_the_same_model(trial: Trial) -> None:
    seed = ["seed=11", "evaluation.min_accuracy=0.1", "evaluation.max_accuracy_drop=1"]
    cached = trial.run("for comparison", seed)
    took = (trial.artifact("Trainer", "model_run") / HISTORY_FILE).read_text()
    again = trial.run("no cache", seed, use_cache=False)
    ran = {name for name, status in _statuses(again.stages).items() if status == "ran"}
    assert ran >= ALL_STAGES - {"LatestBlessedResolver"}
    assert again.metrics.candidate == pytest.approx(cached.metrics.candidate, abs=0.05)
    # Every epoch was run, and took what it took.
    assert (trial.artifact("Trainer", "model_run") / HISTORY_FILE).read_text() != took


def test_a_version_that_was_taken_back_is_no_baseline(trial: Trial) -> None:
    model_dir = trial.workspace.model_dir("stripes")
    good = trial.run("good", ["seed=11", "evaluation.max_accuracy_drop=1", "evaluation.min_accuracy=0.1"])
    assert good.metrics.candidate is not None
    tolerant = ["training.epochs=0", "evaluation.max_accuracy_drop=1", "evaluation.min_accuracy=0"]
    bad = trial.run("bad", tolerant)
    assert (bad.status, bad.pushed and bad.pushed.version) == ("pushed", list(version_folders(model_dir))[-1])

    # In production by decision: a run without that tolerance has nothing to hold against it.
    usual = ["training.epochs=0", "evaluation.min_accuracy=0"]
    assert trial.run("bad again", usual).status == "pushed"

    assert bad.pushed is not None
    shutil.rmtree(bad.pushed.path)
    refused = trial.run("worse than what is left", [*usual, "seed=99"])
    assert refused.status == "not_blessed"
    assert refused.metrics.baseline is not None
    assert refused.metrics.baseline["accuracy"] == good.metrics.candidate["accuracy"]
    assert good.pushed is not None
    assert refused.metrics.baseline_version == good.pushed.version
    gone = trial.run("bad, tolerated again", tolerant)
    assert gone.status == "failed"
    assert gone.reason is not None
    assert "is gone. Push again with --no-cache." in gone.reason


def test_what_is_in_production_but_not_in_ml_metadata_is_not_replaced(trial: Trial) -> None:
    known = ["seed=11", "evaluation.max_accuracy_drop=1", "evaluation.min_accuracy=0.1"]
    assert trial.run("known", known).status == "pushed"
    model_dir = trial.workspace.model_dir("stripes")
    current = production(model_dir)
    assert current.record is not None
    version = model_dir / str(current.version)
    PushRecord(str(trial.workspace.root)).write(version)
    try:
        refused = trial.run("unknown", known)
    finally:
        current.record.write(version)
    assert refused.status == "failed"
    assert refused.reason is not None
    assert refused.reason.startswith("ML Metadata does not know")


def test_going_back_and_forth_always_leaves_the_chosen_model_in_production(trial: Trial) -> None:
    tolerant = ["evaluation.min_accuracy=0.1", "evaluation.max_accuracy_drop=1"]

    def chosen(run_id: str, seed: int) -> tuple[int, int]:
        summary = trial.run(run_id, [*tolerant, f"seed={seed}"])
        assert summary.status == "pushed", summary.reason
        assert summary.pushed is not None
        return summary.pushed.version, list(version_folders(trial.workspace.model_dir("stripes")))[-1]

    versions = []
    for number, seed in enumerate((11, 12, 11, 12, 12)):
        version, newest = chosen(f"back and forth {number}", seed)
        assert version == newest
        versions.append(version)
    assert versions[0] < versions[1] < versions[2] < versions[3] == versions[4]


def test_what_is_said_to_be_in_production_is_what_a_server_finds(trial: Trial) -> None:
    chosen = ["seed=12", "evaluation.min_accuracy=0.1", "evaluation.max_accuracy_drop=1"]

    def said() -> tuple[int, str] | str:
        count = sum(1 for _ in trial.workspace.root.glob("runs/*"))
        summary = trial.run(f"said {count}", chosen)
        if summary.pushed is None:
            return summary.reason or ""
        assert not summary.pushed.new
        return summary.pushed.version, summary.pushed.path

    model_dir = trial.workspace.model_dir("stripes")
    newest = list(version_folders(model_dir))[-1]
    assert said() == (newest, str(model_dir / str(newest)))
    copy = model_dir / str(newest + 1)
    shutil.copytree(model_dir / str(newest), copy)
    assert said() == (newest + 1, str(copy))
    shutil.rmtree(model_dir / str(newest))
    assert said() == (newest + 1, str(copy))
    copy.rename(model_dir / str(newest))
    # The folder is there, and to a server it is no version.
    (model_dir / str(newest) / SAVED_MODEL_FILE).unlink()
    assert f"{model_dir / str(newest)} was pushed, but it is gone" in str(said())
