"""What a header comes to: its fields, or the reason why the file cannot be used."""

from __future__ import annotations

from typing import Literal, NamedTuple

# Those keys of `data.policies` that a file's content can come under.
UnusableKind = Literal["empty", "not_an_image", "unsupported_format", "corrupt", "too_many_pixels"]


class UnusableImageError(ValueError):
    """The bytes are no image that can be trained on.

    Attributes:
        kind: a key of `data.policies`.
        reason: a few words without a full stop; what `str()` gives.
    """

    def __init__(self, kind: UnusableKind, reason: str) -> None:
        super().__init__(kind, reason)
        self.kind = kind
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class ImageHeader(NamedTuple):
    """What the header of a usable image says.

    Attributes:
        format: "JPEG", "PNG", "GIF", "BMP", "WEBP" or "TIFF".
        width, height: pixels, as stored, before the orientation is applied.
        channels: as stored; 1 for a palette, 4 for a CMYK JPEG or a PNG with colours and alpha.
        bits: a channel; 8 for a palette.
        palette: colours come from a table of more than the plain grays.
        alpha: has transparency.
        cmyk: the channels are inks.
        animated: at least two frames or pages.
        orientation: of the Exif or TIFF tag, 1 to 8; 1 when absent or invalid.
        decodable: `tf.io.decode_image` gives the first frame's pixels from the bytes as they are.
    """

    format: str
    width: int
    height: int
    channels: int
    bits: int = 8
    palette: bool = False
    alpha: bool = False
    cmyk: bool = False
    animated: bool = False
    orientation: int = 1
    decodable: bool = True


def corrupt(reason: str) -> UnusableImageError:
    """A damaged or truncated file."""
    return UnusableImageError("corrupt", reason)


def unsupported(what: str) -> UnusableImageError:
    """A whole image of a format, or a kind of it, that cannot be used."""
    return UnusableImageError("unsupported_format", f"{what} cannot be used; convert it to JPEG or PNG")
