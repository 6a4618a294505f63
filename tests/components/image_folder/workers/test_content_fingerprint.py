from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from components.image_folder.files.listing import ImageFile, Listing, fingerprint
from components.image_folder.files.local_store import LocalStore
from components.image_folder.records.artifact_files import manifest_path
from components.image_folder.records.manifest import Entry, write_manifest
from components.image_folder.workers.content_fingerprint import attempt_at, content_fingerprint
from components.image_folder.workers.reuse import EarlierIngest

NAMES = ("a/1.jpg", "a/2.jpg", "b/3.jpg", "b/empty.jpg")


def _listing(root: Path) -> Listing:
    files = []
    for name in NAMES:
        if (root / name).exists():
            facts = (root / name).stat()
            files.append(ImageFile(name, name[0], facts.st_size, facts.st_mtime_ns))
    return Listing(str(root), "class_folders", (), files, ("a", "b"), (), ())


def _earlier(listing: Listing, output: Path, unread: tuple[str, ...] = ()) -> EarlierIngest:
    """Of two units."""
    entries = [
        Entry(file.path, file.label, file.size, file.modified, file.split, 0, _digest(listing, file, unread))
        for file in listing.files
    ]
    for unit in range(2):
        write_manifest(manifest_path(output, unit), entries[unit::2])
    return EarlierIngest(output, "earlier", 2, "attempt", unread)


def _digest(listing: Listing, file: ImageFile, unread: tuple[str, ...]) -> str:
    """None of what was not read: an empty file never is."""
    if file.size == 0 or file.path in unread:
        return ""
    return hashlib.sha256((Path(listing.root) / file.path).read_bytes()).hexdigest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "images" / name).write_text("" if "empty" in name else name)
        os.utime(tmp_path / "images" / name, ns=(1, 10**9))
    return tmp_path / "images"


def _touch(path: Path) -> None:
    os.utime(path, ns=(1, 2 * 10**9))


def _rewrite(path: Path, text: str, seconds: int = 2) -> None:
    path.write_text(text)
    os.utime(path, ns=(1, seconds * 10**9))


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda root: None, True),
        (lambda root: [_touch(root / name) for name in NAMES], True),
        (lambda root: _rewrite(root / "a/1.jpg", "A/1.jpg"), False),
        (lambda root: _rewrite(root / "a/1.jpg", "A/1.jpg", seconds=0), False),
        (lambda root: (_touch(root / "a/1.jpg"), _rewrite(root / "b/3.jpg", "B/3.jpg")), False),
        (lambda root: _rewrite(root / "a/1.jpg", "longer than before"), False),
        (lambda root: (root / "a/1.jpg").unlink(), False),
    ],
    ids=["nothing", "touched", "written to", "older", "touched and written to", "longer", "gone"],
)
def test_content_tells_whether_files_have_changed(
    root: Path, tmp_path: Path, change: Callable[[Path], object], same: bool
) -> None:
    earlier = _earlier(_listing(root), tmp_path / "out")
    change(root)
    listing = _listing(root)
    expected = "earlier" if same else fingerprint(listing)
    assert content_fingerprint(listing, earlier) == expected
    assert content_fingerprint(listing, None) == fingerprint(listing)


@pytest.mark.parametrize("change", [{"label": "b"}, {"split": "test"}, {"size": 8}, {"path": "a/other.jpg"}])
def test_another_name_label_or_split_is_a_change(
    root: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    listing = _listing(root)
    earlier = _earlier(listing, tmp_path / "out")
    first, *others = listing.files
    changed = replace(listing, files=[first._replace(**change), *others])  # type: ignore[arg-type]
    assert content_fingerprint(changed, earlier) == fingerprint(changed)


def test_another_file_is_a_change(root: Path, tmp_path: Path) -> None:
    listing = _listing(root)
    earlier = _earlier(replace(listing, files=listing.files[:-1]), tmp_path / "out")
    assert content_fingerprint(listing, earlier) == fingerprint(listing)


def test_a_touched_file_that_was_not_read_before_may_have_changed(root: Path, tmp_path: Path) -> None:
    earlier = _earlier(_listing(root), tmp_path / "out", unread=("a/1.jpg",))
    assert content_fingerprint(_listing(root), earlier) == "earlier"
    _touch(root / "a/1.jpg")
    assert content_fingerprint(_listing(root), earlier) == fingerprint(_listing(root))


def test_a_file_that_was_too_large_to_be_read_is_not_read_now(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unexpected(self: LocalStore, file: ImageFile) -> bytes:
        raise AssertionError

    earlier = _earlier(_listing(root), tmp_path / "out", unread=("a/1.jpg",))
    _touch(root / "a/1.jpg")
    monkeypatch.setattr(LocalStore, "read", unexpected)
    assert content_fingerprint(_listing(root), earlier) == fingerprint(_listing(root))


def _removed(root: Path) -> None:
    (root / "a/1.jpg").unlink()


def _looped(root: Path) -> None:
    (root / "a/1.jpg").unlink()
    (root / "a/1.jpg").symlink_to("1.jpg")


@pytest.mark.parametrize("spoil", [_removed, _looped])
def test_what_cannot_be_read_may_have_changed(
    root: Path, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    earlier = _earlier(_listing(root), tmp_path / "out")
    _touch(root / "a/1.jpg")
    listing = _listing(root)
    spoil(root)
    assert content_fingerprint(listing, earlier) == fingerprint(listing)


@pytest.mark.parametrize("spoil", [_removed, _looped])
def test_another_attempt_is_worth_it_when_a_file_can_be_read_again(
    root: Path, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    listing = _listing(root)
    assert attempt_at(listing, None) == ""
    # What could be read is not looked at again.
    assert attempt_at(listing, _earlier(listing, tmp_path / "out")) == "attempt"
    earlier = _earlier(listing, tmp_path / "out", unread=("a/1.jpg", "b/3.jpg"))
    readable = [attempt_at(listing, earlier) for _ in range(2)]
    assert "attempt" not in readable and len(set(readable)) == 2
    spoil(root)
    assert attempt_at(listing, earlier) not in ("attempt", *readable)
    (root / "b/3.jpg").unlink()
    assert attempt_at(listing, earlier) == "attempt"
