from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from components.contract import ConfigError, DataError
from pipeline.cli import app
from pipeline.commands.augment_preview import PreviewRequest, preview
from tests.image_files import write_folder

SMALL = "model.image_size=32"
LIGHT = "training.augmentation.preset=light"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "images", {"across": 3, "down": 3})


def _preview(images: Path, output: Path, *overrides: str, count: int = 4, seed: int | None = None) -> bytes:
    preview(PreviewRequest(str(images), None, (SMALL, *overrides), output, count, seed))
    return output.read_bytes()


def test_a_sheet_is_written_and_told_about(images: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        "training: {epochs: 1, augmentation: {ops: [{op: rotation, degrees: 30}, {op: mixup}]}}\n"
    )
    sheet = tmp_path / "sheet.png"
    words = ["augment", "preview", "--images", str(images), "--config", str(config), "--set", SMALL]
    result = CliRunner().invoke(app, [*words, "--output", str(sheet), "--count", "3", "--seed", "5"])
    assert result.exit_code == 0, result.output
    with Image.open(sheet) as picture:
        size = picture.size
    # Three rows of pictures of 32 × 32 pixels, enlarged 8 times, in four columns.
    assert size[0] == 2 * 28 + 4 * 256 + 3 * 16 and size[1] > 3 * 256
    assert f"{sheet}: 3 images, changed by 2 ops, {size[0]} × {size[1]} pixels\n" in result.output


def test_the_seed_is_the_configurations_unless_given(images: Path, tmp_path: Path) -> None:
    output = tmp_path / "sheet.png"
    strong = "training.augmentation.preset=strong"
    first = _preview(images, output, strong)
    assert _preview(images, output, strong) == first == _preview(images, output, strong, "seed=7", seed=0)
    assert _preview(images, output, strong, "seed=7") == _preview(images, output, strong, seed=7) != first


def test_a_folder_with_fewer_images_than_asked_for_shows_all(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (images / "down" / "broken.jpg").write_bytes(b"\xff\xd8\xff no image")
    _preview(images, tmp_path / "sheet.png", LIGHT, count=60)
    assert "sheet.png: 6 images, changed by 1 op, " in capsys.readouterr().out


def test_images_that_ingest_turns_into_png_are_shown(tmp_path: Path) -> None:
    images, pngs = tmp_path / "webp", write_folder(tmp_path / "png", {"across": 3, "down": 3})
    for path in pngs.rglob("*.*"):
        copy = images / path.parent.name / f"{path.stem}.webp"
        copy.parent.mkdir(parents=True, exist_ok=True)
        Image.open(path).save(copy, lossless=True)
    _preview(images, tmp_path / "sheet.png", LIGHT)


@pytest.mark.parametrize("limit", ["max_pixels", "max_bytes"])
def test_an_image_that_ingest_finds_too_large_is_passed_over(
    images: Path, tmp_path: Path, limit: str
) -> None:
    with pytest.raises(DataError, match=r"^No image of .* can be decoded here"):
        _preview(images, tmp_path / "sheet.png", LIGHT, f"data.limits.{limit}=9")


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("training.augmentation.preset=none", "changes nothing, so there is nothing to preview"),
        (
            "training.augmentation.ops=[{op: rotate}]",
            "In --set: training.augmentation.ops.0: there is no op 'rotate'; the nearest one is 'rotation'.",
        ),
        (
            "training.augmentation.fill=wrap",
            "unknown key 'training.augmentation.fill'; known here: preset, ops, fill_mode",
        ),
        ("training.augmentations.preset=light", "did you mean 'training.augmentation'"),
        ("training.epochs=x", "training.epochs: "),
    ],
)
def test_wrong_settings_are_told_by_their_keys(
    images: Path, tmp_path: Path, override: str, words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        _preview(images, tmp_path / "sheet.png", override)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("output", "words"), [("sheet.jpg", "has to name a PNG file"), ("none/sheet.png", "there is no folder")]
)
def test_what_cannot_be_written_is_refused_before_anything_is_read(
    tmp_path: Path, output: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        _preview(tmp_path / "no such folder", tmp_path / output, LIGHT)


def test_images_that_cannot_be_decoded_are_a_mistake_in_the_data(images: Path, tmp_path: Path) -> None:
    for path in images.rglob("*.*"):
        path.write_bytes(b"no image")
    with pytest.raises(DataError, match="No image of .* can be decoded here"):
        _preview(images, tmp_path / "sheet.png", LIGHT)


def test_mistakes_are_found_without_tensorflow() -> None:
    heavy = "{'tensorflow', 'matplotlib'}"
    code = f"import sys, pipeline.commands.augment_preview; print({heavy} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "set()"


def test_what_a_preset_changes_is_shown(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _preview(images, tmp_path / "sheet.png", "preset=balanced", count=1)
    assert "sheet.png: 1 images, changed by 3 ops, " in capsys.readouterr().out
