"""Whether Google Cloud lets this process do what stages on Dataflow do."""

from __future__ import annotations

from typing import Final

from components.contract import ConfigError, UnreachableError
from pipeline.settings.beam_settings import DataflowSettings

# Beam looks at the bucket itself before it puts a job there.
_NEEDED: Final = (
    "storage.buckets.get",
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.get",
    "storage.objects.list",
)
_SECONDS_TO_ANSWER: Final = 30


def check_google_cloud(service: DataflowSettings) -> None:
    """Asks what this process may do in the bucket that artifacts are to pass through.

    Raises:
        ConfigError: there is no such bucket, or this process may not use it.
        UnreachableError: there are no credentials, or Google Cloud does not answer.
    """
    # They load an HTTP client, which only runs with stages on Dataflow need.
    import google.auth
    from google.api_core.exceptions import GoogleAPIError, NotFound
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
    from google.cloud import storage

    name = str(service.temp_location).removeprefix("gs://").partition("/")[0]
    try:
        credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
        bucket = storage.Client(service.project, credentials).bucket(name)
        granted = bucket.test_iam_permissions(_NEEDED, timeout=_SECONDS_TO_ANSWER, retry=None)
    except DefaultCredentialsError as error:
        raise UnreachableError(
            f"beam.dataflow: no credentials for Google Cloud ({_one_line(error)}). Sign in with `gcloud auth "
            "application-default login`, name a key file in GOOGLE_APPLICATION_CREDENTIALS, or give the "
            "pod's service account the right; --set beam.runner=in_process needs none."
        ) from error
    except NotFound as error:
        raise ConfigError(f"beam.dataflow.temp_location: there is no bucket gs://{name}.") from error
    except (GoogleAPIError, GoogleAuthError, OSError) as error:
        raise UnreachableError(
            f"beam.dataflow: Google Cloud does not say what may be done in gs://{name} ({_one_line(error)})."
        ) from error
    if missing := sorted(set(_NEEDED) - set(granted)):
        raise ConfigError(
            f"beam.dataflow.temp_location: the rights {', '.join(missing)} are missing in gs://{name}. The "
            "roles storage.objectUser and storage.legacyBucketReader have them."
        )


def _one_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
