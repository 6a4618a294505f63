from __future__ import annotations

import pytest

from serving.first_line import first_line


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("No such file", "No such file"),
        ("Graph execution error:\n\nUnknown image.\n\t [[{{node decode}}]]", "Unknown image."),
        ("2 root error(s) found.\n  (0) INVALID_ARGUMENT: bad\n  (1) bad", "(0) INVALID_ARGUMENT: bad"),
        ("Graph execution error:\n", "Graph execution error:"),
        ("", ""),
    ],
)
def test_the_telling_line_remains(message: str, expected: str) -> None:
    assert first_line(message) == expected
