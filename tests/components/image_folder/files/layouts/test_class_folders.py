from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest

from components.contract import DataError
from tests.listings import labelled, listed, reasons, splits, told, write_tree
from tests.permissions import heeded_permissions

DROPPED = "set aside"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "images", ["cat/1.jpg", "dog/1.jpg"])


def test_images_at_any_depth_sorted_with_size_and_time(images: Path) -> None:
    write_tree(images, ["cat/a/b/X.JPG", "cat/0.png"])
    listing = listed(images)
    assert list(labelled(listing).items()) == [
        ("cat/0.png", "cat"),
        ("cat/1.jpg", "cat"),
        ("cat/a/b/X.JPG", "cat"),
        ("dog/1.jpg", "dog"),
    ]
    facts = (images / "cat/a/b/X.JPG").stat()
    assert (listing.files[2].size, listing.files[2].modified) == (facts.st_size, facts.st_mtime_ns)
    assert (listing.root, listing.layout, listing.spans) == (str(images), "class_folders", ())
    assert (listing.labels, listing.findings) == (("cat", "dog"), ())
    assert listing.open_splits == ("train", "eval", "test") and set(splits(listing).values()) == {None}
    assert listing.files[0].label is listing.files[1].label


def test_hidden_and_system_files_and_folders(images: Path) -> None:
    names = (".DS_Store", "._1.jpg", "Thumbs.db", "desktop.ini", ".x.jpg")
    write_tree(images, [f"cat/{name}" for name in names])
    folders = (".git", "__MACOSX", "cat/@eaDir", "cat/.cache")
    write_tree(images, [f"{folder}/{name}" for folder in folders for name in ("a.jpg", "b.jpg")])
    listing = listed(images)
    assert set(labelled(listing)) == {"cat/1.jpg", "dog/1.jpg"}
    expected = [f"cat/{name}" for name in names] + [f"{folder}/" for folder in folders]
    assert told(listing) == dict.fromkeys(expected, ("hidden_file", DROPPED))


def test_other_files_and_images_of_no_class(images: Path) -> None:
    write_tree(images, ["cat/notes.txt", "cat/1.jpg.bak", "readme.md", "cover.png"])
    assert told(listed(images)) == {
        "cat/notes.txt": ("other_file", DROPPED),
        "cat/1.jpg.bak": ("other_file", DROPPED),
        "readme.md": ("other_file", DROPPED),
        "cover.png": ("unlabelled", DROPPED),
    }


def test_pipes_and_sockets_are_not_opened(images: Path) -> None:
    os.mkfifo(images / "cat" / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(images / "dog" / "socket.jpg"))
    listing = listed(images)
    assert told(listing) == {
        "cat/pipe.jpg": ("not_regular_file", DROPPED),
        "dog/socket.jpg": ("not_regular_file", DROPPED),
    }
    assert reasons(listing) == {"cat/pipe.jpg": "a pipe", "dog/socket.jpg": "a socket"}


def test_links_within_the_folder_are_followed(images: Path) -> None:
    write_tree(images, ["dog/more/2.jpg"])
    (images / "cat" / "same.jpg").symlink_to("../dog/1.jpg")
    (images / "cat" / "others").symlink_to(images / "dog" / "more")
    listing = listed(images)
    assert told(listing) == {}
    assert set(labelled(listing)) == {
        "cat/1.jpg", "cat/same.jpg", "cat/others/2.jpg", "dog/1.jpg", "dog/more/2.jpg",
    }  # fmt: skip
    assert listing.files[2].size == (images / "dog" / "1.jpg").stat().st_size


