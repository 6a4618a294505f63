"""Whether a folder still holds what it held, whatever its files' times say."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress

from components.image_folder.files.image_store import FileChangedError
from components.image_folder.files.listing import ImageFile, Listing, fingerprint
from components.image_folder.files.open_store import open_store
from components.image_folder.records.artifact_files import manifest_path
from components.image_folder.records.manifest import read_manifest
from components.image_folder.workers.reuse import EarlierIngest


def content_fingerprint(listing: Listing, earlier: EarlierIngest | None) -> str:
    """The listing's fingerprint; or that of an earlier one with the same names, labels and bytes.

    So files that were merely touched, or copied without their times, count as
    unchanged. Only files whose time has changed are read for it.

    Args:
        listing: of now.
        earlier: what to compare with.
    """
    if earlier is not None and _same_content(listing, earlier):
        return earlier.fingerprint
    return fingerprint(listing)


def attempt_at(listing: Listing, earlier: EarlierIngest | None) -> str:
    """Changes when a file that could not be read the last time can be read now.

    Nothing else tells: permissions come and go, and servers fail, without a change of size or time.

    Args:
        listing: of now.
        earlier: the last ingest of these images.
    """
    if earlier is None:
        return ""
    store = open_store(listing.root)
    unread = set(earlier.unread)
    for file in listing.files:
        if file.path in unread:
            with suppress(OSError, FileChangedError):
                store.read(file)
                return str(time.time_ns())
    return earlier.attempt


def _same_content(listing: Listing, earlier: EarlierIngest) -> bool:
    files = {file.path: file for file in listing.files}
    touched: list[tuple[ImageFile, str]] = []
    known = 0
    for index in range(earlier.units):
        for entry in read_manifest(manifest_path(earlier.examples_dir, index)):
            known += 1
            file = files.get(entry.path)
            as_it_was = (entry.label, entry.given_split, entry.size)
            if file is None or (file.label, file.split, file.size) != as_it_was:
                return False
            if file.modified != entry.modified and file.size > 0:
                if not entry.sha256:
                    return False
                touched.append((file, entry.sha256))
    if known != len(files):
        return False
    store = open_store(listing.root)
    try:
        return all(hashlib.sha256(store.read(file)).hexdigest() == sha256 for file, sha256 in touched)
    except (OSError, FileChangedError):
        return False
