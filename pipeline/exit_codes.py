"""Exit codes of the command line and of the steps of a run."""

from __future__ import annotations

import signal
from typing import Final

PUSHED_EXIT: Final = 0
FAILED_EXIT: Final = 1
USAGE_EXIT: Final = 2
INVALID_DATA_EXIT: Final = 3
NOT_BLESSED_EXIT: Final = 4
# As shells have it: 128 and the signal's number.
INTERRUPTED_EXIT: Final = 128 + signal.SIGINT
TERMINATED_EXIT: Final = 128 + signal.SIGTERM