def test_a_root_that_is_a_link(images: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("images")
    (images / "cat" / "same.jpg").symlink_to(images / "dog" / "1.jpg")
    (images / "cat" / "self").symlink_to(images / "cat")
    listing = listed(tmp_path / "link")
    assert listing.root == str(tmp_path / "link")
    assert set(labelled(listing)) == {"cat/1.jpg", "cat/same.jpg", "dog/1.jpg"}
    assert told(listing) == {"cat/self/": ("unreadable", DROPPED)}


@pytest.mark.parametrize(
    ("policy", "action", "followed"),
    [("keep", "kept", True), ("drop", DROPPED, False), ("fail", "refused", False)],
)
def test_links_that_lead_out(images: Path, tmp_path: Path, policy: str, action: str, followed: bool) -> None:
    # A folder whose path begins with the root's is still another one.
    write_tree(tmp_path / "images-elsewhere", ["1.jpg", "sub/2.jpg", "notes.txt"])
    (images / "cat" / "out.jpg").symlink_to(tmp_path / "images-elsewhere" / "1.jpg")
    (images / "cat" / "out").symlink_to(tmp_path / "images-elsewhere" / "sub")
    (images / "cat" / "notes.txt").symlink_to(tmp_path / "images-elsewhere" / "notes.txt")
    listing = listed(images, policies={"link_outside": policy})
    assert told(listing) == {
        "cat/out.jpg": ("link_outside", action),
        "cat/out/": ("link_outside", action),
        "cat/notes.txt": ("other_file", DROPPED),
    }
    assert reasons(listing)["cat/out.jpg"].endswith(f"to {tmp_path}/images-elsewhere/1.jpg")
    assert ({"cat/out.jpg", "cat/out/2.jpg"} <= set(labelled(listing))) == followed
    assert len(listing.files) == (4 if followed else 2)


def test_class_folders_that_lead_out_are_named_when_classes_lack(tmp_path: Path) -> None:
    write_tree(tmp_path, ["elsewhere/cat/1.jpg", "images/dog/1.jpg"])
    (tmp_path / "images" / "cat").symlink_to(tmp_path / "elsewhere" / "cat")
    with pytest.raises(
        DataError, match=r"one class only, 'dog' \(passed over by data.policies.link_outside: cat/"
    ):
        listed(tmp_path / "images")
    kept = listed(tmp_path / "images", policies={"link_outside": "keep"})
    assert labelled(kept) == {"cat/1.jpg": "cat", "dog/1.jpg": "dog"}


def test_links_that_go_in_circles_end(images: Path) -> None:
    (images / "cat" / "up").symlink_to(images)
    (images / "cat" / "self").symlink_to(images / "cat")
    # Back and forth between two classes: each is seen once from the other.
    (images / "cat" / "dogs").symlink_to(images / "dog")
    (images / "dog" / "cats").symlink_to(images / "cat")
    listing = listed(images)
    assert set(labelled(listing)) == {"cat/1.jpg", "cat/dogs/1.jpg", "dog/1.jpg", "dog/cats/1.jpg"}
    assert {finding.kind for finding in listing.findings} == {"unreadable"}
    assert "cat/up/" in told(listing) and "cat/self/" in told(listing) and "cat/dogs/cats/" in told(listing)


def test_a_folder_that_many_links_lead_to_is_listed_once_in_a_class(images: Path) -> None:
    """Otherwise ten folders that link to each other would be millions of paths."""
    for number in range(10):
        write_tree(images, [f"dog/{number}/x.jpg"])
    for number in range(10):
        for other in range(10):
            (images / "dog" / str(number) / f"to-{other}").symlink_to(f"../{other}")
    assert len(listed(images).files) == 2 + 10


def test_a_class_folder_that_leads_to_the_root(images: Path) -> None:
    (images / "all").symlink_to(".")
    listing = listed(images)
    assert listing.labels == ("cat", "dog")
    assert told(listing) == {"all/": ("unreadable", DROPPED)}


def test_links_that_lead_nowhere(images: Path) -> None:
    (images / "cat" / "gone.jpg").symlink_to(images / "nowhere.jpg")
    (images / "cat" / "circle.jpg").symlink_to("circle.jpg")
    listing = listed(images)
    assert told(listing) == {
        "cat/gone.jpg": ("unreadable", DROPPED),
        "cat/circle.jpg": ("unreadable", DROPPED),
    }
    assert "No such file" in reasons(listing)["cat/gone.jpg"]
    assert "Too many levels" in reasons(listing)["cat/circle.jpg"]


def test_a_folder_that_cannot_be_read(images: Path) -> None:
    write_tree(images, ["cat/secret/2.jpg"])
    (images / "cat" / "secret").chmod(0)
    with heeded_permissions():
        assert told(listed(images)) == {"cat/secret/": ("unreadable", DROPPED)}


def test_a_folder_whose_path_is_too_long_to_be_opened(images: Path) -> None:
    parent = os.open(images / "cat", os.O_RDONLY)
    for _ in range(20):
        os.mkdir("x" * 250, dir_fd=parent)
        above, parent = parent, os.open("x" * 250, os.O_RDONLY, dir_fd=parent)
        os.close(above)
    os.close(parent)
    listing = listed(images)
    (finding,) = listing.findings
    assert (finding.kind, finding.action, finding.reason) == ("unreadable", "set aside", "File name too long")
    assert set(labelled(listing)) == {"cat/1.jpg", "dog/1.jpg"}


@pytest.mark.parametrize(
    ("policy", "action", "used"), [("keep", "kept", 3), ("drop", DROPPED, 0), ("fail", "refused", 0)]
)
def test_file_names_that_cannot_be_printed(images: Path, policy: str, action: str, used: int) -> None:
    names = [b"two\nlines.jpg", b"caf\xe9.jpg", b"bell\x07/1.jpg"]
    write_tree(images, [f"cat/{os.fsdecode(name)}" for name in names])
    listing = listed(images, policies={"unprintable_name": policy})
    assert told(listing) == dict.fromkeys(
        ("cat/two\\nlines.jpg", "cat/caf\\xe9.jpg", "cat/bell\\x07/"), ("unprintable_name", action)
    )
    assert len(listing.files) == 2 + used


def test_one_finding_a_file_and_that_the_deciding_one(images: Path, tmp_path: Path) -> None:
    write_tree(tmp_path, ["elsewhere/1.jpg"])
    (images / "cat" / "bell\a.jpg").symlink_to(tmp_path / "elsewhere" / "1.jpg")

    def kind(**policies: str) -> tuple[str, str]:
        return told(listed(images, policies=policies))["cat/bell\\x07.jpg"]

    assert kind(link_outside="keep") == ("link_outside", "kept")
    assert kind(link_outside="keep", unprintable_name="drop") == ("unprintable_name", DROPPED)
    assert kind(link_outside="drop", unprintable_name="fail") == ("link_outside", DROPPED)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], "holds no class folders. Put the images of each class"),
        (["1.jpg"], r"no class folders \(passed over by data.policies.unlabelled: 1.jpg, lies in no class"),
        (["cat/1.jpg"], "one class only, 'cat'"),
        (["cat/1.jpg", "dog/notes.txt"], "class folder 'dog' in .* holds no image file. Add images"),
        (["cat/1.jpg", "two\nlines/1.jpg"], r"class folder 'two\\nlines'.* characters in its name"),
        (["cat/1.jpg", "caf\udce9/1.jpg"], "characters in its name"),
    ],
)
def test_folders_that_cannot_be_classified(tmp_path: Path, files: list[str], words: str) -> None:
    write_tree(tmp_path, files)
    with pytest.raises(DataError, match=words):
        listed(tmp_path)


def test_a_class_without_images_says_what_was_passed_over(images: Path) -> None:
    (images / "ant").mkdir()
    # What is kept, and what lies in another class, is not the reason.
    write_tree(images, ["ant/bell\a/notes.txt"])
    (images / "cat" / "gone.jpg").symlink_to("nowhere.jpg")
    with pytest.raises(DataError, match=r"'ant'.* holds no image file. Add"):
        listed(images)
    (images / "ant" / "gone.jpg").symlink_to("nowhere.jpg")
    with pytest.raises(
        DataError, match=r"'ant'.*no image file \(passed over by data.policies.unreadable: ant/gone"
    ):
        listed(images)


def test_a_hundred_thousand_files_in_a_thousand_classes() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for number in range(1000):
            name = f"{folder}/{number:04}"
            os.mkdir(name)  # noqa: PTH102
            for image in range(100):
                os.close(os.open(f"{name}/{image}.jpg", os.O_CREAT | os.O_WRONLY))
        listing = listed(folder)
    assert (len(listing.files), len(listing.labels)) == (100_000, 1000)
    assert len({id(file.label) for file in listing.files}) == 1000
