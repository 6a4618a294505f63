"""What several images have in common, and so which of them stay, in which split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from components.contract import EVAL, SPLITS, TEST, TRAIN
from components.image_folder.data_report import NearDuplicatePair
from components.image_folder.findings import Finding, action_of, printable
from components.image_folder.settings import DataSettings
from components.image_folder.splits.near_duplicates import near_pairs
from components.image_folder.splits.placement_candidate import Candidate
from components.image_folder.splits.split_assignment import DECIDING_BYTES

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
        pairs: near-duplicates among the images that stay, closest first; of a group that is too large to
            be kept together, some.
    """

    moved: dict[str, str | None] = field(default_factory=dict)
    copies: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    pairs: list[NearDuplicatePair] = field(default_factory=list)


def place(
    candidates: Iterable[Candidate], settings: DataSettings, open_splits: Collection[str] = SPLITS
) -> Placement:
    """Judges copies and near-duplicates.

    Args:
        candidates: all images that can be used by themselves, in any order.
        settings: policies, and what counts as near.
        open_splits: those that content decides on where the layout gives none.
    """
    images = sorted(candidates, key=attrgetter("path"))
    placement = Placement()
    _judge_copies(images, settings, placement)
    remaining = [
        image for image in images if image.perceptual_hash and placement.moved.get(image.path, "") is not None
    ]
    _judge_near_duplicates(remaining, settings, open_splits, placement)
    return placement


def _judge_copies(images: Sequence[Candidate], settings: DataSettings, placement: Placement) -> None:
    by_content: defaultdict[bytes, list[Candidate]] = defaultdict(list)
    for image in images:
        by_content[image.sha256].append(image)
    for same in by_content.values():
        if len(same) == 1:
            continue
        in_doubt = len({image.label for image in same}) > 1
        if in_doubt and _leave_out_of_doubt(same, settings, placement):
            continue
        # The one furthest from training stays, and of those the first by name.
        kept, *copies = sorted(same, key=lambda image: -_HELD_OUT[image.split])
        first_in = {kept.split: kept}
        for copy in copies:
            if first := first_in.get(copy.split):
                reason = f"the same bytes as {printable(first.path)}"
                left_out = not in_doubt and _leave_out(copy, "duplicate", reason, settings, placement)
            else:
                reason = f"the same bytes are in the {kept.split} split, as {printable(kept.path)}"
                left_out = _leave_out(copy, "split_leak", reason, settings, placement)
            if left_out:
                placement.copies.add(copy.path)
            else:
                first_in.setdefault(copy.split, copy)


def _leave_out_of_doubt(same: Sequence[Candidate], settings: DataSettings, placement: Placement) -> bool:
    for image in same:
        other = next(rival for rival in same if rival.label != image.label)
        reason = (
            f"the same bytes lie under '{other.label}' too, as {printable(other.path)}: the label is in doubt"
        )
        left_out = _leave_out(image, "label_conflict", reason, settings, placement)
    return left_out


def _judge_near_duplicates(
    images: Sequence[Candidate], settings: DataSettings, open_splits: Collection[str], placement: Placement
) -> None:
    limits = settings.near_duplicates
    alike = sorted(
        (distance, first, second)
        for first, second, distance in near_pairs(
            [image.perceptual_hash for image in images], limits.max_distance, limits.max_group
        )
    )
    # Copies that a policy keeps stay together too, but are no news.
    found = [pair for pair in alike if images[pair[1]].sha256 != images[pair[2]].sha256]
    nearest: dict[int, tuple[int, int]] = {}
    for distance, first, second in found:
        nearest.setdefault(first, (second, distance))
        nearest.setdefault(second, (first, distance))
    for group in _groups([(first, second) for _, first, second in alike]):
        reasons = {
            images[position].path: _likeness(
                images[position], images[nearest[position][0]], nearest[position][1]
            )
            for position in group
            if position in nearest
        }
        members = [images[position] for position in group]
        if len(members) > limits.max_group:
            _tell_of_large_group(members, reasons, settings, placement)
        else:
            _keep_on_one_side(members, open_splits, placement)
            _judge_group(members, reasons, settings, placement)
    placement.pairs = [
        NearDuplicatePair(printable(images[first].path), printable(images[second].path), distance)
        for distance, first, second in found
        if all(placement.moved.get(images[position].path, "") is not None for position in (first, second))
    ]


