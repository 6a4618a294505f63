"""One look at one file: read it once, find what is amiss, make its record."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from components.image_folder.files.image_store import FileChangedError, ImageStore
from components.image_folder.files.listing import ImageFile
from components.image_folder.findings import printable
from components.image_folder.headers.image_header import ImageHeader, UnusableImageError, read_header
from components.image_folder.inspection.examination_rules import ExaminationRules
from components.image_folder.inspection.odd_images import odd_pixels, odd_shape
from components.image_folder.records.example_encoding import encode_example
from components.image_folder.records.manifest import Entry
from components.image_folder.splits.split_assignment import split_within

if TYPE_CHECKING:
    from components.image_folder.inspection.reduced_decoding import TensorflowDecoder
    from components.image_folder.inspection.reduction import Pixels

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
Findings = tuple[tuple[str, str], ...]


class ReadFile(NamedTuple):
    """A file that was read.

    Attributes:
        file, label_id: as given.
        sha256: hexadecimal digest of the file's bytes; empty where they were not read.
        findings: kind and reason of what is amiss so far.
        header: of the file; None where it is no image that can be used.
        data: the bytes to store; empty when the image is not used.
        stored: header of `data`; None when the image is not used.
        pixels: uint8 [height, width, 3], reduced; None without `data.verify`.
    """

    file: ImageFile
    label_id: int
    sha256: str
    findings: Findings
    header: ImageHeader | None = None
    data: bytes = b""
    stored: ImageHeader | None = None
    pixels: Pixels | None = None


@dataclass(frozen=True)
class Examiner:
    """Looks at files, each by itself, in three steps.

    The first two spend their time in system calls, in hashing and in decoders,
    and can run in threads; the third spends it in Python, where threads would
    only wait for one another.

    Attributes:
        store: where the files are.
        rules: what is checked.
        labels: names in id order.
        ask_tensorflow: decodes what only TensorFlow can; None to do it in this process.
    """

    store: ImageStore
    rules: ExaminationRules
    labels: Sequence[str]
    ask_tensorflow: TensorflowDecoder | None = None

    def read(self, file: ImageFile, label_id: int) -> ReadFile:
        """Reads a file and its header; never fails on one.

        Args:
            file: as listed.
            label_id: position of its label in the label file.
        """
        rules = self.rules
        if file.size == 0:
            return _unusable(file, label_id, "empty", "the file is empty")
        if file.size > rules.max_bytes:
            reason = f"{file.size} bytes, where {rules.max_bytes} are allowed"
            return _unusable(file, label_id, "too_many_bytes", reason)
        try:
            data = self.store.read(file)
        except FileChangedError as error:
            return _unusable(file, label_id, "changed", str(error))
        except OSError as error:
            return _unusable(file, label_id, "unreadable", f"the file cannot be read ({error.strerror})")
        sha256 = hashlib.sha256(data).hexdigest()
        header = None
        try:
            header = read_header(data)
            if header.width * header.height > rules.max_pixels:
                reason = f"{header.width} x {header.height} is more than {rules.max_pixels} pixels"
                raise UnusableImageError("too_many_pixels", reason)
            findings = _findings_of_header(file.path, header)
            findings += odd_shape(header.width, header.height, self.rules.odd)
            # Whatever a policy takes out needs no decoding, which is most of the work.
            if not rules.all_kept(findings):
                return ReadFile(file, label_id, sha256, tuple(findings), header)
            stored = header
            if not header.decodable or header.orientation != 1:
                data, stored = _decodable(data, header)
        except UnusableImageError as error:
            return ReadFile(file, label_id, sha256, ((error.kind, error.reason),), header)
        return ReadFile(file, label_id, sha256, tuple(findings), header, data, stored)

    def decode(self, files: Sequence[ReadFile]) -> Sequence[ReadFile]:
        """Decodes those that are to be measured; the others stay as they are."""
        if not self.rules.verify:
            return files
        from components.image_folder.inspection.reduced_decoding import decode_reduced

        wanted = [(file.data, file.stored) for file in files if file.stored is not None]
        decoded = iter(decode_reduced(wanted, self.ask_tensorflow))
        return [file if file.stored is None else _with_pixels(file, next(decoded)) for file in files]

    def conclude(self, read: ReadFile) -> tuple[Entry, Example]:
        """Measures the image, and makes its tf.Example.

        Returns:
            The entry, and the tf.Example in pieces: none when the image is not used.
        """
        file, label_id, sha256, findings, header, data, stored, pixels = read
        measures, perceptual_hash = None, ""
        if pixels is not None and stored is not None:
            from components.image_folder.inspection.image_measures import measure

            measures, perceptual_hash = measure(pixels, stored)
            findings += tuple(odd_pixels(measures, self.rules.odd))
            if not self.rules.all_kept(findings):
                stored = None
        split = None
        example: Example = ()
        if stored is not None:
            split = file.split or split_within(sha256, self.rules.split_bounds)
            example = encode_example(
                data,
                stored,
                path=file.path,
                sha256=sha256 if stored is header else hashlib.sha256(data).hexdigest(),
                label=file.label,
                label_id=label_id,
            )
        file_format, width, height = _shape(header)
        entry = Entry(
            file.path,
            file.label,
            file.size,
            file.modified,
            file.split,
            label_id,
            sha256,
            findings,
            split,
            file_format,
            width,
            height,
            measures,
            perceptual_hash,
        )
        return entry, example


def _unusable(file: ImageFile, label_id: int, kind: str, reason: str) -> ReadFile:
    return ReadFile(file, label_id, "", ((kind, reason),))


def _decodable(data: bytes, header: ImageHeader) -> tuple[bytes, ImageHeader]:
    """The image as it is stored: the bytes as they are wherever the decoders take them."""
    from components.image_folder.inspection.transcode import needs_transcoding, to_png

    if not needs_transcoding(header):
        return data, header
    data = to_png(data, header)
    return data, read_header(data)


def _with_pixels(file: ReadFile, pixels: Pixels | UnusableImageError) -> ReadFile:
    if isinstance(pixels, UnusableImageError):
        # Findings about what is no image would only distract.
        return ReadFile(file.file, file.label_id, file.sha256, ((pixels.kind, pixels.reason),), file.header)
    return file._replace(pixels=pixels)


def _shape(header: ImageHeader | None) -> tuple[str, int, int]:
    """Format, width and height, upright."""
    if header is None:
        return "", 0, 0
    if header.orientation >= 5:
        return header.format, header.height, header.width
    return header.format, header.width, header.height


def _findings_of_header(path: str, header: ImageHeader) -> list[tuple[str, str]]:
    found = []
    _, dot, extension = path.rpartition("/")[2].rpartition(".")
    if dot and extension.lower() not in _EXTENSIONS[header.format]:
        reason = f"{header.format} data in a file named .{printable(extension.lower())}"
        found.append(("extension_mismatch", reason))
    if not header.decodable:
        reason = f"{header.format} that model servers do not take, turned into PNG for training"
        found.append(("foreign_format", reason))
    if header.bits > 8:
        found.append(("high_bit_depth", f"{header.bits} bits a channel, of which 8 are used"))
    if header.palette:
        found.append(("palette", "colours from a palette"))
    if header.alpha:
        found.append(("alpha", "transparency, which is not used"))
    if header.channels <= 2 and not header.palette:
        found.append(("grayscale", "gray, repeated over three channels"))
    if header.cmyk:
        found.append(("cmyk", "CMYK or YCCK, turned into RGB"))
    if header.animated:
        found.append(("animated", "several frames, of which the first is used"))
    if header.orientation != 1:
        found.append(("exif_rotation", f"EXIF orientation {header.orientation}, turned upright"))
    return found
