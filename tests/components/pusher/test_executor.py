from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from tfx.components.evaluator import constants
from tfx.types import artifact, standard_artifacts

from components.contract import NEWLY_PUBLISHED, ConfigError
from components.pusher.component import Pusher
from components.pusher.executor import Executor
from components.pusher.ledger import Ledger
from components.pusher.publish import publish
from components.pusher.push_record import PushRecord
from components.pusher.sole_push import sole_push
from serving.contract import LABELS_ASSET, version_folders
from tests.own_process import begin_apart


def _blessing(kind: type[artifact.Artifact], blessed: bool) -> artifact.Artifact:
    blessing = kind()
    blessing.set_int_custom_property("blessed", int(blessed))
    return blessing


def _arguments(
    tmp_path: Path, model_blessing: bool | None, infra_blessing: bool | None
) -> tuple[dict[str, list[artifact.Artifact]], dict[str, list[artifact.Artifact]], dict[str, Any]]:
    """What TFX passes on: inputs, outputs and properties."""
    saved_model = tmp_path / "model" / "Format-Serving"
    (saved_model / "assets").mkdir(parents=True)
    (saved_model / "assets" / "labels.txt").write_text("cat\ndog\n")
    (saved_model / "saved_model.pb").touch()
    model = standard_artifacts.Model()
    model.uri = str(tmp_path / "model")
    inputs = {"model": [model]}
    if model_blessing is not None:
        inputs["model_blessing"] = [_blessing(standard_artifacts.ModelBlessing, model_blessing)]
    if infra_blessing is not None:
        inputs["infra_blessing"] = [_blessing(standard_artifacts.InfraBlessing, infra_blessing)]
    output = standard_artifacts.PushedModel()
    properties = {
        "push_destination": f'{{"filesystem": {{"base_directory": "{tmp_path / "serving"}"}}}}',
        "custom_config": '{"evaluation": "{}"}',
        "replaces": "0",
    }
    return inputs, {"pushed_model": [output]}, properties


def _executor(run: str) -> Executor:
    return Executor(Executor.Context(pipeline_run_id=run))


@pytest.mark.parametrize(
    ("model_blessing", "infra_blessing", "pushed"),
    [
        (True, True, True),
        (False, True, False),
        (True, False, False),
        (None, True, False),
        (True, None, False),
        (None, None, False),
    ],
)
def test_it_pushes_with_both_blessings_and_refuses_when_one_is_missing(
    tmp_path: Path, model_blessing: bool | None, infra_blessing: bool | None, pushed: bool
) -> None:
    arguments = _arguments(tmp_path, model_blessing, infra_blessing)
    (output,) = arguments[1]["pushed_model"]
    for _ in range(2):  # The second time the model is in production already.
        _executor("run-1").Do(*arguments)
    assert output.get_int_custom_property("pushed") == int(pushed)
    assert list(version_folders(tmp_path / "serving")) == ([1] if pushed else [])
    if pushed:
        assert output.get_string_custom_property("pushed_version") == "1"
        assert output.get_string_custom_property("pushed_destination") == str(tmp_path / "serving" / "1")


def test_the_component_asks_for_both_blessings() -> None:
    with pytest.raises(TypeError, match="infra_blessing"):
        Pusher(model=None, model_blessing=None, model_dir="x", evaluation="{}")  # type: ignore[call-arg]


def test_an_attempt_after_a_killed_one_says_what_that_one_did(tmp_path: Path) -> None:
    arguments = _arguments(tmp_path, True, True)
    (output,) = arguments[1]["pushed_model"]
    for run, new in (("run-1", 1), ("run-1", 1), ("run-2", 0), ("run-2", 0), ("run-1", 1)):
        _executor(run).Do(*arguments)
        assert output.get_int_custom_property(NEWLY_PUBLISHED) == new
    assert list(version_folders(tmp_path / "serving")) == [1]


def test_an_attempt_after_a_killed_one_does_not_push_over_what_another_run_pushed(tmp_path: Path) -> None:
    arguments = _arguments(tmp_path, True, True)
    (output,) = arguments[1]["pushed_model"]
    (model,) = arguments[0]["model"]
    _executor("run-1").Do(*arguments)
    publish(Path(model.uri) / "Format-Serving", tmp_path / "serving", PushRecord("other", 1, run="run-2"))
    _executor("run-1").Do(*arguments)
    assert list(version_folders(tmp_path / "serving")) == [1, 2]
    assert output.get_string_custom_property("pushed_version") == "1"
    assert output.get_int_custom_property(NEWLY_PUBLISHED) == 1


