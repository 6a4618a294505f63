"""`imgclf augment preview`: what the random changes look like, before anything is trained on them."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from components.contract import ConfigError, DataError
from components.image_folder.files.file_names import has_image_extension
from components.image_folder.files.image_store import FileChangedError
from components.image_folder.files.list_images import list_images
from components.image_folder.files.listing import ImageFile, Listing
from components.image_folder.files.open_store import open_store
from components.image_folder.headers.image_header import UnusableImageError
from components.image_folder.inspection.ingested_bytes import as_ingested
from components.image_folder.settings import LimitSettings
from pipeline.config import load_config
from pipeline.output_capture import captured_output, quiet_tensorflow
from pipeline.preparation.data_facts import data_facts
from pipeline.preparation.preflight import resolve_data
from pipeline.preparation.presets import with_preset

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class PreviewRequest:
    """What the user asked for.

    Attributes:
        images: folder, manifest file or URI; None to take it from the configuration.
        config: YAML file; None for the defaults.
        overrides: `key=value`.
        output: PNG file to write.
        count: images to show.
        seed: another one shows other images, changed in other ways; None for the configuration's.
    """

    images: str | None = None
    config: Path | None = None
    overrides: Sequence[str] = field(default=())
    output: Path = Path("augmentation.png")
    count: int = 4
    seed: int | None = None


def preview(request: PreviewRequest) -> None:
    """Writes a sheet with a few images, changed by each op and by all of them.

    Raises:
        ConfigError: a wrong setting, nothing to preview, no such images, or a file that cannot be written.
        DataError: no image that can be decoded.
    """
    _require_writable(request.output)
    config = load_config(request.config, request.overrides)
    data = resolve_data(config.data, request.images)
    listing = list_images(data)
    if config.preset is not None:
        config, _ = with_preset(config, data_facts(listing, data))
    augmentation = config.training.augmentation
    if not augmentation.chosen_ops:
        raise ConfigError(
            "training.augmentation changes nothing, so there is nothing to preview. Choose a preset with "
            "--set training.augmentation.preset=standard, or list ops."
        )
    seed = config.seed if request.seed is None else request.seed
    # TensorFlow's decoders write to standard error about each file that they refuse.
    with captured_output(Path(os.devnull)):
        quiet_tensorflow()
        from trainer.augmentation.preview import preview_sheet

        shown = _decoded(listing, data.limits, request.count, config.model.input_size, seed)
        sheet = preview_sheet(shown, augmentation, seed)
    try:
        sheet.save(request.output)
    except OSError as error:
        raise ConfigError(f"--output {request.output} cannot be written: {error.strerror}.") from error
    ops = len(augmentation.chosen_ops)
    typer.echo(
        f"{request.output}: {len(shown)} images, changed by {ops} op{'s' if ops > 1 else ''}, "
        f"{sheet.width} × {sheet.height} pixels"
    )


def _require_writable(output: Path) -> None:
    if output.is_dir() or output.suffix.lower() != ".png":
        raise ConfigError(f"--output {output} has to name a PNG file, such as augmentation.png.")
    if not output.absolute().parent.is_dir():
        raise ConfigError(f"--output {output}: there is no folder {output.parent}.")


def _decoded(
    listing: Listing, limits: LimitSettings, count: int, size: int, seed: int
) -> list[tuple[str, np.ndarray]]:
    """As many images as are asked for, or as there are: (path, pixels uint8 [size, size, 3])."""
    import tensorflow as tf

    from trainer.image_ops import load_images

    store = open_store(listing.root)
    decoded: list[tuple[str, np.ndarray]] = []
    for file in _drawn(listing, seed):
        if file.size > limits.max_bytes:
            continue
        try:
            data = as_ingested(store.read(file), limits.max_pixels)
            pixels = load_images(tf.constant([data]), size)
        except (OSError, FileChangedError, UnusableImageError, tf.errors.InvalidArgumentError):
            continue
        name = file.path.encode("utf-8", "backslashreplace").decode()
        decoded.append((name, pixels[0].numpy()))
        if len(decoded) == count:
            break
    if not decoded:
        raise DataError(
            f"No image of {listing.root} can be decoded here. See what is amiss with: imgclf data check."
        )
    return decoded


def _drawn(listing: Listing, seed: int) -> Iterator[ImageFile]:
    """All images in random order, but of one class after the other."""
    by_label: dict[str, list[ImageFile]] = defaultdict(list)
    for file in listing.files:
        if has_image_extension(file.path):
            by_label[file.label].append(file)
    draw = random.Random(seed)
    shuffled = [draw.sample(by_label[label], len(by_label[label])) for label in sorted(by_label)]
    for turn in range(max(map(len, shuffled), default=0)):
        for files in shuffled:
            yield from files[turn : turn + 1]
