"""What several images have in common, and so which of them stay, in which split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from components.contract import EVAL, TEST, TRAIN
from components.image_folder.data_report import NearDuplicatePair
from components.image_folder.findings import Finding, action_of, printable
from components.image_folder.manifest import Entry
from components.image_folder.near_duplicates import near_pairs
from components.image_folder.settings import DataSettings

# The further from training, the more an image is worth: it is what the model is judged by.
_HELD_OUT: Final = {TRAIN: 0, EVAL: 1, TEST: 2}


@dataclass
class Placement:
    """What to do with images once all of them are known.

    Attributes:
        moved: path → split, or None for images to leave out, where that is
            not what the image's own content says.
        copies: paths left out because the same image stays under another path.
        findings: about images that have something in common.
        pairs: near-duplicates among the images that stay, closest first.
    """

    moved: dict[str, str | None] = field(default_factory=dict)
    copies: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    pairs: list[NearDuplicatePair] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Image:
    """As much of an entry as has to be in memory for all images at once."""

    path: str
    label: str
    sha256: bytes
    split: str
    given: bool
    perceptual_hash: bytes


def place(entries: Iterable[Entry], settings: DataSettings) -> Placement:
    """Judges copies and near-duplicates.

    Args:
        entries: one a file, in any order; those without a split are passed over.
        settings: policies, and what counts as near.
    """
    images = sorted((_image(entry) for entry in entries if entry.split), key=lambda image: image.path)
    placement = Placement()
    _judge_copies(images, settings, placement)
    remaining = [
        image for image in images if image.perceptual_hash and placement.moved.get(image.path, "") is not None
    ]
    _judge_near_duplicates(remaining, settings, placement)
    return placement


def _image(entry: Entry) -> _Image:
    assert entry.split is not None
    indistinct = any(kind in ("dark", "bright", "low_information") for kind, _ in entry.findings)
    return _Image(
        entry.path,
        entry.label,
        bytes.fromhex(entry.sha256),
        entry.split,
        entry.given_split is not None,
        # All images with nothing on them look alike.
        b"" if indistinct else bytes.fromhex(entry.perceptual_hash),
    )


def _judge_copies(images: Sequence[_Image], settings: DataSettings, placement: Placement) -> None:
    by_content: defaultdict[bytes, list[_Image]] = defaultdict(list)
    for image in images:
        by_content[image.sha256].append(image)
    for same in by_content.values():
        if len({image.label for image in same}) > 1:
            for image in same:
                other = next(rival for rival in same if rival.label != image.label)
                reason = (
                    f"the same bytes lie under '{other.label}' too, as {printable(other.path)}: "
                    "the label is in doubt"
                )
                _leave_out(image, "label_conflict", reason, settings, placement)
            continue
        # The one furthest from training stays, and of those the first by name.
        kept, *copies = sorted(same, key=lambda image: -_HELD_OUT[image.split])
        for copy in copies:
            if copy.split != kept.split:
                reason = f"the same bytes are in the {kept.split} split, as {printable(kept.path)}"
                kind = "split_leak"
            else:
                reason = f"the same bytes as {printable(kept.path)}"
                kind = "duplicate"
            if _leave_out(copy, kind, reason, settings, placement):
                placement.copies.add(copy.path)


def _judge_near_duplicates(images: Sequence[_Image], settings: DataSettings, placement: Placement) -> None:
    limits = settings.near_duplicates
    alike = sorted(
        (distance, *sorted((first, second)))
        for first, second, distance in near_pairs(
            [image.perceptual_hash for image in images], limits.max_distance
        )
    )
    # Copies that a policy keeps stay together too, but are no news.
    found = [pair for pair in alike if images[pair[1]].sha256 != images[pair[2]].sha256]
    nearest: dict[int, tuple[int, int]] = {}
    for distance, first, second in found:
        nearest.setdefault(first, (second, distance))
        nearest.setdefault(second, (first, distance))
    for group in _groups([(first, second) for _, first, second in alike]):
        too_large = len(group) > limits.max_group
        if not too_large:
            _keep_on_one_side([images[position] for position in group], placement)
        for position in sorted(nearest.keys() & set(group)):
            other, distance = nearest[position]
            _judge_near_duplicate(
                images[position],
                images[other],
                f"nearly the same picture as {printable(images[other].path)}"
                + (f" under '{images[other].label}'" if images[other].label != images[position].label else "")
                + f" ({distance} of 256 bits differ)"
                + (f"; one of {len(group)} alike, too many to keep together" if too_large else ""),
                first_of_group=position == group[0],
                settings=settings,
                placement=placement,
            )
    placement.pairs = [
        NearDuplicatePair(printable(images[first].path), printable(images[second].path), distance)
        for distance, first, second in found
        if all(placement.moved.get(images[position].path, "") is not None for position in (first, second))
    ]


def _keep_on_one_side(group: Sequence[_Image], placement: Placement) -> None:
    """Moves the images whose split is open to that of one of them.

    That is the given split furthest from training if the layout gives any,
    and else what the content of the image with the smallest digest says:
    nothing else keeps the shares of the splits as they were asked for.
    """
    given = [image for image in group if image.given]
    anchor = (
        max(given, key=lambda image: _HELD_OUT[image.split])
        if given
        else min(group, key=lambda image: image.sha256)
    )
    for image in group:
        if not image.given and image.split != anchor.split:
            placement.moved[image.path] = anchor.split


def _judge_near_duplicate(
    image: _Image,
    other: _Image,
    reason: str,
    *,
    first_of_group: bool,
    settings: DataSettings,
    placement: Placement,
) -> None:
    if image.given and other.given and image.split != other.split:
        if _HELD_OUT[image.split] < _HELD_OUT[other.split]:
            _leave_out(image, "near_split_leak", f"{reason} in the {other.split} split", settings, placement)
    elif first_of_group and settings.policies.near_duplicate == "drop":
        placement.findings.append(Finding(printable(image.path), "near_duplicate", reason, "kept"))
    else:
        _leave_out(image, "near_duplicate", reason, settings, placement)


def _leave_out(image: _Image, kind: str, reason: str, settings: DataSettings, placement: Placement) -> bool:
    """Notes the finding, and takes the image out unless the policy is to keep it; says whether it did."""
    action = action_of(settings.policies.of(kind))
    placement.findings.append(Finding(printable(image.path), kind, reason, action))
    if action == "kept":
        return False
    placement.moved[image.path] = None
    return True


def _groups(pairs: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """Connected components, each sorted, in the order of their first member."""
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for first, second in pairs:
        one, other = sorted((root(first), root(second)))
        parent[other] = one
    members: defaultdict[int, list[int]] = defaultdict(list)
    for node in sorted(parent):
        members[root(node)].append(node)
    yield from members.values()
