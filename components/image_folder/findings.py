"""A finding: what is amiss with one file, and what was done about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from components.image_folder.policies import Policy

# What became of the file. `refused`: its policy is `fail`, so the run stops.
Action = Literal["kept", "repaired", "set aside", "refused"]
# Kinds of finding about what does not even claim to be an image.
NO_IMAGE: Final = frozenset({"hidden_file", "other_file"})


@dataclass(frozen=True, slots=True)
class Finding:
    """What is amiss with one file.

    Attributes:
        file: path relative to the root, with "/"; a folder's ends with "/".
        kind: a key of `data.policies`.
        reason: a few words without a full stop.
        action: what was done about it.
    """

    file: str
    kind: str
    reason: str
    action: Action = "set aside"


def action_of(policy: Policy, *, repaired: bool = False) -> Action:
    """What a policy comes to; `repaired` when the image could not be used as it is."""
    if policy == "keep":
        return "repaired" if repaired else "kept"
    return "refused" if policy == "fail" else "set aside"


def is_printable(text: str) -> bool:
    """Whether a name can be shown as it is.

    Joiners count as printable: Persian and the scripts of India spell words with them, and emoji are made
    of them.
    """
    return text.isprintable() or without_joiners(text).isprintable()


def without_joiners(text: str) -> str:
    """The text without zero-width joiners and non-joiners (U+200D and U+200C)."""
    return text.replace("\u200c", "").replace("\u200d", "")


def printable(text: str) -> str:
    """A file's name as text that any output can take.

    Bytes that are not UTF-8 and characters that cannot be printed become escapes.
    """
    whole = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(char if is_printable(char) else char.encode("unicode_escape").decode() for char in whole)
