"""Environment variables that name ML Metadata's database."""

from __future__ import annotations

from typing import Final

# The last two come from a secret.
HOST: Final = "IMGCLF_METADATA_HOST"
PORT: Final = "IMGCLF_METADATA_PORT"
DATABASE: Final = "IMGCLF_METADATA_DATABASE"
USER: Final = "IMGCLF_METADATA_USER"
PASSWORD: Final = "IMGCLF_METADATA_PASSWORD"

# Of MySQL and MariaDB, where no other is named.
DEFAULT_PORT: Final = 3306
