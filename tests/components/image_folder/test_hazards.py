"""Every hazard that real folders hold, one at a time among good images: found, named, and no other."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.image_folder.data_report import DataReport
from components.image_folder.files.list_images import list_images
from components.image_folder.findings import Finding
from components.image_folder.folder_check import check_folder
from components.image_folder.policies import KINDS
from components.image_folder.settings import DataSettings
from tests import hazard_images as hazards

Plant = Callable[[Path], object]


@dataclass(frozen=True)
class Hazard:
    """A way to spoil a folder of class folders a and b.

    Attributes:
        name: for people.
        kind: of the finding it has to lead to.
        files: that the findings have to name.
        action: what has to be done with them, by default.
        reason: part of each finding's reason.
        plant: puts it into the folder.
    """

    name: str
    kind: str
    files: tuple[str, ...]
    action: str
    reason: str
    plant: Plant


def _file(name: str, data: bytes) -> Plant:
    return lambda root: (root / name).write_bytes(data)


def _bytes_hazard(name: str, kind: str, file: str, data: bytes, action: str, reason: str) -> Hazard:
    return Hazard(name, kind, (file,), action, reason, _file(file, data))


def _socket(root: Path) -> None:
    # A socket's whole path has to be short.
    here = Path.cwd()
    os.chdir(root / "a")
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("s.jpg")
    finally:
        os.chdir(here)


def _fifo(root: Path) -> None:
    os.mkfifo(root / "a" / "x.jpg")


def _outside(root: Path) -> None:
    (root.parent / "elsewhere.jpg").write_bytes(hazards.jpeg(91))
    (root / "a" / "link.jpg").symlink_to(root.parent / "elsewhere.jpg")


def _clash(name: str, seed: int = 92) -> Plant:
    def plant(root: Path) -> None:
        (root / name).mkdir()
        (root / name / "1.jpg").write_bytes(hazards.jpeg(seed))

    return plant


def _hidden_folder(root: Path) -> None:
    (root / "a" / ".thumbnails").mkdir()
    (root / "a" / ".thumbnails" / "1.jpg").write_bytes(hazards.jpeg(93))


CORPUS = (
    # What cannot be used.
    _bytes_hazard("no bytes", "empty", "a/x.jpg", b"", "set aside", "empty"),
    _bytes_hazard("text", "not_an_image", "a/x.jpg", hazards.text_file(), "set aside", "not an image"),
    _bytes_hazard("web page", "not_an_image", "a/x.jpg", hazards.html_page(), "set aside", "web page"),
    _bytes_hazard("cut jpeg", "corrupt", "a/x.jpg", hazards.truncated_jpeg(50), "set aside", "truncated"),
    _bytes_hazard("half a jpeg", "corrupt", "a/x.jpg", hazards.half_jpeg(50), "set aside", "premature end"),
    _bytes_hazard("cut header", "corrupt", "a/x.jpg", hazards.jpeg(50)[:80], "set aside", "header"),
    _bytes_hazard("damaged png", "corrupt", "a/x.png", hazards.corrupt_png(50), "set aside", "damaged"),
    _bytes_hazard("png bomb", "too_many_pixels", "a/x.png", hazards.png_bomb(), "set aside", "50000 x"),
    _bytes_hazard("jpeg bomb", "too_many_pixels", "a/x.jpg", hazards.jpeg_bomb(), "set aside", "65000 x"),
    _bytes_hazard("heic", "unsupported_format", "a/x.heic", hazards.heic_header(), "set aside", "HEIC"),
    _bytes_hazard("avif", "unsupported_format", "a/x.avif", hazards.heic_header(b"avif"), "set aside", ""),
    _bytes_hazard("svg", "unsupported_format", "a/x.svg", hazards.svg(), "set aside", "SVG"),
    # What is used, and said.
    _bytes_hazard("png as jpg", "extension_mismatch", "a/x.jpg", hazards.png(50), "kept", "PNG data"),
    _bytes_hazard("webp", "foreign_format", "a/x.webp", hazards.webp(50), "repaired", "WEBP"),
    _bytes_hazard("tiff", "foreign_format", "a/x.tif", hazards.tiff(50), "repaired", "TIFF"),
    _bytes_hazard("16 bit", "high_bit_depth", "a/x.png", hazards.png_16_bit(50), "kept", "16 bits"),
    _bytes_hazard("palette", "palette", "a/x.png", hazards.palette_png(50), "kept", "palette"),
    _bytes_hazard("alpha", "alpha", "a/x.png", hazards.alpha_png(50), "kept", "transparency"),
    _bytes_hazard("gray", "grayscale", "a/x.jpg", hazards.gray_jpeg(50), "kept", "gray"),
    _bytes_hazard("cmyk", "cmyk", "a/x.jpg", hazards.cmyk_jpeg(50), "kept", "CMYK"),
    _bytes_hazard("ycck", "cmyk", "a/x.jpg", hazards.ycck_jpeg(50), "kept", "CMYK"),
    _bytes_hazard("animated gif", "animated", "a/x.gif", hazards.animated_gif(50), "kept", "frames"),
    _bytes_hazard("apng", "animated", "a/x.png", hazards.apng(50), "kept", "frames"),
    _bytes_hazard("animated webp", "animated", "a/x.webp", hazards.animated_webp(50), "kept", "frames"),
    _bytes_hazard("exif", "exif_rotation", "a/x.jpg", hazards.exif_jpeg(6, 50), "repaired", "orientation 6"),
    _bytes_hazard("png exif", "exif_rotation", "a/x.png", hazards.exif_png(8, 50), "repaired", "tion 8"),
    # What the folder holds.
    Hazard("fifo", "not_regular_file", ("a/x.jpg",), "set aside", "", _fifo),
    Hazard("socket", "not_regular_file", ("a/s.jpg",), "set aside", "", _socket),
    Hazard("link out", "link_outside", ("a/link.jpg",), "set aside", "leads out of", _outside),
    Hazard(
        "dangling link", "unreadable", ("a/x.jpg",), "set aside", "",
        lambda root: (root / "a/x.jpg").symlink_to("nowhere.jpg"),
    ),
    Hazard(
        "link to itself", "unreadable", ("a/x.jpg",), "set aside", "",
        lambda root: (root / "a/x.jpg").symlink_to("x.jpg"),
    ),
    _bytes_hazard("mac", "hidden_file", "a/.DS_Store", b"x", "set aside", ""),
    _bytes_hazard("mac fork", "hidden_file", "a/._0.jpg", b"x", "set aside", ""),
    _bytes_hazard("windows", "hidden_file", "a/Thumbs.db", b"x", "set aside", ""),
    Hazard("hidden folder", "hidden_file", ("a/.thumbnails/",), "set aside", "", _hidden_folder),
    _bytes_hazard("notes", "other_file", "a/notes.txt", b"x", "set aside", ""),
    _bytes_hazard("line break", "unprintable_name", "a/x\ny.jpg", hazards.jpeg(50), "kept", ""),
    _bytes_hazard("not utf-8", "unprintable_name", "a/caf\udce9.jpg", hazards.jpeg(50), "kept", ""),
    Hazard("case clash", "class_name_clash", ("a/",), "refused", "only in case from 'A'", _clash("A")),
    Hazard(
        "composed clash", "class_name_clash", ("\u00e9/",), "refused", "Unicode",
        lambda root: (_clash("\u00e9")(root), _clash("e\u0301", 94)(root)),
    ),
    # What images have in common.
    _bytes_hazard("copy", "duplicate", "a/x.jpg", hazards.jpeg(0), "set aside", "same bytes as a/0.jpg"),
    Hazard(
        "conflict", "label_conflict", ("a/0.jpg", "b/x.jpg"), "set aside", "in doubt",
        _file("b/x.jpg", hazards.jpeg(0)),
    ),
    *(
        Hazard(
            f"near-duplicate, {name}", "near_duplicate", ("a/0.jpg", "b/x.jpg"), "kept", "nearly the same",
            _file("b/x.jpg", data),
        )
        for name, data in hazards.near_duplicates(0).items()
    ),
    # What is odd.
    _bytes_hazard("dark", "dark", "a/x.jpg", hazards.near_black(), "kept", "black"),
    _bytes_hazard("bright", "bright", "a/x.jpg", hazards.near_white(), "kept", "white"),
    _bytes_hazard("flat", "low_information", "a/x.jpg", hazards.flat(), "kept", "bits of information"),
    _bytes_hazard("blurry", "blurry", "a/x.jpg", hazards.blurry_jpeg(50), "kept", "Laplacian"),
    _bytes_hazard(
        "strip", "extreme_aspect_ratio", "a/x.jpg", hazards.extreme_aspect_ratio(50), "kept", "10.0 times"
    ),
)  # fmt: skip
# Findings that come along: what was planted has that quality as well.
COMPANIONS = {
    "16 bit": {"grayscale"},
    "animated gif": {"palette", "foreign_format"},
    "animated webp": {"foreign_format"},
}
GIVEN_SPLITS = {"split_leak", "near_split_leak"}


def _good_folder(root: Path) -> Path:
    for label, first in (("a", 0), ("b", 10)):
        (root / label).mkdir(parents=True)
        for number in range(10):
            (root / label / f"{number}.jpg").write_bytes(hazards.jpeg(first + number))
    return root


def _check(root: Path, **settings: object) -> DataReport:
    chosen = DataSettings.model_validate(
        {"images": str(root), "splits": {"train": 0.6, "eval": 0.2, "test": 0.2}, **settings}
    )
    listing = list_images(chosen)
    return check_folder(listing, chosen, listing.labels)


def test_good_images_have_no_finding(tmp_path: Path) -> None:
    report = _check(_good_folder(tmp_path / "images"))
    assert report.files == ()
    assert report.violations == ()
    assert (report.found, report.accepted) == (20, 20)


@pytest.mark.parametrize("hazard", CORPUS, ids=lambda hazard: hazard.name)
def test_a_hazard_is_found_and_named(hazard: Hazard, tmp_path: Path) -> None:
    root = _good_folder(tmp_path / "images")
    hazard.plant(root)
    report = _check(root)
    expected = [finding for finding in report.files if finding.kind == hazard.kind]
    assert [finding.file for finding in expected] == [_printable(file) for file in hazard.files]
    assert {finding.action for finding in expected} == {hazard.action}
    assert all(hazard.reason in finding.reason for finding in expected)
    others = {finding.kind for finding in report.files} - {hazard.kind}
    assert others == COMPANIONS.get(hazard.name, set())
    assert bool([told for told in report.violations if hazard.kind in told]) == (hazard.action == "refused")


@pytest.mark.parametrize("hazard", CORPUS, ids=lambda hazard: hazard.name)
def test_a_policy_of_fail_refuses_it(hazard: Hazard, tmp_path: Path) -> None:
    root = _good_folder(tmp_path / "images")
    hazard.plant(root)
    report = _check(root, policies={hazard.kind: "fail"})
    assert {finding.action for finding in report.files if finding.kind == hazard.kind} == {"refused"}
    (sentence,) = (told for told in report.violations if f"'{hazard.kind}'" in told)
    assert _printable(hazard.files[0]) in sentence


@pytest.mark.parametrize(
    "hazard", [hazard for hazard in CORPUS if hazard.action in ("kept", "repaired")], ids=lambda h: h.name
)
def test_a_policy_of_drop_leaves_it_out(hazard: Hazard, tmp_path: Path) -> None:
    root = _good_folder(tmp_path / "images")
    hazard.plant(root)
    kept = _check(root)
    dropped = _check(root, policies={hazard.kind: "drop"})
    assert kept.accepted == kept.found
    assert dropped.accepted == dropped.found - 1
    assert dropped.accepted == kept.accepted - 1


def test_every_kind_of_finding_is_in_the_corpus() -> None:
    """Those that need another layout, or a file that changes while it is read, have tests of their own."""
    elsewhere = {"missing_file", "unlabelled", "changed", "split_leak", "near_split_leak", "too_many_bytes"}
    assert {hazard.kind for hazard in CORPUS} | elsewhere == set(KINDS)


def test_a_file_over_the_byte_limit_is_not_read(tmp_path: Path) -> None:
    root = _good_folder(tmp_path / "images")
    with (root / "a" / "x.jpg").open("wb") as file:
        file.truncate(2**40)  # a sparse terabyte
    report = _check(root)
    assert report.findings == {"too_many_bytes": 1}


def test_leaks_between_given_splits(tmp_path: Path) -> None:
    for split, first in (("train", 0), ("val", 20), ("test", 40)):
        _good_folder(tmp_path / "images" / split)
        for number, path in enumerate(sorted((tmp_path / "images" / split).rglob("*.jpg"))):
            path.write_bytes(hazards.jpeg(first + number))
    root = tmp_path / "images"
    (root / "train" / "a" / "leak.jpg").write_bytes((root / "test" / "a" / "3.jpg").read_bytes())
    (root / "train" / "b" / "near.jpg").write_bytes(hazards.near_duplicates(25)["compressed"])
    report = _check(root)
    assert report.layout == "split_folders"
    assert [(finding.file, finding.kind, finding.action) for finding in report.files] == [
        ("train/a/leak.jpg", "split_leak", "set aside"),
        ("train/b/near.jpg", "near_split_leak", "kept"),
        ("val/a/5.jpg", "near_duplicate", "kept"),
    ]
    assert sum(report.counts["test"].values()) == 20


def test_a_file_that_goes_or_changes_between_scan_and_read_stops_the_run(tmp_path: Path) -> None:
    root = _good_folder(tmp_path / "images")
    settings = DataSettings(images=str(root))
    listing = list_images(settings)
    (root / "a" / "1.jpg").unlink()
    (root / "b" / "2.jpg").write_bytes(hazards.jpeg(70))
    report = check_folder(listing, settings, listing.labels)
    assert [(finding.file, finding.kind, finding.action) for finding in report.files] == [
        ("a/1.jpg", "changed", "refused"),
        ("b/2.jpg", "changed", "refused"),
    ]
    assert "2 files have the finding 'changed'" in report.violations[0]


def _printable(name: str) -> str:
    return {"a/x\ny.jpg": "a/x\\ny.jpg", "a/caf\udce9.jpg": "a/caf\\xe9.jpg"}.get(name, name)


def test_findings_are_sorted_and_counted(tmp_path: Path) -> None:
    root = _good_folder(tmp_path / "images")
    for number, name in enumerate(("z", "c", "m")):
        (root / "b" / f"{name}.png").write_bytes(
            hazards.png(60 + number, mode="L")[: 10**6 if number else 30]
        )
    report = _check(root)
    assert [finding.file for finding in report.files] == sorted(finding.file for finding in report.files)
    assert report.findings == {"corrupt": 1, "grayscale": 2}
    assert isinstance(report.files[0], Finding)
