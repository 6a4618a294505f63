"""How long this process has been running."""

from __future__ import annotations

import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Counted from 0, behind the name of the program, which is in parentheses and may have spaces:
# https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
_START_TIME: Final = 19


@dataclass(frozen=True)
class ProcessAge:
    """Seconds since this process began.

    Attributes:
        wall: that have passed.
        cpu: of computing in all of its threads, in the kernel included.
    """

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} seconds after its process, having computed for {self.cpu:.2f}"


def process_age() -> ProcessAge:
    """The age of this process, the start of Python included."""
    after_name = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    began = int(after_name[_START_TIME]) / os.sysconf("SC_CLK_TCK")
    used = resource.getrusage(resource.RUSAGE_SELF)
    return ProcessAge(time.clock_gettime(time.CLOCK_BOOTTIME) - began, used.ru_utime + used.ru_stime)
