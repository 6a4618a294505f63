"""From `data.images` to all images with their labels. Reads directories and label files, never an image."""

from __future__ import annotations

from operator import attrgetter

from components.contract import ConfigError, DataError
from components.image_folder.files.given_splits import leave_open
from components.image_folder.files.image_store import FolderItem, ImageStore
from components.image_folder.files.label_names import (
    find_clashes,
    order_labels,
    read_pinned_labels,
    require_pinned,
)
from components.image_folder.files.layouts.detect import list_place
from components.image_folder.files.layouts.found import Found
from components.image_folder.files.layouts.joined_spans import join_spans
from components.image_folder.files.layouts.name_rule import shown
from components.image_folder.files.layouts.spans import SPAN, SpanPattern, find_spans
from components.image_folder.files.listing import Listing
from components.image_folder.files.open_store import open_store
from components.image_folder.frozen_garbage import frozen_garbage
from components.image_folder.settings import DataSettings


@frozen_garbage()
def list_images(settings: DataSettings) -> Listing:
    """Lists the images that the settings name.

    Findings carry the action that their policy comes to, `fail` too; what
    to do about a refused one is the caller's business.

    Args:
        settings: with `images` set to a folder, a manifest file, or a URI of either.

    Raises:
        ConfigError: no such folder, one that cannot be read, or no telling what layout it has.
        DataError: images or labels that cannot be made sense of.
    """
    images = settings.images
    if images is None:
        raise ValueError("data.images is not set")
    pinned = read_pinned_labels(settings.labels.file) if settings.labels.file else None
    if SPAN in images:
        store, spans = find_spans(settings, SpanPattern.parse(images))
        founds = {span: _list(store, place, settings) for span, place in spans.items()}
        found = join_spans(founds, settings.policies)
    else:
        if settings.span is not None or settings.window != 1:
            raise ConfigError(f"data.span and data.window need {SPAN} in data.images, such as photos/{SPAN}.")
        spans = {}
        store, place = _open(images)
        found = _list(store, place, settings)
    if settings.labels.strip_prefix and found.layout in ("manifest", "sidecar"):
        # Ids never move, so labels that were to be others would stay so.
        raise ConfigError(
            "data.labels.strip_prefix takes a prefix off the names of class folders, and the labels of "
            f"{images} do not come from such (data.layout={found.layout}). Change them there, and leave "
            "the setting out."
        )
    if not found.files:
        raise DataError(f"{images} holds no image that can be used{found.passed_over()}.")
    labels = order_labels(found.names)
    if pinned is not None:
        require_pinned(labels, pinned, str(settings.labels.file))
        labels = pinned
    if len(labels) < 2:
        hint = "" if spans else _one_level_down(found, store)
        raise DataError(
            f"{images} holds one class only, '{labels[0]}'{found.passed_over()}. "
            f"A classifier needs at least two.{hint}"
        )
    files, open_splits = leave_open(found.files, images)
    findings = [*found.findings, *find_clashes(sorted(labels), settings.policies)]
    return Listing(
        root=store.root,
        layout=found.layout,
        spans=tuple(spans),
        files=sorted(files, key=attrgetter("path")),
        labels=labels,
        findings=tuple(sorted(findings, key=attrgetter("file", "kind"))),
        open_splits=open_splits,
    )


def _open(images: str) -> tuple[ImageStore, str]:
    """The store for a folder, or for the folder that a manifest file lies in; and the place in it."""
    store = open_store(images)
    if _look_up(store, "").kind == "folder":
        return store, ""
    folder, _, name = store.root.rpartition("/")
    return open_store(folder or "/"), name


def _list(store: ImageStore, place: str, settings: DataSettings) -> Found:
    return list_place(store, place, _look_up(store, place), settings)


def _look_up(store: ImageStore, place: str) -> FolderItem:
    (item,) = store.look_up([place])
    where = shown(store, place)
    if isinstance(item, FileNotFoundError | NotADirectoryError):
        raise ConfigError(
            f"There is no folder {where}. Give the folder that holds one folder a class."
        ) from item
    if isinstance(item, OSError):
        raise ConfigError(f"{where} cannot be read: {item.strerror}.") from item
    if item.kind == "broken":
        raise ConfigError(f"{where} cannot be read: {item.reason}.")
    return item


def _one_level_down(found: Found, store: ImageStore) -> str:
    """What to try with a single class folder that holds several folders and no image of its own."""
    (name,) = found.names.values()
    below = {file.path.removeprefix(f"{name}/").rpartition("/")[0].partition("/")[0] for file in found.files}
    if found.layout != "class_folders" or len(below) < 2 or "" in below:
        return ""
    return f" If the folders in it are the classes, give {shown(store, name)} instead."
