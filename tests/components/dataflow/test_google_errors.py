"""What the clients raise becomes one error in a sentence; what is not theirs stays what it is."""

from __future__ import annotations

import pytest
import requests
import tensorflow as tf
from google.api_core.exceptions import Forbidden
from google.auth.exceptions import RefreshError

from components.contract import UnreachableError
from components.dataflow.google_errors import as_unreachable


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Forbidden("no right.\nsee there"), "Copying failed: 403 no right."),
        (RefreshError("expired"), "Copying failed: expired."),
        (requests.ConnectionError("no route"), "Copying failed: no route."),
        (OSError("Could not upload"), "Copying failed: Could not upload."),
        (tf.errors.UnavailableError(None, None, ""), "Copying failed: UnavailableError."),
    ],
)
def test_theirs(error: Exception, sentence: str) -> None:
    with pytest.raises(UnreachableError) as told, as_unreachable("Copying"):
        raise error
    assert str(told.value) == sentence
    assert told.value.__cause__ is error


@pytest.mark.parametrize(
    "error", [PermissionError(13, "denied", "/a"), ValueError("x"), UnreachableError("said already")]
)
def test_others(error: Exception) -> None:
    with pytest.raises(type(error)) as told, as_unreachable("Copying"):
        raise error
    assert told.value is error
