"""Images as placement sees them, for the tests of it."""

from __future__ import annotations

import hashlib

from components.image_folder.settings import DataSettings
from components.image_folder.splits.placement import Placement, place
from components.image_folder.splits.placement_candidate import Candidate

HASHES = {
    "x": bytes(32),
    "x1": bytes(31) + b"\x01",  # 1 bit from x
    "x2": bytes(31) + b"\x03",  # 2 bits from x, 1 from x1
    "y": b"\x0f" * 32,
}


def an_image(path: str, content: str, picture: str, split: str = "train", given: bool = False) -> Candidate:
    digest = hashlib.sha256(content.encode()).digest()
    return Candidate(path, path.split("/")[0], digest, split, given, HASHES[picture])


def placed(*images: Candidate, **policies: str) -> Placement:
    return place(images, DataSettings(policies=policies))  # type: ignore[arg-type]


def told(placement: Placement) -> set[tuple[str, str, str]]:
    return {(finding.file, finding.kind, finding.action) for finding in placement.findings}


def hash_of(*bits: range) -> bytes:
    """The perceptual hash with these bits set."""
    return sum(1 << bit for some in bits for bit in some).to_bytes(32, "big")


def near_image(
    path: str, digest: int, picture: bytes, split: str = "train", given: bool = False
) -> Candidate:
    """An image whose place in the order of the digests is known."""
    return Candidate(path, path.split("/")[0], bytes([digest]) * 32, split, given, picture)