def _likeness(image: Candidate, other: Candidate, distance: int) -> str:
    label = f" under '{other.label}'" if other.label != image.label else ""
    return f"nearly the same picture as {printable(other.path)}{label} ({distance} of 256 bits differ)"


def _keep_on_one_side(group: Sequence[Candidate], open_splits: Collection[str], placement: Placement) -> None:
    """Moves the images whose split is open to that of one of them.

    That is the given split furthest from training if the layout gives any,
    and else what the content of one image says that is drawn by lot: nothing
    else keeps the shares of the splits as they were asked for. A split that
    the layout gives in full takes in no further image; those that are open
    then stay together at least.
    """
    movable = [image for image in group if not image.given]
    if not movable:
        return
    drawn = min(movable, key=_lot)
    given = [image for image in group if image.given]
    furthest = max(given, key=lambda image: _HELD_OUT[image.split], default=drawn)
    anchor = furthest if furthest.split in open_splits else drawn
    for image in movable:
        if image.split != anchor.split:
            placement.moved[image.path] = anchor.split


def _lot(image: Candidate) -> bytes:
    """The bytes of the digest that have no say in the image's split.

    Were it drawn by those that have, the smallest of several would nearly always lie in train.
    """
    return image.sha256[DECIDING_BYTES:]


def _judge_group(
    group: Sequence[Candidate], reasons: Mapping[str, str], settings: DataSettings, placement: Placement
) -> None:
    """Tells of near-duplicates that are still in different splits, and of the others."""

    def held_out(image: Candidate) -> int:
        return _HELD_OUT[placement.moved.get(image.path) or image.split]

    furthest = max(group, key=held_out)
    # Copies that a policy keeps have been told of as such.
    near = [image for image in group if image.path in reasons]
    leaks = [image for image in near if held_out(image) < held_out(furthest)]
    for image in leaks:
        where = placement.moved.get(furthest.path) or furthest.split
        reason = f"nearly the same picture as {printable(furthest.path)} in the {where} split"
        _leave_out(image, "near_split_leak", reason, settings, placement)
    remaining = [image for image in near if image not in leaks]
    for image in remaining:
        if image is remaining[0] and settings.policies.near_duplicate == "drop":
            placement.findings.append(
                Finding(printable(image.path), "near_duplicate", reasons[image.path], "kept")
            )
        else:
            _leave_out(image, "near_duplicate", reasons[image.path], settings, placement)


def _tell_of_large_group(
    group: Sequence[Candidate], reasons: Mapping[str, str], settings: DataSettings, placement: Placement
) -> None:
    """Notes findings about images that the hash cannot tell apart; too little is known to drop any."""
    given = max((_HELD_OUT[image.split] for image in group if image.given), default=0)
    for image in group:
        if image.path in reasons:
            kind = "near_split_leak" if _HELD_OUT[image.split] < given else "near_duplicate"
            reason = f"{reasons[image.path]}; one of {len(group)} alike, too many to keep together"
            if settings.policies.of(kind) == "fail":
                _leave_out(image, kind, reason, settings, placement)
            else:
                placement.findings.append(Finding(printable(image.path), kind, reason, "kept"))


def _leave_out(
    image: Candidate, kind: str, reason: str, settings: DataSettings, placement: Placement
) -> bool:
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
        parent[root(second)] = root(first)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for node in sorted(parent):
        members[root(node)].append(node)
    yield from members.values()
