"""The finding table of a folder with 30 planted problems: all are found, none is invented."""

from __future__ import annotations

import pytest

from components.image_folder.data_report import DataReport
from components.image_folder.executor import ingest
from components.image_folder.files.list_images import list_images
from components.image_folder.settings import DataSettings
from components.image_folder.workers.unit_dealers import InThisProcess
from tests import hazard_images as hazards

NEAR = hazards.near_duplicates(5)
# File → bytes, kind of each finding, what is done. One image may well have two things about it.
PLANTED: dict[str, tuple[bytes, dict[str, str]]] = {
    "a/01-empty.jpg": (b"", {"empty": "set aside"}),
    "a/02-text.jpg": (hazards.text_file(), {"not_an_image": "set aside"}),
    "a/03-page.jpg": (hazards.html_page(), {"not_an_image": "set aside"}),
    "a/04-cut.jpg": (hazards.truncated_jpeg(40), {"corrupt": "set aside"}),
    "a/05-cut-late.jpg": (hazards.truncated_jpeg(41, share=0.97), {"corrupt": "set aside"}),
    "a/06-damaged.png": (hazards.corrupt_png(42), {"corrupt": "set aside"}),
    "a/07-bomb.png": (hazards.png_bomb(), {"too_many_pixels": "set aside"}),
    "a/08-phone.heic": (hazards.heic_header(), {"unsupported_format": "set aside"}),
    "a/09-drawing.svg": (hazards.svg(), {"unsupported_format": "set aside"}),
    "a/10-png.jpg": (hazards.png(43), {"extension_mismatch": "kept"}),
    "a/11-web.webp": (hazards.webp(44), {"foreign_format": "repaired"}),
    "a/12-scan.tif": (hazards.tiff(45), {"foreign_format": "repaired"}),
    "a/13-deep.png": (hazards.png_16_bit(46), {"high_bit_depth": "kept", "grayscale": "kept"}),
    "a/14-palette.png": (hazards.palette_png(47), {"palette": "kept"}),
    "a/15-alpha.png": (hazards.alpha_png(48), {"alpha": "kept"}),
    "a/16-gray.jpg": (hazards.gray_jpeg(49), {"grayscale": "kept"}),
    "a/17-print.jpg": (hazards.cmyk_jpeg(50), {"cmyk": "kept"}),
    "b/18-moving.png": (hazards.apng(51), {"animated": "kept"}),
    "b/19-turned.jpg": (hazards.exif_jpeg(6, 52), {"exif_rotation": "repaired"}),
    "b/20-dark.jpg": (hazards.near_black(), {"dark": "kept"}),
    "b/21-bright.jpg": (hazards.near_white(), {"bright": "kept"}),
    "b/22-flat.jpg": (hazards.flat(), {"low_information": "kept"}),
    "b/23-blurry.jpg": (hazards.blurry_jpeg(53), {"blurry": "kept"}),
    "b/24-strip.jpg": (hazards.extreme_aspect_ratio(54), {"extreme_aspect_ratio": "kept"}),
    # The first by name stays.
    "b/z25-copy.jpg": (hazards.jpeg(20), {"duplicate": "set aside"}),
    "b/26-conflict.jpg": (hazards.jpeg(0), {"label_conflict": "set aside"}),
    "b/27-near.jpg": (NEAR["compressed"], {"near_duplicate": "kept"}),
    "b/28-line\nbreak.jpg": (hazards.jpeg(55), {"unprintable_name": "kept"}),
    "b/29-notes.txt": (hazards.text_file(), {"other_file": "set aside"}),
    "b/.30-hidden.jpg": (hazards.jpeg(56), {"hidden_file": "set aside"}),
}
# What the planted ones do to good images.
TOUCHED = {
    "a/good00.jpg": {"label_conflict": "set aside"},
    "a/good05.jpg": {"near_duplicate": "kept"},
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> DataReport:
    root = tmp_path_factory.mktemp("planted")
    for label, first in (("a", 0), ("b", 20)):
        (root / label).mkdir()
        for number in range(20):
            (root / label / f"good{number:02d}.jpg").write_bytes(hazards.jpeg(first + number))
    for name, (data, _) in PLANTED.items():
        (root / name).write_bytes(data)
    settings = DataSettings(images=str(root), max_set_aside=1)
    listing = list_images(settings)
    return ingest(
        listing, settings, listing.labels, tmp_path_factory.mktemp("out") / "examples", InThisProcess()
    )


def test_thirty_problems_are_planted() -> None:
    assert len(PLANTED) == 30


def test_all_are_found_and_none_is_invented(report: DataReport) -> None:
    expected = {name: findings for name, (_, findings) in PLANTED.items()} | TOUCHED
    found: dict[str, dict[str, str]] = {}
    for finding in report.files:
        found.setdefault(finding.file.replace("\\n", "\n"), {})[finding.kind] = finding.action
    assert found == expected


def test_the_counts_add_up(report: DataReport) -> None:
    listed = 40 + 30 - 2  # notes and hidden files do not claim to be images
    assert (report.found, report.duplicates) == (listed, 1)
    assert report.set_aside == 9 + 2  # unusable ones, and both sides of the conflict
    assert report.accepted == listed - 1 - 11
    assert (
        sum(report.findings.values())
        == len(report.files)
        == sum(len(findings) for findings in [*(found for _, found in PLANTED.values()), *TOUCHED.values()])
    )
    assert report.violations == ()
