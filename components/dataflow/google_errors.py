"""What Google Cloud's clients raise, as one error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf
from apitools.base.py.exceptions import Error as ApitoolsError
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError

from components.contract import UnreachableError


@contextmanager
def as_unreachable(attempted: str) -> Iterator[None]:
    """Makes one error of those of all clients, when they cannot reach Google Cloud or are not let in.

    Args:
        attempted: what failed then, as the beginning of a sentence.

    Raises:
        UnreachableError: trying again may help.
    """
    try:
        yield
    except (ApitoolsError, GoogleAPIError, GoogleAuthError, tf.errors.OpError) as error:
        raise _unreachable(attempted, error) from error
    except OSError as error:
        # The system numbers its errors; those of HTTP libraries have none.
        if error.errno is not None or isinstance(error, UnreachableError):
            raise
        raise _unreachable(attempted, error) from error


def _unreachable(attempted: str, error: Exception) -> UnreachableError:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return UnreachableError(f"{attempted} failed: {lines[0].rstrip('.')}.")
