"""`imgclf data check`, as people type it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from components.image_folder.data_report import DataReport
from tests import hazard_images as hazards
from tests.e2e.command_line import BIN, imgclf

FIT, USAGE, REFUSED = 0, 2, 3


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("check") / "images"
    for label, first in (("cat", 0), ("dog", 40)):
        (root / label).mkdir(parents=True)
        for number in range(40):
            (root / label / f"{number}.jpg").write_bytes(hazards.jpeg(first + number))
    (root / "cat" / "cut.jpg").write_bytes(hazards.truncated_jpeg(90))
    (root / "dog" / "soft.jpg").write_bytes(hazards.blurry_jpeg(91))
    return root


def test_fit_images(images: Path, tmp_path: Path) -> None:
    done = imgclf("data", "check", images, "--page", tmp_path / "page.html", cwd=tmp_path)
    assert done.returncode == FIT, done.stderr
    assert done.stderr == ""  # the decoder's own complaints among them
    text = done.stdout
    assert "Images:   81 of 82 used" in text
    assert "laid out as class_folders" in text
    assert "Classes:  dog 41, cat 40" in text
    assert "64 pixels suggested" in text or "48 pixels suggested" in text
    lines = [line.split() for line in text.splitlines()]
    assert ["blurry", "1", "kept"] in [line[:3] for line in lines]
    assert ["corrupt", "1", "set", "aside"] in [line[:4] for line in lines]
    assert "cat/cut.jpg: truncated or damaged" in text.replace("\n", " ")
    assert "Fit to train on." in text
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "dog/soft.jpg" in page
    assert not (tmp_path / ".imgclf").exists()


def test_the_page_is_there_whether_or_not_all_lines_are_read(images: Path, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    words = [images, "--page", tmp_path / "page.html", "--set", "data.verify=false"]
    done = subprocess.run([BIN / "imgclf", "data", "check", *words], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")
    assert (tmp_path / "page.html").is_file()


def test_images_that_a_run_would_refuse(images: Path, tmp_path: Path) -> None:
    done = imgclf(
        "data", "check", images, "--set", "data.policies.blurry=fail", "--set", "balance.max_imbalance=1"
    )
    assert done.returncode == REFUSED
    assert "Not fit to train on: 2 violations." in done.stdout
    assert "data.policies.blurry is 'fail': dog/soft.jpg (blurry" in done.stdout
    assert "balance.max_imbalance allows 1" in done.stdout


def test_json_for_machines(images: Path, tmp_path: Path) -> None:
    done = imgclf("data", "check", images, "--json", "--set", "data.verify=false")
    assert done.returncode == FIT
    report = json.loads(done.stdout)
    assert (report["found"], report["findings"]) == (82, {})  # only decoding finds what is amiss here
    (tmp_path / "report.json").write_text(done.stdout)
    assert DataReport.read(tmp_path / "report.json").labels == ("cat", "dog")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["nowhere"], USAGE, "There is no folder"),
        ([], USAGE, "or just DIR for imgclf data check"),
        (["{images}", "--set", "data.odd.blury=3"], USAGE, "did you mean 'data.odd.blurry'?\n"),
        (["{images}", "--set", "data.policies.corrupt=keep"], USAGE, "data.policies.corrupt"),
        (["{images}/cat"], REFUSED, "no class folders"),
        (["{images}", "--page", "/nowhere/page.html"], USAGE, "there is no folder /nowhere"),
        (["{images}", "--page", "{images}"], USAGE, "is a folder. Name a file"),
        (["caf\udce9"], USAGE, "bytes in its name that are not UTF-8"),
    ],
)
def test_mistakes(images: Path, words: list[str], code: int, told: str) -> None:
    done = imgclf("data", "check", *(word.format(images=images) for word in words))
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr
