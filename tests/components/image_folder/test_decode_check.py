from __future__ import annotations

import pytest

from components.image_folder.decode_check import check_decodes
from components.image_folder.image_inspection import UnusableImageError, inspect_image
from tests.image_files import image_bytes


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "GIF", "BMP"])
def test_takes_whole_images(image_format: str) -> None:
    check_decodes(image_bytes(0, image_format), image_format)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "BMP"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_finds_truncation_that_the_header_does_not_show(image_format: str, share: float) -> None:
    data = image_bytes(0, image_format, size=(200, 150))
    cut = data[: int(len(data) * share)]
    assert inspect_image(cut).width == 200
    with pytest.raises(UnusableImageError, match="truncated or corrupt"):
        check_decodes(cut, image_format)
