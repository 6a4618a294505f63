from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import code_fingerprint as module
from pipeline.code_fingerprint import code_fingerprint


def test_it_follows_the_source_of_the_packages_and_of_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("one/deep", "two"):
        (tmp_path / package).mkdir(parents=True)
        (tmp_path / package / "m.py").write_text("x = 1\n")
    monkeypatch.setattr(module, "_ROOT", tmp_path)
    before = code_fingerprint("one"), code_fingerprint("one.deep"), code_fingerprint("two")
    (tmp_path / "one" / "deep" / "m.py").write_text("x = 2\n")
    (tmp_path / "one" / "notes.txt").write_text("no code")
    after = code_fingerprint("one"), code_fingerprint("one.deep"), code_fingerprint("two")
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, False, True]
    (tmp_path / "one" / "deep" / "m.py").rename(tmp_path / "one" / "deep" / "n.py")
    assert code_fingerprint("one") != after[0]


def test_every_package_that_the_dag_names_exists() -> None:
    empty = code_fingerprint()
    for package in (
        "trainer",
        "serving",
        "components",
        "components.image_folder",
        "components.class_balance",
    ):
        assert code_fingerprint(package) != empty
