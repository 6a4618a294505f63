"""What a file's or folder's name says about it."""

from __future__ import annotations

from typing import Final

# By extension a file is taken for an image; whether it is one, its bytes decide later.
IMAGE_EXTENSIONS: Final = frozenset(
    ".jpg .jpeg .jpe .jfif .png .gif .bmp .webp .tif .tiff .heic .heif .avif .svg".split()
)
# What operating systems and network drives leave among a user's files, besides dot files.
_SYSTEM_NAMES: Final = frozenset(
    (
        "thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        "icon\r",
        "__macosx",
        "@eadir",
        "#recycle",
        "$recycle.bin",
        "lost+found",
        "system volume information",
    )
)


def is_hidden(name: str) -> bool:
    """Whether a file or folder is hidden, or one of the system's."""
    return name.startswith(".") or name.lower() in _SYSTEM_NAMES


def has_image_extension(name: str) -> bool:
    """Whether a file claims to be an image."""
    return name[name.rfind(".") :].lower() in IMAGE_EXTENSIONS
