"""A folder a class, and such folders below folders of splits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from components.contract import DataError
from components.image_folder.files.given_splits import SPLIT_NAMES, split_called
from components.image_folder.files.image_store import FolderItem, ImageStore
from components.image_folder.files.label_names import labels_of_folders, order_labels
from components.image_folder.files.layouts.found import Found
from components.image_folder.files.layouts.name_rule import joined, judge_item, scan_top, shown
from components.image_folder.files.listing import ImageFile
from components.image_folder.findings import Finding, action_of, printable
from components.image_folder.policies import PolicySettings
from components.image_folder.settings import DataSettings


@dataclass(frozen=True)
class Subfolder:
    """A folder to descend into.

    Attributes:
        path: relative to the store's root.
        real: where it really is.
        above: the real folders from which links led here.
    """

    path: str
    real: str
    above: tuple[str, ...] = ()

    def below(self, item: FolderItem) -> Subfolder:
        """The folder that lies in this one."""
        path = joined(self.path, item.name)
        if item.target is None:
            return Subfolder(path, f"{self.real}/{item.name}", self.above)
        return Subfolder(path, item.target, (*self.above, self.real))

    def lies_below_itself(self) -> bool:
        """Whether a link led from within this folder back to it."""
        return any(place == self.real or place.startswith(f"{self.real}/") for place in self.above)


@dataclass
class _ClassFolder:
    folder: Subfolder
    split: str | None
    # Real folders seen so far. A link to one of them would list the same again, or go in circles.
    entered: set[str] = field(default_factory=set)

    @cached_property
    def name(self) -> str:
        return _name(self.folder.path)


def list_class_folders(store: ImageStore, folder: str, settings: DataSettings) -> Found:
    """Lists a folder of class folders; images may lie at any depth below them.

    Raises:
        DataError: no class folder, or one without an image file.
    """
    found = Found("class_folders")
    top = _top(store, folder)
    items = scan_top(store, folder)
    classes = [_ClassFolder(sub, None) for sub in _visible_folders(top, items, settings.policies, found)]
    return _list_classes(store, folder, classes, settings, found)


def list_split_folders(store: ImageStore, folder: str, settings: DataSettings) -> Found:
    """Lists folders of splits, each a folder of class folders.

    Raises:
        DataError: a folder that is called like no split or holds no image, two for the same split, or what
            `list_class_folders` refuses.
    """
    found = Found("split_folders")
    where = shown(store, folder)
    top = _top(store, folder)
    folders: dict[str, Subfolder] = {}
    for sub in _visible_folders(top, scan_top(store, folder), settings.policies, found):
        name = _name(sub.path)
        split = split_called(name)
        if split is None:
            raise DataError(
                f"'{printable(name)}' in {where} is not called like a split ({', '.join(SPLIT_NAMES)}). "
                "Rename or remove it, or use data.layout=class_folders if these are classes."
            )
        if split in folders:
            raise DataError(
                f"'{_name(folders[split].path)}' and '{name}' in {where} stand for the same split, {split}. "
                "Put them together."
            )
        folders[split] = sub
    classes: list[_ClassFolder] = []
    in_split = store.scan([sub.path for sub in folders.values()])
    for (split, sub), items in zip(folders.items(), in_split, strict=True):
        if isinstance(items, OSError):
            found.findings.append(_unreadable(sub.path, items, settings.policies))
            continue
        inside = _visible_folders(sub, items, settings.policies, found)
        classes += [_ClassFolder(class_folder, split) for class_folder in inside]
    _list_classes(store, folder, classes, settings, found)
    for split, sub in folders.items():
        if not any(file.split == split for file in found.files):
            raise DataError(
                f"The split folder '{_name(sub.path)}' in {where} holds no image file. "
                "Add class folders with images to it or remove it."
            )
    return found


def _top(store: ImageStore, folder: str) -> Subfolder:
    return Subfolder(folder, f"{store.real_root}/{folder}" if folder else store.real_root)


def _visible_folders(
    top: Subfolder, items: Sequence[FolderItem], policies: PolicySettings, found: Found
) -> list[Subfolder]:
    """The folders to descend into; what else lies beside them becomes a finding."""
    folders = []
    for item in items:
        used, finding = judge_item(joined(top.path, item.name), item, policies)
        if used and item.kind == "folder":
            sub = top.below(item)
            if sub.lies_below_itself():
                used, finding = False, _goes_in_circles(sub.path, policies)
            else:
                folders.append(sub)
        elif used:
            path = printable(joined(top.path, item.name))
            finding = Finding(path, "unlabelled", "lies in no class folder", action_of(policies.unlabelled))
        if finding is not None:
            found.findings.append(finding)
    return folders


def _list_classes(
    store: ImageStore, folder: str, classes: Sequence[_ClassFolder], settings: DataSettings, found: Found
) -> Found:
    where = shown(store, folder)
    names = {each.name for each in classes}
    labels = labels_of_folders(sorted(names), settings.labels.strip_prefix)
    if not names:
        raise DataError(
            f"{where} holds no class folders{found.passed_over()}. Put the images of each class into a "
            f"folder of its own, for example {where}/cat and {where}/dog."
        )
    found.names = {label: name for name, label in labels.items()}
    for each, path, item in _images(store, classes, settings.policies, found.findings):
        found.files.append(ImageFile(path, labels[each.name], item.size, item.modified, each.split))
    with_images = {file.label for file in found.files}
    for label in order_labels(found.names):
        if label not in with_images:
            name = found.names[label]
            raise DataError(
                f"The class folder '{name}' in {where} holds no image file{found.passed_over(name)}. "
                "Add images to it or remove it."
            )
    return found


def _images(
    store: ImageStore, classes: Sequence[_ClassFolder], policies: PolicySettings, findings: list[Finding]
) -> Iterator[tuple[_ClassFolder, str, FolderItem]]:
    """Every image with its path, level by level, so that a remote store can list many folders at a time."""
    level = [(each, each.folder) for each in classes]
    while level:
        below: list[tuple[_ClassFolder, Subfolder]] = []
        for (each, folder), items in zip(level, store.scan([sub.path for _, sub in level]), strict=True):
            if isinstance(items, OSError):
                findings.append(_unreadable(folder.path, items, policies))
                continue
            for item in items:
                path = f"{folder.path}/{item.name}"
                used, finding = judge_item(path, item, policies)
                if used and item.kind == "folder":
                    sub = folder.below(item)
                    if item.target is not None and (sub.lies_below_itself() or sub.real in each.entered):
                        finding = _goes_in_circles(path, policies)
                    else:
                        each.entered.add(sub.real)
                        below.append((each, sub))
                elif used:
                    yield each, path, item
                if finding is not None:
                    findings.append(finding)
        level = below


def _unreadable(path: str, error: OSError, policies: PolicySettings) -> Finding:
    return Finding(f"{printable(path)}/", "unreadable", str(error.strerror), action_of(policies.unreadable))


def _goes_in_circles(path: str, policies: PolicySettings) -> Finding:
    reason = "a link to a folder that is listed already"
    return Finding(f"{printable(path)}/", "unreadable", reason, action_of(policies.unreadable))


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]
