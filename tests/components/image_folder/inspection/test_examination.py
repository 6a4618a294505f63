"""What is found in one file at a time, and what becomes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from components import contract
from components.image_folder.files.listing import ImageFile
from components.image_folder.files.local_store import LocalStore
from components.image_folder.headers.image_header import ImageHeader, UnusableImageError
from components.image_folder.inspection.examination import Examiner
from components.image_folder.inspection.examination_rules import ExaminationRules
from components.image_folder.inspection.reduction import Pixels
from components.image_folder.records.manifest import Entry
from components.image_folder.settings import DataSettings
from tests import hazard_images as hazards
from tests.handmade_images import gif_file

SPLITS = ("train", "eval", "test")
PALETTE = ("palette", "colours from a palette")


def _foreign(name: str) -> tuple[str, str]:
    return "foreign_format", f"{name} that model servers do not take, turned into PNG for training"


def _written(folder: Path, name: str, data: bytes, split: str | None = None) -> ImageFile:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return ImageFile(name, "b", len(data), path.stat().st_mtime_ns, split)


def _examiner(folder: Path, open_splits: Sequence[str] = SPLITS, **settings: Any) -> Examiner:
    rules = ExaminationRules.of(DataSettings.model_validate({"verify": False, **settings}), open_splits)
    return Examiner(LocalStore(str(folder)), rules, ("a", "b"), _all_gray)


def _all_gray(images: Sequence[tuple[bytes, ImageHeader]]) -> list[Pixels | UnusableImageError]:
    """A decoder to which all pictures look the same."""
    return [np.full((8, 8, 3), 120, np.uint8) for _ in images]


def _examined(examiner: Examiner, file: ImageFile) -> tuple[Entry, tf.train.Example | None]:
    (read,) = examiner.decode([examiner.read(file, 1)])
    entry, example = examiner.conclude(read)
    return entry, tf.train.Example.FromString(b"".join(example)) if example else None


@pytest.mark.parametrize(
    ("name", "data", "findings"),
    [
        *((f"x.{name}", hazards.jpeg(1), []) for name in ("jpg", "JPEG", "jpe", "jfif", "y.jpg")),
        *((f"x.{name}", hazards.png(1), []) for name in ("png", "apng")),
        *((f"x.{name}", hazards.bmp(1), []) for name in ("bmp", "dib")),
        ("x.gif", hazards.gif(1), [PALETTE]),
        ("x.webp", hazards.webp(1), [_foreign("WEBP")]),
        *((f"x.{name}", hazards.tiff(1), [_foreign("TIFF")]) for name in ("tif", "tiff")),
        ("x.png", hazards.jpeg(1), [("extension_mismatch", "JPEG data in a file named .png")]),
        ("x.j\n", hazards.jpeg(1), [("extension_mismatch", r"JPEG data in a file named .j\n")]),
        *((name, hazards.jpeg(1), []) for name in ("x", "x.y/z", ".jpg")),  # none says anything else
        ("x.png", hazards.palette_png(1), [PALETTE]),
        ("x.png", hazards.alpha_png(1), [("alpha", "transparency, which is not used")]),
        ("x.png", hazards.png(1, mode="L"), [("grayscale", "gray, repeated over three channels")]),
        (
            "x.png",
            hazards.png(1, mode="LA"),
            [
                ("alpha", "transparency, which is not used"),
                ("grayscale", "gray, repeated over three channels"),
            ],
        ),
        (
            "x.png",
            hazards.png_16_bit(1),
            [
                ("high_bit_depth", "16 bits a channel, of which 8 are used"),
                ("grayscale", "gray, repeated over three channels"),
            ],
        ),
        ("x.jpg", hazards.cmyk_jpeg(1), [("cmyk", "CMYK or YCCK, turned into RGB")]),
        ("x.png", hazards.apng(1), [("animated", "several frames, of which the first is used")]),
        ("x.jpg", hazards.exif_jpeg(2, 1), [("exif_rotation", "EXIF orientation 2, turned upright")]),
        (
            "x.jpg",
            hazards.jpeg(1, (50, 10)),
            [("extreme_aspect_ratio", "50 x 10: one side is 5.0 times the other")],
        ),
        ("x.jpg", hazards.jpeg(1, (10, 40)), []),
    ],
)  # fmt: skip
def test_what_a_header_tells(tmp_path: Path, name: str, data: bytes, findings: list[tuple[str, str]]) -> None:
    examiner = _examiner(tmp_path, odd={"aspect_ratio": 4})
    entry, example = _examined(examiner, _written(tmp_path, name, data))
    assert list(entry.findings) == findings
    assert entry.split in SPLITS
    assert example is not None


@pytest.mark.parametrize(
    ("data", "kind", "reason", "shape"),
    [
        (b"", "empty", "the file is empty", ("", 0, 0)),
        (hazards.jpeg(1) + bytes(5000), "too_many_bytes", "bytes, where 5000 are allowed", ("", 0, 0)),
        (hazards.text_file(), "not_an_image", "not an image: no known format", ("", 0, 0)),
        (hazards.jpeg(1, (41, 25)), "too_many_pixels", "41 x 25 is more than 1024 pixels", ("JPEG", 41, 25)),
        (hazards.exif_jpeg(6, 1, (41, 25)), "too_many_pixels", "25 x 41 is more than", ("JPEG", 41, 25)),
        (hazards.webp(1, (20, 10))[:-40], "corrupt", "damaged, or a kind of WEBP", ("WEBP", 20, 10)),
    ],
)  # fmt: skip
def test_what_cannot_be_used(
    tmp_path: Path, data: bytes, kind: str, reason: str, shape: tuple[str, int, int]
) -> None:
    examiner = _examiner(tmp_path, limits={"max_bytes": 5000, "max_pixels": 1024})
    entry, example = _examined(examiner, _written(tmp_path, "x.png", data))
    ((found, told),) = entry.findings
    assert found == kind
    assert reason in told
    assert (entry.format, entry.width, entry.height) == shape
    assert (entry.split, example, entry.measures, entry.perceptual_hash) == (None, None, None, "")
    assert (entry.label, entry.label_id, entry.size) == ("b", 1, len(data))
    assert (entry.sha256 == "") == (kind in ("empty", "too_many_bytes"))  # which are not read


def test_the_limits_themselves_are_allowed(tmp_path: Path) -> None:
    data = hazards.jpeg(1, (32, 32))
    examiner = _examiner(tmp_path, limits={"max_bytes": len(data), "max_pixels": 1024})
    entry, _ = _examined(examiner, _written(tmp_path, "x.jpg", data))
    assert entry.findings == ()


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: LocalStore, file: ImageFile) -> bytes:
        raise PermissionError(13, "Permission denied", file.path)

    file = _written(tmp_path, "x.jpg", hazards.jpeg(1))
    (tmp_path / "y.jpg").symlink_to("nowhere")
    gone, _ = _examined(_examiner(tmp_path), file._replace(path="z.jpg"))
    assert [kind for kind, _ in gone.findings] == ["changed"]
    monkeypatch.setattr(LocalStore, "read", refuse)
    entry, example = _examined(_examiner(tmp_path), file)
    assert entry.findings == (("unreadable", "the file cannot be read (Permission denied)"),)
    assert (entry.sha256, example) == ("", None)


@pytest.mark.parametrize("policy", ["drop", "fail"])
def test_what_a_policy_takes_out_is_not_decoded(tmp_path: Path, policy: str) -> None:
    examiner = _examiner(tmp_path, verify=True, policies={"grayscale": policy})
    data = hazards.gray_jpeg(1)
    read = examiner.read(_written(tmp_path, "x.jpg", data), 1)
    assert (read.data, read.stored) == (b"", None)
    assert examiner.decode([read]) == [read]
    entry, example = examiner.conclude(read)
    assert [kind for kind, _ in entry.findings] == ["grayscale"]
    assert (entry.format, entry.width, entry.height) == ("JPEG", *hazards.SIZE)
    assert (entry.sha256, entry.split) == (hashlib.sha256(data).hexdigest(), None)
    assert example == ()


def test_one_finding_that_is_not_kept_is_enough(tmp_path: Path) -> None:
    file = _written(tmp_path, "x.gif", hazards.gray_jpeg(1))
    for policies, used in (
        ({}, True),
        ({"grayscale": "drop"}, False),
        ({"extension_mismatch": "drop"}, False),
    ):
        entry, example = _examined(_examiner(tmp_path, policies=policies), file)
        assert [kind for kind, _ in entry.findings] == ["extension_mismatch", "grayscale"]
        assert (example is not None) == used


def _bytes_of(example: tf.train.Example, key: str) -> bytes:
    return example.features.feature[key].bytes_list.value[0]


@pytest.mark.parametrize(
    ("name", "data", "turned_into_png", "upright"),
    [
        ("x.jpg", hazards.jpeg(1), False, hazards.SIZE),
        ("x.jpg", hazards.exif_jpeg(3, 1), False, hazards.SIZE),
        ("x.jpg", hazards.exif_jpeg(4, 1), False, hazards.SIZE),
        ("x.jpg", hazards.exif_jpeg(5, 1), False, hazards.SIZE),
        ("x.jpg", hazards.exif_jpeg(8, 1), False, hazards.SIZE),
        ("x.png", hazards.png(1), False, hazards.SIZE),
        ("x.png", hazards.exif_png(6, 1), True, hazards.SIZE),
        ("x.webp", hazards.webp(1), True, hazards.SIZE),
        ("x.gif", gif_file((4, 3), [(0, 0, 4, 2)]), True, (4, 3)),
    ],
)
def test_the_record_holds_the_bytes_or_what_they_were_turned_into(
    tmp_path: Path, name: str, data: bytes, turned_into_png: bool, upright: tuple[int, int]
) -> None:
    entry, example = _examined(_examiner(tmp_path), _written(tmp_path, name, data))
    assert example is not None
    stored = _bytes_of(example, contract.IMAGE_ENCODED)
    assert (stored != data) == turned_into_png
    assert stored.startswith(b"\x89PNG") or not turned_into_png
    assert entry.sha256 == hashlib.sha256(data).hexdigest()
    assert _bytes_of(example, contract.IMAGE_SHA256).decode() == hashlib.sha256(stored).hexdigest()
    assert (entry.width, entry.height) == upright


def test_a_split_that_is_given_counts(tmp_path: Path) -> None:
    data = hazards.jpeg(1)
    for given in (None, *SPLITS):
        for open_split in SPLITS:
            examiner = _examiner(tmp_path, (open_split,))
            entry, _ = _examined(examiner, _written(tmp_path, "x.jpg", data, given))
            assert (entry.given_split, entry.split) == (given, given or open_split)


def test_nothing_is_measured_unless_it_is_to_be_verified(tmp_path: Path) -> None:
    file = _written(tmp_path, "x.jpg", hazards.flat())
    entry, _ = _examined(_examiner(tmp_path), file)
    assert (entry.measures, entry.perceptual_hash, entry.findings) == (None, "", ())
    entry, _ = _examined(_examiner(tmp_path, verify=True), file)
    assert entry.measures is not None
    assert len(entry.perceptual_hash) == 64


def test_files_that_cannot_be_used_stay_among_the_others(tmp_path: Path) -> None:
    examiner = _examiner(tmp_path, verify=True)
    files = [
        _written(tmp_path, f"{number}.jpg", data)
        for number, data in enumerate((b"", hazards.jpeg(1), hazards.text_file(), hazards.jpeg(2, (30, 20))))
    ]
    decoded = examiner.decode([examiner.read(file, 1) for file in files])
    shapes = [None if read.pixels is None else read.pixels.shape[:2] for read in decoded]
    assert shapes == [None, (48, 64), None, (20, 30)]


@pytest.mark.parametrize(("policies", "used"), [({}, True), ({"low_information": "drop"}, False)])
def test_odd_pixels_are_told_behind_what_the_header_tells(
    tmp_path: Path, policies: dict[str, str], used: bool
) -> None:
    """All that is PNG here goes to a decoder to which it is gray all over."""
    examiner = _examiner(tmp_path, verify=True, policies=policies)
    entry, example = _examined(examiner, _written(tmp_path, "x.png", hazards.alpha_png(1)))
    assert [kind for kind, _ in entry.findings] == ["alpha", "low_information"]
    assert entry.measures is not None
    assert entry.measures.brightness == 120
    assert (entry.split is not None, example is not None) == (used, used)


def test_of_what_cannot_be_decoded_nothing_else_is_told(tmp_path: Path) -> None:
    data = hazards.truncated_jpeg(1)
    entry, example = _examined(_examiner(tmp_path, verify=True), _written(tmp_path, "x.png", data))
    assert [kind for kind, _ in entry.findings] == ["corrupt"]
    assert (entry.format, entry.width, entry.height) == ("JPEG", *hazards.SIZE)
    assert (entry.split, example) == (None, None)
    assert entry.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("orientation", [1, 6])
def test_what_was_turned_upright_is_measured_as_it_is_stored(tmp_path: Path, orientation: int) -> None:
    """A JPEG is turned when it is measured; a PNG was before."""
    examiner = Examiner(LocalStore(str(tmp_path)), _examiner(tmp_path, verify=True).rules, ("a", "b"))
    upright, _ = _examined(examiner, _written(tmp_path, "x.png", hazards.png(2)))
    for name, data in (
        ("y.jpg", hazards.exif_jpeg(orientation, 2)),
        ("y.png", hazards.exif_png(orientation, 2)),
    ):
        entry, _ = _examined(examiner, _written(tmp_path, name, data))
        differing = int(entry.perceptual_hash, 16) ^ int(upright.perceptual_hash, 16)
        assert differing.bit_count() <= 8


def test_the_rules_are_those_of_the_settings() -> None:
    settings = DataSettings.model_validate(
        {
            "verify": False,
            "limits": {"max_bytes": 7000, "max_pixels": 5000},
            "splits": {"train": 0.5, "eval": 0.25, "test": 0.25},
            "policies": {"alpha": "drop", "cmyk": "fail"},
        }
    )
    rules = ExaminationRules.of(settings, ("train", "test"))
    assert rules[:3] == (False, 7000, 5000)
    assert rules.odd._asdict() == settings.odd.model_dump()
    assert rules.split_bounds == (("train", 0.5), ("test", 0.75))
    assert rules.all_kept([("palette", ""), ("animated", "")])
    assert not rules.all_kept([("palette", ""), ("alpha", "")])
    assert not rules.all_kept([("cmyk", "")])
    assert not rules.all_kept([("corrupt", "")])
