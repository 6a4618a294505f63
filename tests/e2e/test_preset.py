"""A preset through `imgclf run`, from the option to the version that is pushed."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.command_line import imgclf
from tests.image_files import write_folder


def test_a_preset_is_printed_and_trained(tmp_path: Path) -> None:
    images = write_folder(tmp_path / "images", {"across": 30, "down": 30})
    words = ["run", "--images", images, "--workspace", tmp_path / "w", "--set", "preset=fast"]
    done = imgclf(*words, "--set", "training.epochs=1", "--set", "evaluation.min_accuracy=0")
    assert done.returncode == 0, done.stdout + done.stderr
    before, _, after = done.stdout.partition("✓ ImageFolderExampleGen")
    assert "Preset fast chose:\nmodel:\n  backbone: small_cnn\n" in before
    assert "Model:    pushed version 1" in after
