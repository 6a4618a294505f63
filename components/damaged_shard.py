"""What is told of a shard that somebody, or a disk, has damaged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from components.contract import ConfigError

if TYPE_CHECKING:
    from tfx.types.artifact import Artifact

# Where Beam's reader says what is wrong; the record itself follows, in hexadecimal digits.
_BEAMS_WORDS: Final = "Not a valid TFRecord. "


def damaged_shard(folder: Path, examples: Path, what: str) -> ConfigError:
    """The error to raise.

    Args:
        folder: that the shard lies in.
        examples: the artifact that it is part of.
        what: is amiss, in a few words.
    """
    return ConfigError(
        f"A shard in {folder} is damaged ({what}). Bring it back, or delete the folder {examples}, and it is "
        "made anew."
    )


@contextmanager
def damaged_shards_told(examples: Sequence[Artifact]) -> Iterator[None]:
    """Has Beam's errors about records name the artifact, and not the record's bytes.

    Args:
        examples: what is read.

    Raises:
        ConfigError: in their place.
    """
    try:
        yield
    except Exception as error:  # Beam has wrapped it in whatever its runner likes.
        _, words, what = str(error).partition(_BEAMS_WORDS)
        if not words or not examples:
            raise
        folder = Path(examples[0].uri)
        raise damaged_shard(folder, folder, what.partition(":")[0]) from error
