"""One look at one file: read it once, find what is amiss, make its record."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from components.image_folder.example_encoding import encode_example
from components.image_folder.findings import printable
from components.image_folder.image_header import ImageHeader, UnusableImageError, read_header
from components.image_folder.image_measures import Pixels, measure
from components.image_folder.image_store import FileChangedError, ImageStore
from components.image_folder.listing import ImageFile
from components.image_folder.manifest import Entry
from components.image_folder.odd_images import odd_pixels, odd_shape
from components.image_folder.policies import PolicySettings
from components.image_folder.reduced_decoding import decode_reduced
from components.image_folder.settings import DataSettings
from components.image_folder.split_assignment import assign_split
from components.image_folder.transcode import needs_transcoding, to_png

_EXTENSIONS: Final = {
    "JPEG": ("jpg", "jpeg", "jpe", "jfif"),
    "PNG": ("png", "apng"),
    "GIF": ("gif",),
    "BMP": ("bmp", "dib"),
    "WEBP": ("webp",),
    "TIFF": ("tif", "tiff"),
}

# An Example in pieces: what comes before the image, the image, what comes after it.
Example = tuple[bytes, ...]


class ReadFile(NamedTuple):
    """A file that was read.

    Attributes:
        entry: what is known of it so far.
        data: the bytes to store; empty when it cannot be used.
        header: of `data`; None when it cannot be used.
        transcoded: whether `data` are not the bytes that were read.
        pixels: uint8 [height, width, 3], reduced; None without `data.verify`.
    """

    entry: Entry
    data: bytes = b""
    header: ImageHeader | None = None
    transcoded: bool = False
    pixels: Pixels | None = None


@dataclass(frozen=True)
class Examiner:
    """Looks at files, each by itself, in three steps.

    The first two spend their time in system calls and in TensorFlow, and can run
    in threads; the third spends it in Python, where threads would only wait for
    one another.

    Attributes:
        store: where the files are.
        settings: what is checked.
        labels: names in id order.
        open_splits: those that content decides on where the layout gives none.
    """

    store: ImageStore
    settings: DataSettings
    labels: Sequence[str]
    open_splits: Sequence[str]

    def read(self, file: ImageFile, label_id: int) -> ReadFile:
        """Reads a file and its header; never fails on one.

        Args:
            file: as listed.
            label_id: position of its label in the label file.
        """
        entry = Entry(file.path, file.label, file.size, file.modified, file.split, label_id)
        if file.size == 0:
            return _unusable(entry, "empty", "the file is empty")
        if file.size > self.settings.limits.max_bytes:
            allowed = self.settings.limits.max_bytes
            return _unusable(entry, "too_many_bytes", f"{file.size} bytes, where {allowed} are allowed")
        try:
            data = self.store.read(file)
        except FileChangedError as error:
            return _unusable(entry, "changed", str(error))
        except OSError as error:
            return _unusable(entry, "unreadable", f"the file cannot be read ({error.strerror})")
        entry = entry._replace(sha256=hashlib.sha256(data).hexdigest())
        try:
            return self._inspect(entry, data)
        except UnusableImageError as error:
            return _unusable(entry, error.kind, printable(error.reason))

    def decode(self, files: Sequence[ReadFile]) -> list[ReadFile]:
        """Decodes those that are to be measured; the others stay as they are."""
        if not self.settings.verify:
            return list(files)
        wanted = [(file.data, file.header) for file in files if file.header is not None]
        decoded = iter(decode_reduced(wanted))
        return [file if file.header is None else _with_pixels(file, next(decoded)) for file in files]

    def conclude(self, file: ReadFile) -> tuple[Entry, Example]:
        """Measures the image, and makes its tf.Example.

        Returns:
            The entry, and the tf.Example in pieces: none when the image cannot be used.
        """
        entry, data, header, transcoded, pixels = file
        if header is None:
            return entry, ()
        facts: dict[str, Any] = {}
        if pixels is not None:
            measures, perceptual_hash = measure(pixels, header.orientation)
            odd = tuple(odd_pixels(measures, self.settings.odd))
            facts = {"measures": measures, "perceptual_hash": perceptual_hash}
            if odd:
                facts["findings"] = (*entry.findings, *odd)
                if not _all_kept(odd, self.settings.policies):
                    return entry._replace(**facts), ()
        split = entry.given_split or assign_split(entry.sha256, self.settings.splits, self.open_splits)
        example = encode_example(
            data,
            header,
            path=entry.path,
            sha256=hashlib.sha256(data).hexdigest() if transcoded else entry.sha256,
            label=entry.label,
            label_id=entry.label_id,
        )
        return entry._replace(**facts, split=split), example

    def _inspect(self, entry: Entry, data: bytes) -> ReadFile:
        settings = self.settings
        header = read_header(data)
        if header.width * header.height > settings.limits.max_pixels:
            raise UnusableImageError(
                "too_many_pixels",
                f"{header.width} x {header.height} is more than {settings.limits.max_pixels} pixels",
            )
        findings = (
            *_findings_of_header(entry.path, header),
            *odd_shape(header.width, header.height, settings.odd),
        )
        turned = header.orientation >= 5
        entry = entry._replace(
            findings=findings,
            format=header.format,
            width=header.height if turned else header.width,
            height=header.width if turned else header.height,
        )
        # Whatever a policy takes out needs no decoding, which is most of the work.
        if not _all_kept(findings, settings.policies):
            return ReadFile(entry)
        if transcoded := needs_transcoding(header):
            data = to_png(data, header)
            header = read_header(data)
        return ReadFile(entry, data, header, transcoded)


def _with_pixels(file: ReadFile, pixels: Pixels | UnusableImageError) -> ReadFile:
    if isinstance(pixels, UnusableImageError):
        return _unusable(file.entry, pixels.kind, pixels.reason)
    return file._replace(pixels=pixels)


def _unusable(entry: Entry, kind: str, reason: str) -> ReadFile:
    return ReadFile(entry._replace(findings=((kind, reason),)))


def _all_kept(findings: Sequence[tuple[str, str]], policies: PolicySettings) -> bool:
    return not findings or all(policies.of(kind) == "keep" for kind, _ in findings)


def _findings_of_header(path: str, header: ImageHeader) -> Iterator[tuple[str, str]]:
    extension = path.rpartition(".")[2].lower()
    if extension not in _EXTENSIONS[header.format]:
        yield "extension_mismatch", f"{header.format} data in a file named .{printable(extension)}"
    if not header.decodable:
        yield (
            "foreign_format",
            f"{header.format} that model servers do not take, turned into PNG for training",
        )
    if header.bits > 8:
        yield "high_bit_depth", f"{header.bits} bits a channel, of which 8 are used"
    if header.palette:
        yield "palette", "colours from a palette"
    if header.alpha:
        yield "alpha", "transparency, which is not used"
    if header.channels <= 2 and not header.palette:
        yield "grayscale", "gray, repeated over three channels"
    if header.cmyk:
        yield "cmyk", "CMYK or YCCK, turned into RGB"
    if header.animated:
        yield "animated", "several frames, of which the first is used"
    if header.orientation != 1:
        yield "exif_rotation", f"EXIF orientation {header.orientation}, turned upright"
