from __future__ import annotations

from pathlib import Path

import pytest

from components.contract import DataError
from components.label_map import extend_labels, read_labels, write_labels


def test_first_labels_keep_the_order_they_come_in() -> None:
    assert extend_labels([], ("2", "10")) == ("2", "10")


def test_a_new_class_is_appended_so_that_no_id_moves() -> None:
    assert extend_labels(("cat", "dog"), ("bee", "cat", "dog", "ant")) == ("cat", "dog", "bee", "ant")


def test_a_class_that_is_gone_is_an_error_that_names_it() -> None:
    with pytest.raises(DataError, match=r"label 'dog' has no images.*new here: 'hound'"):
        extend_labels(("cat", "dog"), ("cat", "hound"))
    with pytest.raises(DataError, match="The published labels 'cat', 'dog' have no images any more"):
        extend_labels(("cat", "dog"), ("hound",))


def test_reads_what_it_wrote(tmp_path: Path) -> None:
    write_labels(tmp_path / "labels.txt", ("cat", "große Katze"))
    assert read_labels(tmp_path / "labels.txt") == ("cat", "große Katze")


def test_a_pinned_label_file_has_to_agree_with_what_is_published() -> None:
    assert extend_labels(("a", "b"), ("a", "b", "c"), pinned=True) == ("a", "b", "c")
    with pytest.raises(DataError, match="gives other ids than are published: those begin with 'a', 'b'"):
        extend_labels(("a", "b"), ("b", "a", "c"), pinned=True)
    assert extend_labels(("a", "b"), ("b", "a", "c")) == ("a", "b", "c")
