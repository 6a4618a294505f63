"""From a path or URI to a store; what stores behind URIs do is in `test_gfile_store.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from components.contract import ConfigError
from components.image_folder.files.local_store import LocalStore
from components.image_folder.files.open_store import open_store
from tests.listings import write_tree


def test_file_uris_are_local_folders(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}")
    assert isinstance(store, LocalStore) and store.root == str(tmp_path)
    with pytest.raises(ConfigError, match="names a host"):
        open_store("file://host/x")


def test_local_folders_need_no_tensorflow(tmp_path: Path) -> None:
    write_tree(tmp_path, ["a/1.jpg", "b/1.jpg"])
    code = f"""import sys
from components.image_folder.files.open_store import open_store
from components.image_folder.files.list_images import list_images
from components.image_folder.settings import DataSettings
listing = list_images(DataSettings(images={str(tmp_path)!r}))
print(len(open_store(listing.root).read(listing.files[0])), "tensorflow" in sys.modules)"""
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["7", "False"]
