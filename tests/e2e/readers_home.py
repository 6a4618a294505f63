"""The folder in which a reader of the README types its commands."""

from __future__ import annotations

from pathlib import Path

import yaml

from pipeline.config import parse_config
from tests.contracts.test_readme import fenced
from tests.e2e.command_line import ROOT
from tests.image_files import patterned_bytes

# Instead of downloaded weights and photographs, so that it works everywhere and takes seconds.
_SMALL = {
    "model": {"backbone": "small_cnn", "weights": "none", "image_size": 16},
    "training": {"batch_size": 8, "phases": [{"train": "all", "epochs": 8, "learning_rate": 0.005}]},
    "evaluation": {"min_accuracy": 0.6, "max_accuracy_drop": 0.2},
}


def readers_home(folder: Path) -> Path:
    """Puts into an empty folder what a reader has: the configurations, photos and photos.yaml; returns it."""
    (folder / "pipeline").symlink_to(ROOT / "pipeline")
    for position, label in enumerate(("cat", "dog")):
        (folder / "photos" / label).mkdir(parents=True)
        for number in range(60):
            image = patterned_bytes(position, 1000 * position + number)
            (folder / "photos" / label / f"{number}.jpg").write_bytes(image)
    as_printed, *others = map(yaml.safe_load, fenced("yaml"))
    for configuration in (as_printed, *others):
        parse_config(configuration, "the README")
    (folder / "photos.yaml").write_text(yaml.safe_dump({**as_printed, **_SMALL}))
    return folder
