"""What Kubeflow Pipelines, or the way to it, says when it fails, in sentences."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from typing import Any, Final

from components.contract import ConfigError

TOKEN_VARIABLE: Final = "KFP_EXISTING_TOKEN"
_MESSAGE_CHARACTERS: Final = 400


class ServerUnavailableError(ConfigError):
    """The server does not answer, or is broken; it may be well again soon."""


@contextmanager
def server_errors(host: str) -> Iterator[None]:
    """Turns what goes wrong with a server into sentences, and keeps KFP's client from printing.

    Args:
        host: what to call the server.

    Raises:
        ServerUnavailableError: no answer, or an answer from 500 on.
        ConfigError: anything else that the server does not do.
    """
    import kfp_server_api
    import urllib3

    # It warns of each retry, and KFP's client sets logging up to show that.
    logger = logging.getLogger("urllib3.connectionpool")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")
            yield
    except kfp_server_api.ApiException as error:
        raise _refusal(host, error) from error
    except urllib3.exceptions.LocationParseError as error:
        raise ConfigError(f"--host {host} is no address; it looks like http://localhost:8080.") from error
    except urllib3.exceptions.HTTPError as error:
        raise ServerUnavailableError(
            f"Kubeflow Pipelines at {host} does not answer: {_reason(error)}. Is --host right, and is it "
            "reachable from here, such as by kubectl port-forward?"
        ) from error
    # What the client itself refuses to send; both are ValueErrors.
    except (kfp_server_api.OpenApiException, ValueError) as error:
        raise ConfigError(
            f"Kubeflow Pipelines at {host} cannot be asked for that: {_short(str(error))}."
        ) from error
    finally:
        logger.setLevel(level)


def _refusal(host: str, error: Any) -> ConfigError:
    said = _said(error)
    if error.status in (401, 403):
        return ConfigError(
            f"Kubeflow Pipelines at {host} does not let you in ({error.status} {said}). Put a token that is "
            f"valid there into the environment variable {TOKEN_VARIABLE}, or ask for access to the namespace."
        )
    if error.status == 404:
        return ConfigError(
            f"{host} knows of no such thing (404 {said}). Is --host the address of Kubeflow Pipelines 2, "
            "with its path where it has one, such as https://example.org/pipeline?"
        )
    if error.status and error.status >= 500:
        return ServerUnavailableError(
            f"Kubeflow Pipelines at {host} failed ({error.status} {said}). Try again, and look at the log of "
            "its ml-pipeline deployment if it stays so."
        )
    return ConfigError(f"Kubeflow Pipelines at {host} refuses ({error.status}): {said}.")


def _said(error: Any) -> str:
    """The server's own words: gRPC's message, the upload's, or those of HTTP."""
    try:
        body = json.loads(error.body)
        return _short(body.get("message") or body["error_message"])
    except (TypeError, ValueError, KeyError, AttributeError):
        return _short(error.reason or "")


def _reason(error: Exception) -> str:
    """The innermost cause, without the objects that urllib3 puts before it."""
    inner = getattr(error, "reason", None) or error
    return _short(str(inner).rsplit(">: ", 1)[-1].rsplit("): ", 1)[-1])


def _short(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= _MESSAGE_CHARACTERS else line[:_MESSAGE_CHARACTERS] + "…"
