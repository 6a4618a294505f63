"""From a path or URI to the store of the images below it."""

from __future__ import annotations

from components.contract import ConfigError
from components.image_folder.files.image_store import ImageStore
from components.image_folder.files.local_store import LocalStore
from components.uri import is_uri


def open_store(root: str) -> ImageStore:
    """The store whose root this is. TensorFlow is loaded for URIs only, and not for `file://`.

    Raises:
        ConfigError: TensorFlow has no file system for this URI.
    """
    if root.lower().startswith("file://"):
        root = root[len("file://") :]
        if not root.startswith("/"):
            raise ConfigError(f"file://{root} names a host. Write file:///folder, or just /folder.")
    elif is_uri(root):
        from components.image_folder.files.gfile_store import GfileStore

        return GfileStore(root)
    return LocalStore(root)
