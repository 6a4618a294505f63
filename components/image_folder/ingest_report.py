"""What ingest found, and whether that is enough to train on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from components.contract import SPLITS, DataError
from components.image_folder.duplicate_rule import DuplicateVerdict
from components.image_folder.manifest import Entry

_SHOWN = 3  # Files named in an error; all of them are in the report.


@dataclass(frozen=True)
class SetAside:
    """A file that was not used, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class IngestReport:
    """Counts of one ingest.

    Attributes:
        found: files with an image's extension.
        accepted: images written to a split.
        duplicates: further copies of an accepted image, left out.
        set_aside: files that could not be used; found = accepted + duplicates + len(set_aside).
        labels: label names in id order.
        counts: split → label → images.
    """

    found: int
    accepted: int
    duplicates: int
    set_aside: tuple[SetAside, ...]
    labels: tuple[str, ...]
    counts: dict[str, dict[str, int]]

    def write(self, path: Path) -> None:
        """Writes the report as JSON."""
        path.write_bytes(_REPORT.dump_json(self, indent=1))

    @staticmethod
    def read(path: Path) -> IngestReport:
        """Reads what `write` wrote."""
        return _REPORT.validate_json(path.read_bytes())


_REPORT = TypeAdapter(IngestReport)


def summarize(entries: Sequence[Entry], verdict: DuplicateVerdict, labels: Sequence[str]) -> IngestReport:
    """Counts what the manifests and the rule about duplicates say."""
    counts = {split: dict.fromkeys(labels, 0) for split in SPLITS}
    set_aside: list[SetAside] = []
    for entry in entries:
        reason = entry.reason or verdict.conflicts.get(entry.path)
        if reason is not None:
            set_aside.append(SetAside(printable(entry.path), printable(reason)))
        elif entry.path not in verdict.copies and entry.split is not None:
            counts[entry.split][entry.label] += 1
    return IngestReport(
        found=len(entries),
        accepted=sum(sum(by_label.values()) for by_label in counts.values()),
        duplicates=len(verdict.copies),
        set_aside=tuple(sorted(set_aside, key=lambda item: item.file)),
        labels=tuple(labels),
        counts=counts,
    )


def require_usable(report: IngestReport, max_set_aside: float) -> None:
    """Refuses data that nothing sensible can be trained on.

    Raises:
        DataError: a class or a split without an image, or more than the
            fraction `max_set_aside` of the files set aside.
    """
    for label in report.labels:
        if not any(by_label[label] for by_label in report.counts.values()):
            of_class = [item for item in report.set_aside if item.file.startswith(f"{label}/")]
            raise DataError(
                f"The class folder '{label}' holds no usable image. {_list(of_class)} "
                "Put usable images there or remove the folder."
            )
    fraction = len(report.set_aside) / report.found
    if fraction > max_set_aside:
        raise DataError(
            f"{len(report.set_aside)} of {report.found} files ({fraction:.1%}) cannot be used; "
            f"data.max_set_aside allows {max_set_aside:.1%}. {_list(report.set_aside)} "
            "Mend or remove them, or allow more with --set data.max_set_aside=FRACTION."
        )
    for split, by_label in report.counts.items():
        if not any(by_label.values()):
            raise DataError(
                f"The {split} split is empty: {report.accepted} images are too few to be divided. "
                f"Add images, or give it a larger share with data.splits.{split}."
            )


def printable(text: str) -> str:
    """A file's name as text that any output can take: bytes that are not UTF-8 become escapes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _list(items: Sequence[SetAside]) -> str:
    named = "; ".join(f"{item.file}: {item.reason}" for item in items[:_SHOWN])
    more = f"; and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return f"({named}{more}.)" if items else ""
