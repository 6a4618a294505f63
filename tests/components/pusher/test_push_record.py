from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from components.contract import ConfigError
from components.pusher.ledger import LEDGER_FILE, Ledger
from components.pusher.publish import publish
from components.pusher.push_record import RECORD_FILE, PushRecord, production, pushed_by, version_of
from serving.contract import LABELS_ASSET
from tests.permissions import heeded_permissions


def _push(root: Path, model: str, evaluation: str = "usual") -> int:
    """Pushes as the Pusher does."""
    export, serving = root / "export", root / "serving"
    (export / "assets").mkdir(parents=True, exist_ok=True)
    (export / "assets" / "labels.txt").write_text("cat\ndog\n")
    (export / "saved_model.pb").touch()
    current = production(serving)
    baseline = current.baseline_for(model, evaluation) or ""
    return publish(export, serving, PushRecord(model, current.replaced_by(model), baseline, evaluation))


def test_what_a_push_replaces_stays_the_same_while_the_model_is_in_production(tmp_path: Path) -> None:
    assert production(tmp_path / "serving").replaced_by("a") == 0
    _push(tmp_path, "a")
    assert production(tmp_path / "serving").replaced_by("a") == 0
    assert production(tmp_path / "serving").holds("a")


def test_going_back_to_an_earlier_model_is_a_push_of_its_own(tmp_path: Path) -> None:
    serving = tmp_path / "serving"
    replaced = []
    for model in ("a", "b", "a", "b"):
        replaced.append(production(serving).replaced_by(model))
        _push(tmp_path, model)
        assert production(serving).replaced_by(model) == replaced[-1]
    assert replaced == [0, 1, 2, 3]


def test_a_model_is_known_by_the_newest_version_that_it_was_pushed_as(tmp_path: Path) -> None:
    serving = tmp_path / "serving"
    assert version_of(serving, "a") is None
    for model in ("a", "b", "a"):
        _push(tmp_path, model)
    assert [version_of(serving, model) for model in ("a", "b", "c")] == [3, 2, None]
    shutil.rmtree(serving / "3")
    assert version_of(serving, "a") == 1


def test_a_version_that_may_not_be_entered_is_that_of_somebody_else(tmp_path: Path) -> None:
    serving = tmp_path / "serving"
    for model in ("a", "b"):
        _push(tmp_path, model)
    (serving / "1").chmod(0)
    with heeded_permissions():
        assert [version_of(serving, model) for model in ("a", "b")] == [None, 2]
        assert pushed_by(serving, "run-3") is None
        assert Ledger.read(serving) == Ledger(2, ("cat", "dog"))
        with pytest.raises(PermissionError):
            (serving / "1" / RECORD_FILE).stat()
    (serving / "1").chmod(0o755)


def test_a_version_pushed_by_another_tool_is_replaced_and_is_no_baseline(tmp_path: Path) -> None:
    (tmp_path / "serving" / "7").mkdir(parents=True)
    (tmp_path / "serving" / "7" / "saved_model.pb").touch()
    current = production(tmp_path / "serving")
    assert (current.replaced_by("a"), current.baseline_for("a", "usual")) == (7, None)
    assert _push(tmp_path, "a") == 8


def test_a_version_is_known_with_zeros_before_its_number(tmp_path: Path) -> None:
    serving = tmp_path / "serving"
    _push(tmp_path, "a")
    (serving / "1").rename(serving / "0001")
    (serving / LEDGER_FILE).unlink()
    assert production(serving).holds("a")
    assert Ledger.read(serving) == Ledger(1, ("cat", "dog"))
    assert _push(tmp_path, "b") == 2


def test_the_baseline_is_the_model_in_production(tmp_path: Path) -> None:
    serving = tmp_path / "serving"
    assert production(serving).baseline_for("a", "usual") is None
    _push(tmp_path, "a")
    assert production(serving).baseline_for("b", "usual") == "a"


def test_an_unchanged_run_repeats_the_comparison_it_was_pushed_by(tmp_path: Path) -> None:
    serving = tmp_path / "serving"
    _push(tmp_path, "a")
    assert production(serving).baseline_for("a", "usual") is None
    _push(tmp_path, "b")
    assert production(serving).baseline_for("b", "usual") == "a"


def test_the_model_in_production_is_not_held_against_what_it_replaced_under_other_settings(
    tmp_path: Path,
) -> None:
    _push(tmp_path, "a")
    _push(tmp_path, "worse", evaluation="tolerant, once")
    assert production(tmp_path / "serving").baseline_for("worse", "usual") is None


def test_a_version_that_was_taken_back_is_no_baseline_and_its_number_is_not_used_again(
    tmp_path: Path,
) -> None:
    serving = tmp_path / "serving"
    _push(tmp_path, "a")
    assert _push(tmp_path, "b") == 2
    shutil.rmtree(serving / "2")
    assert production(serving).baseline_for("c", "usual") == "a"
    assert _push(tmp_path, "c") == 3


def test_labels_outlive_the_versions(tmp_path: Path) -> None:
    assert Ledger.read(tmp_path / "serving") == Ledger()
    _push(tmp_path, "a")
    shutil.rmtree(tmp_path / "serving" / "1")
    assert Ledger.read(tmp_path / "serving") == Ledger(1, ("cat", "dog"))


@pytest.mark.parametrize("text", ["", "{}", '{"model": 3}', "half {"])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    _push(tmp_path, "a")
    record = tmp_path / "serving" / "1" / RECORD_FILE
    record.write_text(text)
    with pytest.raises(ConfigError, match=f"{record} is damaged"):
        production(tmp_path / "serving")


@pytest.mark.parametrize("text", ["", "[]", '{"last_version": "x"}', "half {"])
def test_a_damaged_ledger_is_named(tmp_path: Path, text: str) -> None:
    ledger = tmp_path / LEDGER_FILE
    ledger.write_text(text)
    with pytest.raises(ConfigError, match=f"{ledger} is damaged"):
        Ledger.read(tmp_path)


def test_damaged_labels_of_a_version_are_named(tmp_path: Path) -> None:
    _push(tmp_path, "a")
    labels = tmp_path / "serving" / "1" / LABELS_ASSET
    labels.write_bytes(b"cat\n\xff\n")
    with pytest.raises(ConfigError, match=f"{labels} is damaged"):
        Ledger.read(tmp_path / "serving")
