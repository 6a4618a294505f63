"""A preset, and answers over several views, through `imgclf run`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command_line import imgclf
from tests.image_files import write_folder

pytestmark = pytest.mark.e2e


def test_a_preset_is_printed_and_trained_and_answers_are_means_over_views(tmp_path: Path) -> None:
    images = write_folder(tmp_path / "images", {"across": 30, "down": 30})
    words = ["run", "--images", images, "--workspace", tmp_path / "w", "--set", "preset=fast"]
    words += ["--set", "training.epochs=1", "--set", "evaluation.min_accuracy=0"]
    # The serving check would not bless answers that are no such mean.
    done = imgclf(*words, "--set", "serving.test_time_augmentation=flip")
    assert done.returncode == 0, done.stdout + done.stderr
    before, _, after = done.stdout.partition("✓ ImageFolderExampleGen")
    assert "Preset fast chose:\nmodel:\n  backbone: small_cnn\n" in before
    assert "Model:    pushed version 1" in after
