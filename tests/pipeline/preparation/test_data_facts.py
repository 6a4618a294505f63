from __future__ import annotations

import os
from pathlib import Path

from components.image_folder.files.list_images import list_images
from components.image_folder.settings import DataSettings
from pipeline.preparation.data_facts import data_facts
from tests.image_files import image_bytes, write_folder


def test_files_are_counted_and_headers_read(tmp_path: Path) -> None:
    images = write_folder(tmp_path / "images", {"few": 2})
    (images / "many").mkdir()
    for number in range(8):
        # A smaller one in the middle of the listing: it is the median that counts.
        size = (90, 20 if number == 3 else 70)
        (images / "many" / f"{number}.jpg").write_bytes(image_bytes(number, size=size))
    data = DataSettings(images=str(images))
    facts = data_facts(list_images(data), data)
    assert (facts.classes, facts.smallest_class, facts.largest_class) == (2, 2, 8)
    assert facts.train_images == 8
    assert (facts.shorter_side, facts.suggested_size) == (70, 64)


def test_of_many_files_a_hundred_are_looked_at(tmp_path: Path) -> None:
    contents = [image_bytes(0, size=(side, side)) for side in (20, 90)]
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for number in range(100):
            (tmp_path / label / f"{number:03}.jpg").write_bytes(contents[number % 2])
    data = DataSettings(images=str(tmp_path))
    assert data_facts(list_images(data), data).shorter_side == 20  # Of all it would be 90.


def test_given_splits_count_as_they_are(tmp_path: Path) -> None:
    for split, count in (("train", 5), ("eval", 1), ("test", 1)):
        write_folder(tmp_path / "images" / split, {"a": count, "b": count}, first_seed=len(split))
    data = DataSettings(images=str(tmp_path / "images"))
    facts = data_facts(list_images(data), data)
    assert (facts.train_images, facts.largest_class) == (10, 7)


def test_files_that_cannot_be_read_are_left_to_ingest(tmp_path: Path) -> None:
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.jpg").write_text("no image")
    data = DataSettings(images=str(tmp_path))
    facts = data_facts(list_images(data), data)
    assert (facts.shorter_side, facts.smallest_class) == (0, 1)


def test_files_that_are_too_large_are_not_read(tmp_path: Path) -> None:
    write_folder(tmp_path, {"a": 1, "b": 1})
    huge = tmp_path / "a" / "huge.jpg"
    huge.touch()
    os.truncate(huge, 2**43)  # of which nothing lies on the disk
    data = DataSettings(images=str(tmp_path))
    facts = data_facts(list_images(data), data)
    assert (facts.largest_class, facts.shorter_side) == (2, 32)
