"""Which layout a folder has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from components.contract import ConfigError, DataError
from components.image_folder.files.file_names import has_image_extension
from components.image_folder.files.given_splits import split_called
from components.image_folder.files.image_store import FolderItem, ImageStore
from components.image_folder.files.layouts.class_folders import list_class_folders, list_split_folders
from components.image_folder.files.layouts.found import Found
from components.image_folder.files.layouts.manifest_file import (
    EXTENSIONS,
    has_needed_columns,
    is_manifest,
    is_manifest_in_folder,
    list_manifest,
)
from components.image_folder.files.layouts.name_rule import joined, judge_item, scan_top, shown
from components.image_folder.files.layouts.sidecar import is_sidecar, list_sidecars
from components.image_folder.findings import printable
from components.image_folder.settings import DataSettings, LayoutName

_LISTERS: Final[dict[LayoutName, Callable[[ImageStore, str, DataSettings], Found]]] = {
    "class_folders": list_class_folders,
    "split_folders": list_split_folders,
    "sidecar": list_sidecars,
}
_NAMES_SHOWN: Final = 4


def list_place(store: ImageStore, place: str, item: FolderItem, settings: DataSettings) -> Found:
    """Lists a folder or a manifest file, by the layout that is set or that it has.

    Args:
        store: holds it.
        place: its path.
        item: what lies there.
        settings: which layout, and the policies.

    Raises:
        ConfigError: nothing that can be listed, or no telling which layout it has.
        DataError: the layout does not fit, or what the layout refuses.
    """
    if item.kind != "folder":
        if item.kind != "file" or not is_manifest(item.name) or settings.layout not in ("auto", "manifest"):
            raise ConfigError(
                f"{shown(store, place)} is {item.reason or 'a file'}. Give the folder of the images, "
                f"or a manifest ({', '.join(EXTENSIONS)}) with data.layout=manifest or auto."
            )
        return list_manifest(store, _folder_of(place), item, settings)
    layout = detect(store, place, settings) if settings.layout == "auto" else settings.layout
    if layout == "manifest":
        return list_manifest(store, place, _manifest_in(store, place), settings)
    return _LISTERS[layout](store, place, settings)


def detect(store: ImageStore, folder: str, settings: DataSettings) -> LayoutName:
    """The layout that a folder has, going by what lies at its top and in its split folders.

    A manifest, image files with text files of the same name, and two or more
    folders are each a sign of their own layout; folders that are all called
    like splits are split folders if class folders lie in each. Where none of
    these is there, it is a folder of class folders that lacks something.
    A class may be called like a split, and have folders in it; two are splits.

    Raises:
        ConfigError: there are signs of several layouts, folders that are called like splits and hold no
            class folders, or split folders beside others.
    """
    items = scan_top(store, folder)
    folders = _used_folders(folder, items, settings)
    files = [item.name for item in items if item.kind == "file"]
    manifests = [item for item in items if item.kind == "file" and is_manifest_in_folder(item.name)]
    manifests = [item for item in manifests if has_needed_columns(store, folder, item)]
    stems = {name.rpartition(".")[0] for name in files if is_sidecar(name)}
    pairs = [name for name in files if has_image_extension(name) and name.rpartition(".")[0] in stems]
    signs: dict[LayoutName, str] = {}
    if manifests:
        signs["manifest"] = f"a manifest ({_some([item.name for item in manifests])})"
    if pairs:
        signs["sidecar"] = f"images with text files ({_some(pairs)})"
    splits = [name for name in folders if split_called(name)]
    with_classes = [name for name in splits if _holds_folders(store, joined(folder, name), settings)]
    if len(splits) < len(folders):
        if len(with_classes) > 1 and not signs:
            others = [name for name in folders if name not in with_classes]
            raise ConfigError(
                f"{shown(store, folder)} holds split folders ({_some(with_classes)}) beside others "
                f"({_some(others)}). Move the others elsewhere; or, if all of them are classes, use "
                "data.layout=class_folders."
            )
    elif splits:
        if len(with_classes) == len(folders):
            signs["split_folders"] = f"split folders ({_some(folders)})"
        elif len(folders) > 1 and not signs:
            raise ConfigError(
                f"{shown(store, folder)} holds folders called like splits ({_some(folders)}), but not all of "
                "them hold class folders. Put the images of each split into class folders, such as "
                f"{folders[0]}/cat; or, if these are the classes, use data.layout=class_folders."
            )
    if len(folders) > 1 and "split_folders" not in signs:
        signs["class_folders"] = f"folders that could be classes ({_some(folders)})"
    if len(signs) > 1:
        raise ConfigError(
            f"{shown(store, folder)} holds {' and '.join(signs.values())}. "
            f"Say which of them counts with {' or '.join(f'data.layout={layout}' for layout in signs)}."
        )
    return next(iter(signs), "class_folders")


def _manifest_in(store: ImageStore, folder: str) -> FolderItem:
    named = [
        item for item in scan_top(store, folder) if item.kind == "file" and is_manifest_in_folder(item.name)
    ]
    where = shown(store, folder)
    if not named:
        raise DataError(
            f"{where} holds no manifest. Call it manifest.csv, .tsv or .jsonl, or name it as data.images."
        )
    # Of none that has the columns, the first one says what it lacks.
    fitting = [item for item in named if has_needed_columns(store, folder, item)] or named[:1]
    if len(fitting) > 1:
        names = _some([item.name for item in fitting])
        raise ConfigError(f"{where} holds several manifests ({names}). Name the one to use as data.images.")
    return fitting[0]


def _used_folders(folder: str, items: Sequence[FolderItem], settings: DataSettings) -> list[str]:
    return [
        item.name
        for item in items
        if item.kind == "folder" and judge_item(joined(folder, item.name), item, settings.policies)[0]
    ]


def _holds_folders(store: ImageStore, folder: str, settings: DataSettings) -> bool:
    (items,) = store.scan([folder])
    return not isinstance(items, OSError) and bool(_used_folders(folder, items, settings))


def _some(names: Sequence[str]) -> str:
    listed = ", ".join(printable(name) for name in names[:_NAMES_SHOWN])
    return listed + (", …" if len(names) > _NAMES_SHOWN else "")


def _folder_of(place: str) -> str:
    return place.rpartition("/")[0]
