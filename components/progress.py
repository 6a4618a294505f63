"""How a stage tells people how far it is: through a logger that each runner shows in its own way."""

from __future__ import annotations

import logging
from typing import Final

PROGRESS_LOGGER: Final = "imgclf.progress"


def report_progress(message: str) -> None:
    """Says where the stage is, in one short line.

    `imgclf run` shows it beside the stage's name; in a pod it is a line of the log.
    """
    logging.getLogger(PROGRESS_LOGGER).info(message)
