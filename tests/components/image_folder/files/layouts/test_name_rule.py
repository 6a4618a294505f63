from __future__ import annotations

from pathlib import Path

import pytest

from components.contract import ConfigError
from components.image_folder.files.image_store import FolderItem
from components.image_folder.files.layouts.name_rule import judge_item, scan_top
from components.image_folder.files.local_store import LocalStore
from components.image_folder.findings import Finding
from components.image_folder.policies import PolicySettings

OUTSIDE = FolderItem("x\ty.jpg", "file", target="/z\n.jpg", outside=True)
LEADS_OUT = ("link_outside", r"leads out of the folder, to /z\n.jpg")
UNPRINTABLE = ("unprintable_name", "characters in its name that cannot be printed")


@pytest.mark.parametrize(
    ("item", "kind", "reason"),
    [
        (FolderItem(".x.jpg", "file"), "hidden_file", "hidden"),
        (FolderItem("Thumbs.db", "file"), "hidden_file", "one of the system's"),
        (FolderItem("@eaDir", "folder"), "hidden_file", "one of the system's"),
        (FolderItem("x.jpg", "broken", reason="leads nowhere"), "unreadable", "leads nowhere"),
        (FolderItem("x.jpg", "other", reason="a pipe"), "not_regular_file", "a pipe"),
        (FolderItem("x.txt", "file"), "other_file", "no image's extension"),
        (OUTSIDE, *LEADS_OUT),
    ],
)
def test_what_is_left_out_and_why(item: FolderItem, kind: str, reason: str) -> None:
    shown = "a/" + item.name.replace("\t", r"\t") + ("/" if item.kind == "folder" else "")
    expected = (False, Finding(shown, kind, reason))
    assert judge_item(f"a/{item.name}", item, PolicySettings()) == expected


@pytest.mark.parametrize(
    ("policies", "used", "told", "action"),
    [
        ({"link_outside": "keep"}, True, LEADS_OUT, "kept"),
        ({"link_outside": "keep", "unprintable_name": "drop"}, False, UNPRINTABLE, "set aside"),
        ({"link_outside": "fail", "unprintable_name": "drop"}, False, LEADS_OUT, "refused"),
    ],
)
def test_of_several_the_one_that_decides_is_told_or_else_the_first(
    policies: dict[str, str], used: bool, told: tuple[str, str], action: str
) -> None:
    chosen = PolicySettings.model_validate(policies)
    for any_name in (False, True):
        judged, finding = judge_item("x\ty.jpg", OUTSIDE, chosen, any_name=any_name)
        assert finding is not None
        assert (judged, finding.kind, finding.reason, finding.action) == (used, *told, action)


@pytest.mark.parametrize("name", [".x.jpg", "thumbs.db", "x", "x.txt"])
def test_whatever_something_names_may_have_any_name(name: str) -> None:
    item = FolderItem(name, "file")
    assert not judge_item(name, item, PolicySettings())[0]
    assert judge_item(name, item, PolicySettings(), any_name=True) == (True, None)


def test_a_folder_needs_no_extension() -> None:
    assert judge_item("a", FolderItem("a", "folder"), PolicySettings()) == (True, None)


def test_a_folder_that_cannot_be_read_is_named_in_characters_that_can_be_printed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"/a\\tb cannot be read: No such file or directory\.$"):
        scan_top(LocalStore(str(tmp_path)), "a\tb")
    with pytest.raises(ConfigError, match=r"/a\\tb cannot be read: No such file or directory\.$"):
        scan_top(LocalStore(f"{tmp_path}/a\tb"), "")
