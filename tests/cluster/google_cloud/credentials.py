"""A service account whose key clients find in a file, and the endpoint that gives tokens for it."""

from __future__ import annotations

import base64
import json
import secrets
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.cluster.google_cloud.http_messages import ApiError, Request, Response, json_response

_EMAIL: Final = "pipeline@tests.iam.gserviceaccount.com"
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# google-auth goes to the first, which the key file names, TensorFlow to the second.
_ENDPOINTS: Final = {("oauth2.googleapis.com", "/token"), ("www.googleapis.com", "/oauth2/v4/token")}
_SECONDS: Final = 3600


class Credentials:
    """Gives tokens to those who have the key, and knows them again."""

    def __init__(self, project: str) -> None:
        """Makes a key; `project` is where the account lives."""
        self._project = project
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._token = f"ya29.{secrets.token_urlsafe(32)}"

    def write_key_file(self, file: Path) -> None:
        """Writes what GOOGLE_APPLICATION_CREDENTIALS is to name."""
        pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        key = self._key.private_bytes(pem, form, serialization.NoEncryption()).decode()
        content = {
            "type": "service_account",
            "project_id": self._project,
            "private_key_id": secrets.token_hex(20),
            "private_key": key,
            "client_email": _EMAIL,
            "client_id": "100000000000000000000",
            "token_uri": "https://oauth2.googleapis.com/token",
        }
        file.touch(mode=0o600)
        file.write_text(json.dumps(content))

    def answer(self, request: Request) -> Response | None:
        """Answers requests for tokens, and refuses all others that come without one."""
        if (request.host, request.path) in _ENDPOINTS and request.method == "POST":
            return self._give_token(request)
        # The address of an upload is a secret of its own.
        if "upload_id" in request.query or request.headers.get("authorization") == f"Bearer {self._token}":
            return self._allowed_locations(request)
        raise ApiError(401, "Request had invalid authentication credentials.", "authError")

    def _give_token(self, request: Request) -> Response:
        form = parse_qs(request.body.read(request.length).decode())
        if form.get("grant_type") != [_GRANT]:
            raise ApiError(400, f"unsupported_grant_type: {form.get('grant_type')}")
        signed, _, signature = form["assertion"][0].rpartition(".")
        try:
            self._key.public_key().verify(
                _decode(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            raise ApiError(400, "invalid_grant: Invalid JWT Signature.") from None
        claims: dict[str, Any] = json.loads(_decode(signed.partition(".")[2]))
        whom = f"https://{request.host}{request.path}"
        if claims["iss"] != _EMAIL or claims["aud"] != whom or claims["exp"] < time.time():
            raise ApiError(400, f"invalid_grant: {claims}")
        return json_response({"access_token": self._token, "expires_in": _SECONDS, "token_type": "Bearer"})

    def _allowed_locations(self, request: Request) -> Response | None:
        """google-auth asks where the account may be used from: anywhere."""
        if request.host == "iamcredentials.googleapis.com" and request.path.endswith("/allowedLocations"):
            return json_response({"locations": [], "encodedLocations": "0x0"})
        return None


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
