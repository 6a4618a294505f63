from __future__ import annotations

from pathlib import Path

import pytest
from tfx.components.trainer.fn_args_utils import FnArgs

from components.contract import LABELS_FILE
from components.image_folder.split_counts import write_split_counts
from tests.conftest import Trial
from trainer import run_fn
from trainer.run_fn import TrainRequest, train_and_export
from trainer.settings import ModelSettings, ServingSettings, TrainingSettings


class EnoughError(Exception):
    """Ends training once the question is answered."""


@pytest.mark.parametrize(("cache_gib", "in_memory"), [(0.0, False), (0.00001, False), (1.0, True)])
def test_decoded_images_are_kept_in_memory_only_as_far_as_allowed(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_gib: float, in_memory: bool
) -> None:
    asked: list[str] = []

    def decoded_images(pattern: str, count: int, transform: object, cache_file: str) -> None:
        asked.append(cache_file)
        if len(asked) == 2:
            raise EnoughError

    monkeypatch.setattr(run_fn, "decoded_images", decoded_images)
    examples = trial.artifact("ImageFolderExampleGen", "examples")
    request = TrainRequest(
        name="stripes",
        model=ModelSettings(backbone="small_cnn", weights="none", image_size=16),
        training=TrainingSettings(cache_gib=cache_gib),
        serving=ServingSettings(),
        seed=0,
        labels=("across", "down", "plain"),
        train_pattern=str(examples / "Split-train" / "*"),
        eval_pattern=str(examples / "Split-eval" / "*"),
        train_counts=(24, 24, 24),
        eval_count=24,
        transform_dir=str(trial.artifact("Transform", "transform_graph")),
        saved_model_dir=tmp_path / "model" / "Format-Serving",
        run_dir=tmp_path / "run",
    )
    with pytest.raises(EnoughError):
        train_and_export(request)
    assert [file == "" for file in asked] == [in_memory, in_memory]
    assert asked[0] != asked[1] or in_memory
    assert list((tmp_path / "run").iterdir()) == []


def test_training_images_are_counted_in_id_order(tmp_path: Path) -> None:
    (tmp_path / LABELS_FILE).write_text("emu\nape\ncat\n")
    counts = {"train": {"ape": 2, "cat": 3, "emu": 1}, "eval": {"ape": 5, "cat": 0, "emu": 4}}
    write_split_counts(tmp_path, counts)
    fn_args = FnArgs(
        train_files=[str(tmp_path / "Split-train" / "*")],
        eval_files=[str(tmp_path / "Split-eval" / "*")],
        transform_graph_path="transform",
        serving_model_dir="model",
        model_run_dir="run",
    )
    request = run_fn._request(fn_args, {"name": "zoo", "model": {}, "training": {}, "serving": {}, "seed": 1})
    assert (request.train_counts, request.eval_count) == ((1, 2, 3), 9)
