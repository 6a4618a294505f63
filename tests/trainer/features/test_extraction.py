from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import pytest

from components import code_fingerprint as fingerprints
from trainer.features.extraction import extractor_key

ROOT = Path(__file__).parents[3]


@pytest.fixture
def key_after_a_change_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """A function that changes files of a copy of this project, and says what the key of features is then."""
    for package in ("components", "serving", "trainer"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(fingerprints, "_ROOT", tmp_path)
    extractor = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.GlobalAveragePooling2D()])

    def changed(*files: str) -> str:
        for file in files:
            with (tmp_path / file).open("a") as source:
                source.write("\n")
        fingerprints.code_fingerprint.cache_clear()
        return extractor_key(extractor, "preprocessing")

    yield changed
    fingerprints.code_fingerprint.cache_clear()


@pytest.mark.parametrize(
    "file",
    [
        "trainer/augmentation/resampling.py",
        "trainer/images/pixel_store.py",
        "trainer/model/pooling.py",
        "trainer/model/scaling.py",
    ],
)
def test_features_of_changed_code_are_others(key_after_a_change_of: Callable[..., str], file: str) -> None:
    before = key_after_a_change_of()
    assert key_after_a_change_of() == before
    assert key_after_a_change_of(file) != before


def test_code_that_comes_after_the_features_changes_none(key_after_a_change_of: Callable[..., str]) -> None:
    before = key_after_a_change_of()
    assert key_after_a_change_of("trainer/optimization/losses.py", "trainer/training_run/phase.py") == before
