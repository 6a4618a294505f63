"""What has to be known of all images at once, to find what they have in common."""

from __future__ import annotations

from typing import Final, NamedTuple

from components.image_folder.records.manifest import Entry

_INDISTINCT: Final = frozenset({"dark", "bright", "low_information"})


class Candidate(NamedTuple):
    """An image that can be used by itself.

    Attributes:
        path, label: as listed.
        sha256: digest of the file's bytes: 32 bytes.
        split: where it belongs by itself.
        given: whether the layout says so.
        perceptual_hash: 32 bytes; none for an image that cannot be told from others by it.
    """

    path: str
    label: str
    sha256: bytes
    split: str
    given: bool
    perceptual_hash: bytes

    @staticmethod
    def of(entry: Entry) -> Candidate:
        """From the entry of an image that has a split."""
        assert entry.split is not None
        # All images with nothing on them look alike.
        indistinct = any(kind in _INDISTINCT for kind, _ in entry.findings) if entry.findings else False
        return Candidate(
            entry.path,
            entry.label,
            bytes.fromhex(entry.sha256),
            entry.split,
            entry.given_split is not None,
            b"" if indistinct else bytes.fromhex(entry.perceptual_hash),
        )