def test_a_version_that_another_tool_pushed_is_no_obstacle(tmp_path: Path) -> None:
    arguments = _arguments(tmp_path, True, True)
    (tmp_path / "serving" / "7").mkdir(parents=True)
    (tmp_path / "serving" / "7" / "saved_model.pb").touch()
    _executor("run-1").Do(*arguments)
    assert list(version_folders(tmp_path / "serving")) == [7, 8]


def test_a_model_is_not_pushed_over_one_that_it_was_not_compared_with(tmp_path: Path) -> None:
    arguments = _arguments(tmp_path, True, True)
    (model,), (blessing,) = arguments[0]["model"], arguments[0]["model_blessing"]
    serving = tmp_path / "serving"
    publish(Path(model.uri) / "Format-Serving", serving, PushRecord("older", run="run-1"))
    with pytest.raises(ConfigError, match=r"compared with nothing.*serving/1, which is older, is in prod"):
        _executor("run-2").Do(*arguments)
    blessing.set_string_custom_property(constants.ARTIFACT_PROPERTY_BASELINE_MODEL_URI_KEY, "older")
    serving.rename(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match=r"compared with older, and meanwhile nothing in .*serving is in"):
        _executor("run-2").Do(*arguments)
    assert not serving.exists()
    (tmp_path / "elsewhere").rename(serving)
    _executor("run-2").Do(*arguments)
    assert list(version_folders(serving)) == [1, 2]


@pytest.mark.parametrize(
    ("labels", "now"), [("cat\ndog\n", "is no label"), ("cat\ndog\nowl\n", "means 'owl'")]
)
def test_an_id_that_was_published_meanwhile_keeps_its_meaning(tmp_path: Path, labels: str, now: str) -> None:
    arguments = _arguments(tmp_path, True, True)
    (model,), serving = arguments[0]["model"], tmp_path / "serving"
    saved_model = Path(model.uri) / "Format-Serving"
    (saved_model / LABELS_ASSET).write_text("cat\ndog\nwren\n")
    publish(saved_model, serving, PushRecord("of another run", run="run-1"))
    shutil.rmtree(serving / "1")  # So there is nothing in production again.
    (saved_model / LABELS_ASSET).write_text(labels)
    with pytest.raises(ConfigError, match=f"id 2 means 'wren' to clients, and {now} to .*Run it again"):
        _executor("run-2").Do(*arguments)
    assert Ledger.read(serving) == Ledger(1, ("cat", "dog", "wren"))
    (saved_model / LABELS_ASSET).write_text("cat\ndog\nwren\nowl\n")
    _executor("run-2").Do(*arguments)
    assert Ledger.read(serving) == Ledger(2, ("cat", "dog", "wren", "owl"))


def test_a_push_waits_for_the_one_under_way_and_then_looks_at_what_that_one_did(tmp_path: Path) -> None:
    arguments = _arguments(tmp_path, True, True)
    (model,), serving = arguments[0]["model"], tmp_path / "serving"
    with ThreadPoolExecutor() as pool:
        with sole_push(serving):
            push = pool.submit(_executor("run-2").Do, *arguments)
            with pytest.raises(TimeoutError):
                push.result(timeout=0.2)
            publish(Path(model.uri) / "Format-Serving", serving, PushRecord("older", run="run-1"))
        with pytest.raises(ConfigError, match="compared with nothing, and meanwhile"):
            push.result()
    assert list(version_folders(serving)) == [1]


def _push_at_once(tmp_path: Path, number: int, ready: Barrier) -> None:
    inputs, outputs, properties = _arguments(tmp_path / str(number), True, True)
    properties["push_destination"] = f'{{"filesystem": {{"base_directory": "{tmp_path / "serving"}"}}}}'
    ready.wait()
    _executor(f"run-{number}").Do(inputs, outputs, properties)


def test_of_models_that_are_pushed_at_once_each_is_compared_with_what_it_replaces(tmp_path: Path) -> None:
    ready = get_context("forkserver").Barrier(4)
    logs = [tmp_path / f"{number}.log" for number in range(4)]
    pushes = [begin_apart(log, _push_at_once, tmp_path, number, ready) for number, log in enumerate(logs)]
    for push in pushes:
        push.join()
    assert sorted(push.exitcode for push in pushes) == [0, 1, 1, 1]
    assert list(version_folders(tmp_path / "serving")) == [1]
    refused = [log.read_text() for push, log in zip(pushes, logs, strict=True) if push.exitcode]
    assert all("The model was compared with nothing, and meanwhile" in log for log in refused)
