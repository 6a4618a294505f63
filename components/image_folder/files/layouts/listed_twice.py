"""Which of several mentions of one file counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from components.contract import SPLITS
from components.image_folder.findings import Finding, action_of, printable
from components.image_folder.policies import PolicySettings


class Mention(Protocol):
    """What is said about a file in one place."""

    @property
    def where(self) -> str:
        """The place, such as "line 3 of the manifest"."""

    @property
    def label(self) -> str:
        """Label name; may be empty."""

    @property
    def split(self) -> str | None:
        """The split that it gives; None when the file's content decides."""


_Mention = TypeVar("_Mention", bound=Mention)


def the_one_that_counts(
    mentions: Sequence[_Mention], path: str, policies: PolicySettings
) -> tuple[_Mention | None, Finding | None]:
    """Of mentions that agree, the first; what is amiss with others becomes a finding.

    If two labels differ, it is a label conflict; if the splits do, a leak, of
    which the split further from training stays.

    Args:
        mentions: of one file, at least one.
        path: of the file.
        policies: what happens to which kind.

    Returns:
        The mention that counts, None when none does; and the finding, None when all agree.
    """
    first = mentions[0]
    for other in mentions[1:]:
        if other.label != first.label:
            reason = f"'{first.label}' in {first.where}, '{other.label}' in {other.where}"
            finding = Finding(printable(path), "label_conflict", reason, action_of(policies.label_conflict))
            return (first if policies.label_conflict == "keep" else None), finding
    for other in mentions[1:]:
        if other.split != first.split:
            order = [None, *SPLITS]
            last = max(mentions, key=lambda mention: order.index(mention.split))
            reason = f"in several splits, by {first.where} and {other.where}"
            refused = policies.split_leak == "fail"
            finding = Finding(printable(path), "split_leak", reason, "refused" if refused else "kept")
            return (None if refused else last), finding
    return first, None
