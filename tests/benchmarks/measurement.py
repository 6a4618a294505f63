"""What one run of one contestant gave."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measurement:
    """One run, in a process of its own.

    Attributes:
        contestant: module:function in tests.benchmarks.contestants.
        images: how many files there were.
        bytes_read: what these files hold.
        seconds: wall-clock time of the work alone.
        cpu_seconds: user and system time of the process and its children in these seconds.
        fixed_seconds: wall-clock time of the same work on a handful of images, just before.
        bytes_after_imports: resident memory with everything imported and nothing done yet.
        bytes_at_peak: largest resident memory of the process during the work, and of each of its children.
        bytes_written: everything that lies in the output folder afterwards.
        record_bytes_written: what of these is in TFRecord files.
    """

    contestant: str
    images: int
    bytes_read: int
    seconds: float
    cpu_seconds: float
    fixed_seconds: float
    bytes_after_imports: int
    bytes_at_peak: int
    bytes_written: int
    record_bytes_written: int
