from __future__ import annotations

from pathlib import Path

from tfx.components.trainer.fn_args_utils import FnArgs

from components.contract import LABELS_FILE
from components.image_folder.splits.split_counts import write_split_counts
from trainer.train_request import train_request


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
    config = {"name": "zoo", "model": {}, "training": {}, "serving": {}, "seed": 1}
    config |= {"cache_dir": "/cache", "code": "c", "preprocessing": "p"}
    request = train_request(fn_args, config)
    assert request.train_counts == (1, 2, 3)
    assert (request.cache_dir, request.code, request.preprocessing) == (Path("/cache"), "c", "p")
