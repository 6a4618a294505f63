"""The connection to Kubeflow Pipelines: where, as whom, and in which namespace."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from components.contract import ConfigError
from kubeflow.kfp_package import require_kfp
from kubeflow.server_errors import TOKEN_VARIABLE, ServerUnavailableError, server_errors

# To connect, and to answer.
_SECONDS: Final = (5, 30)


@dataclass(frozen=True)
class Connection:
    """A server that has answered.

    Attributes:
        client: a `kfp.Client`.
        host: what to call the server.
        pages: address of its web pages; None inside a cluster, where it is not known.
        namespace: of the user, where Kubeflow has several; else None.
    """

    client: Any
    host: str
    pages: str | None
    namespace: str | None

    def run_link(self, run_id: str) -> str | None:
        """Address of a run's page."""
        return None if self.pages is None else f"{self.pages}/#/runs/details/{run_id}"


def connect(host: str | None, namespace: str | None) -> Connection:
    """Connects to Kubeflow Pipelines, and sees that it answers.

    A token is taken from KFP_EXISTING_TOKEN, else from the service account's
    file that KF_PIPELINES_SA_TOKEN_PATH names; what else `kfp.Client` finds in
    the environment or in its own configuration holds too.

    Args:
        host: address; None for what `kfp.Client` finds: KF_PIPELINES_ENDPOINT,
            the cluster around this process, or that of the kubeconfig.
        namespace: of the user, where Kubeflow has several users.

    Raises:
        ConfigError: kfp is not installed, no answer, no access, or no namespace.
    """
    require_kfp()
    import kfp.client

    class Client(kfp.client.Client):
        """Says at once that a server does not answer; KFP's own tries for half a minute."""

        def get_kfp_healthz(self, sleep_duration: int = 0) -> Any:
            answer, _, headers = self._healthz_api.healthz_service_get_healthz_with_http_info(
                _request_timeout=_SECONDS
            )
            # Where nobody is logged in, many an answer is a page to log in with, and no failure.
            if "json" not in headers.get("Content-Type", ""):
                raise ConfigError(
                    f"{called} answers with a web page, maybe one to log in with. Put a token into the "
                    f"environment variable {TOKEN_VARIABLE}, or give the address of the API as --host."
                )
            return answer

    host = host or os.environ.get("KF_PIPELINES_ENDPOINT") or None
    called = _checked(host) if host is not None else "the cluster"
    with server_errors(called):
        client = Client(host=host, **_credentials())
        _watch_answers(client._healthz_api.api_client, called)
        several_users = client.get_kfp_healthz().multi_user is True
        namespace = namespace or client.get_user_namespace() or None
    if several_users and namespace is None:
        raise ConfigError(f"Kubeflow Pipelines at {called} has several users: give yours as --namespace.")
    pages = os.environ.get("KF_PIPELINES_UI_ENDPOINT") or host
    return Connection(
        client, called, None if pages is None else pages.rstrip("/"), namespace if several_users else None
    )


def _watch_answers(api_client: Any, called: str) -> None:
    """Ends each request in time, and takes none for answered in part.

    kfp does neither: a forwarded port may be open with nobody behind it, and what it cannot read it takes for
    an answer without contents, so that there would be no runs.
    """
    request = api_client.request

    def watched(*words: Any, **options: Any) -> Any:
        seconds = options.get("_request_timeout") or _SECONDS
        answer = request(*words, **{**options, "_request_timeout": seconds})
        try:
            if "json" in answer.getheader("Content-Type", ""):
                json.loads(answer.data)
        except ValueError as error:
            raise ServerUnavailableError(
                f"Kubeflow Pipelines at {called} broke off in the middle of its answer. Try again."
            ) from error
        return answer

    api_client.request = watched


def _checked(host: str) -> str:
    try:
        parts = urlsplit(host if "://" in host else f"https://{host}")
        fit = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        fit = False
    if not fit:
        raise ConfigError(f"--host {host} is no address; it looks like http://localhost:8080.")
    return host


def _credentials() -> dict[str, Any]:
    token = os.environ.get(TOKEN_VARIABLE)
    if token:
        return {"existing_token": token}
    if os.environ.get("KF_PIPELINES_SA_TOKEN_PATH"):
        from kfp.client import ServiceAccountTokenVolumeCredentials

        return {"credentials": ServiceAccountTokenVolumeCredentials()}
    return {}
