"""Everything that can be amiss with a file, and what happens then."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from components.settings import Settings

Policy = Literal["keep", "drop", "fail"]
# For what cannot be used as an image, whatever one wishes.
UnusablePolicy = Literal["drop", "fail"]

_DROP: Final[Literal["drop"]] = "drop"
_KEEP: Final[Literal["keep"]] = "keep"
_FAIL: Final[Literal["fail"]] = "fail"


class PolicySettings(Settings):
    """One policy a kind of finding.

    `keep`: the image is used, repaired where it has to be. `drop`: it is set
    aside. `fail`: one such file stops the run.
    """

    # What the folder holds.
    hidden_file: UnusablePolicy = Field(_DROP, description="A hidden file or folder, or one of the system's.")
    other_file: UnusablePolicy = Field(_DROP, description="A file without an image's extension.")
    not_regular_file: UnusablePolicy = Field(_DROP, description="A pipe, a socket or a device.")
    link_outside: Policy = Field(_DROP, description="A symbolic link that leads out of the folder.")
    unreadable: UnusablePolicy = Field(_DROP, description="A file or folder that cannot be read.")
    missing_file: UnusablePolicy = Field(_DROP, description="Listed in the manifest, but not there.")
    unlabelled: UnusablePolicy = Field(_DROP, description="An image for which no label is given.")
    unprintable_name: Policy = Field(
        _KEEP, description="A file name with line breaks, control characters or bytes that are not UTF-8."
    )
    changed: UnusablePolicy = Field(
        _FAIL, description="Removed or written to between being listed and being read."
    )
    class_name_clash: Literal["keep", "fail"] = Field(
        _FAIL,
        description="Class names that differ only in case, in how Unicode composes them or in joiners.",
    )
    # What cannot be used as an image.
    empty: UnusablePolicy = Field(_DROP, description="Zero bytes.")
    too_many_bytes: UnusablePolicy = Field(_DROP, description="Larger than `data.limits.max_bytes`.")
    too_many_pixels: UnusablePolicy = Field(_DROP, description="Larger than `data.limits.max_pixels`.")
    not_an_image: UnusablePolicy = Field(_DROP, description="Bytes of no known image format.")
    unsupported_format: UnusablePolicy = Field(
        _DROP, description="An image format that cannot be used: HEIC, AVIF, SVG, JPEG 2000, …"
    )
    corrupt: UnusablePolicy = Field(
        _DROP, description="Truncated or damaged: the decoder refuses it, or makes up part of the picture."
    )
    # What can be used, but is worth knowing.
    foreign_format: Policy = Field(
        _KEEP,
        description="WebP, TIFF, and BMPs and GIFs that TensorFlow would decode wrongly: turned into PNG, "
        "without loss in 8 bits, for training.",
    )
    extension_mismatch: Policy = Field(_KEEP, description="Another format than the extension says.")
    high_bit_depth: Policy = Field(_KEEP, description="More than 8 bits a channel; 8 are used.")
    palette: Policy = Field(_KEEP, description="Colours from a palette.")
    alpha: Policy = Field(_KEEP, description="Transparency, which is not used.")
    grayscale: Policy = Field(_KEEP, description="One channel; repeated to make three.")
    cmyk: Policy = Field(_KEEP, description="CMYK or YCCK, turned into RGB.")
    animated: Policy = Field(_KEEP, description="Several frames, of which the first is used.")
    exif_rotation: Policy = Field(
        _KEEP, description="Stored on its side; turned upright. Of JPEGs the served model does the same."
    )
    # What several files have in common.
    duplicate: Policy = Field(_DROP, description="The same bytes under the same label; one of them stays.")
    label_conflict: Policy = Field(_DROP, description="The same bytes under two labels; none of them stays.")
    split_leak: Policy = Field(
        _DROP, description="The same bytes in two given splits; the one further from training stays."
    )
    near_duplicate: Policy = Field(
        _KEEP,
        description="The same picture, nearly. Kept: on one side of the split. Dropped: one of them stays.",
    )
    near_split_leak: Policy = Field(_KEEP, description="Near-duplicates in two given splits.")
    # What is odd, by the limits in `data.odd`.
    dark: Policy = Field(_KEEP, description="Nearly black.")
    bright: Policy = Field(_KEEP, description="Nearly white.")
    low_information: Policy = Field(_KEEP, description="Hardly anything to be seen.")
    blurry: Policy = Field(_KEEP, description="Out of focus.")
    extreme_aspect_ratio: Policy = Field(_KEEP, description="Very long or very wide.")

    def of(self, kind: str) -> Policy:
        """The policy for a kind of finding."""
        policy: Policy = getattr(self, kind)
        return policy


KINDS: Final = tuple(PolicySettings.model_fields)
