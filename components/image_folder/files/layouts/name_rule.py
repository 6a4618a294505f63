"""Whether what lies in a folder is used, going by its name and by what it is."""

from __future__ import annotations

from components.contract import ConfigError
from components.image_folder.files.file_names import has_image_extension, is_hidden
from components.image_folder.files.image_store import FolderItem, ImageStore
from components.image_folder.findings import Finding, action_of, is_printable, printable
from components.image_folder.policies import PolicySettings


def scan_top(store: ImageStore, folder: str) -> list[FolderItem]:
    """What lies directly in the folder that the user named.

    Raises:
        ConfigError: it cannot be read.
    """
    (items,) = store.scan([folder])
    if isinstance(items, OSError):
        raise ConfigError(f"{shown(store, folder)} cannot be read: {items.strerror}.") from items
    return items


def shown(store: ImageStore, path: str) -> str:
    """What to call a file or folder in an error."""
    return printable(f"{store.root}/{path}" if path else store.root)


def joined(folder: str, name: str) -> str:
    """The path of what is called so in a folder; the root's own path is empty."""
    return f"{folder}/{name}" if folder else name


def judge_item(
    path: str, item: FolderItem, policies: PolicySettings, *, any_name: bool = False
) -> tuple[bool, Finding | None]:
    """Whether a file or folder is used, and what is amiss with it, if anything is.

    Of several things amiss, one is told: the first that is the reason for
    not using it, or else the first at all.

    Args:
        path: of the item.
        item: as the store describes it.
        policies: what happens to which kind.
        any_name: whether to take hidden files and ones without an image's
            extension too, because something names them.
    """
    told: Finding | None = None
    if _is_plain_image(item):
        return True, None
    for kind, reason in _amiss(item, any_name):
        policy = policies.of(kind)
        shown = printable(path) + ("/" if item.kind == "folder" else "")
        finding = Finding(shown, kind, reason, action_of(policy))
        if policy != "keep":
            return False, finding
        told = told or finding
    return True, told


def _is_plain_image(item: FolderItem) -> bool:
    """Whether nothing is amiss, at a glance: there may be millions."""
    name = item.name
    ordinary = item.kind == "file" and not item.outside and name.isprintable()
    return ordinary and has_image_extension(name) and not is_hidden(name)


def _amiss(item: FolderItem, any_name: bool) -> list[tuple[str, str]]:
    """The kinds of finding with their reasons, what rules an item out most plainly first."""
    name = item.name
    if not any_name and is_hidden(name):
        return [("hidden_file", "hidden" if name.startswith(".") else "one of the system's")]
    if item.kind == "broken":
        return [("unreadable", item.reason)]
    if item.kind == "other":
        return [("not_regular_file", item.reason)]
    if not any_name and item.kind == "file" and not has_image_extension(name):
        return [("other_file", "no image's extension")]
    amiss = []
    if item.outside:
        amiss.append(("link_outside", f"leads out of the folder, to {printable(item.target or '')}"))
    if not is_printable(name):
        amiss.append(("unprintable_name", "characters in its name that cannot be printed"))
    return amiss
