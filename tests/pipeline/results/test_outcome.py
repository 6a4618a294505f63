"""What an error makes of its run."""

from __future__ import annotations

import pytest

from components.contract import ConfigError, DataError, UnreachableError
from pipeline.results.outcome import RunFailure, failure_of


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (DataError("No images."), RunFailure("invalid_data", "No images.")),
        (ConfigError("No such key."), RunFailure("failed", "No such key.", usage=True)),
        (UnreachableError("No answer."), RunFailure("failed", "No answer.")),
        (ValueError("x\ny"), RunFailure("failed", "Trainer failed: ValueError: x")),
    ],
)
def test_what_has_a_sentence_is_told_in_it_alone(error: Exception, failure: RunFailure) -> None:
    assert failure_of(error, "Trainer") == failure
