from __future__ import annotations

import pytest

from components.image_folder.files.file_names import has_image_extension, is_hidden


@pytest.mark.parametrize(
    "extension",
    ["jpg", "jpeg", "jpe", "jfif", "png", "gif", "bmp", "webp", "tif", "tiff", "heic", "heif", "avif", "svg"],
)
def test_a_file_claims_to_be_an_image_by_its_extension(extension: str) -> None:
    for name in (f"a.{extension}", f"2024.05.01 b.{extension.upper()}", f".{extension}"):
        assert has_image_extension(name), name
    for name in (extension, f"a{extension}", f"a.{extension}.txt", f"a.{extension} "):
        assert not has_image_extension(name), name


@pytest.mark.parametrize(
    "name",
    [
        "Thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        "Icon\r",
        "__MACOSX",
        "@eaDir",
        "#recycle",
        "$RECYCLE.BIN",
        "lost+found",
        "System Volume Information",
    ],
)
def test_what_systems_leave_behind_is_hidden(name: str) -> None:
    assert is_hidden(name)
    assert is_hidden(name.lower())
    assert not is_hidden(name + "s")


def test_what_begins_with_a_dot_is_hidden() -> None:
    assert is_hidden(".a.jpg")
    assert not is_hidden("a.jpg")
