"""Looking at many files at a time, and handing them on in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Final

from threadpoolctl import threadpool_limits

from components.image_folder.examination import Examiner, Example, ReadFile
from components.image_folder.listing import ImageFile
from components.image_folder.manifest import Entry
from components.image_folder.reuse import Reusable

# A thread takes this many files at a time: fewer would cost more in handing over than in reading.
_BATCH_FILES: Final = 16
_BATCH_BYTES: Final = 8 * 2**20


def examine_files(
    files: Sequence[ImageFile], examiner: Examiner, reusable: Reusable | None = None
) -> Iterator[tuple[Entry, Example]]:
    """Reads and checks files in threads; the memory it takes does not grow with their number.

    Args:
        files: which.
        examiner: looks at those that are new or have changed.
        reusable: what an earlier ingest knows of the others.

    Yields:
        In the order of `files`, the entry and the tf.Example in pieces; where
        the entry has a record already, the one piece is the record as it lies there.
    """
    ids = {label: position for position, label in enumerate(examiner.labels)}

    def decode(batch: Sequence[ImageFile]) -> list[tuple[Entry, bytes] | ReadFile]:
        known = [reusable.look_up(file, ids[file.label]) if reusable else None for file in batch]
        unknown = [file for file, entry in zip(batch, known, strict=True) if entry is None]
        decoded = iter(examiner.decode([examiner.read(file, ids[file.label]) for file in unknown]))
        return [entry or next(decoded) for entry in known]

    threads = max(examiner.store.workers, os.cpu_count() or 1)
    batches = _batches(files)
    # The linear algebra of one image is too small to be shared out; threads of its own would only wait.
    with ThreadPoolExecutor(threads) as pool, threadpool_limits(1, user_api="blas"):
        # A few batches ahead of whoever takes them bound the memory.
        waiting = deque(pool.submit(decode, batch) for batch in islice(batches, 4 * threads))
        while waiting:
            for found in waiting.popleft().result():
                if isinstance(found, ReadFile):
                    yield examiner.conclude(found)
                else:
                    entry, framed = found
                    yield entry, (framed,) if framed else ()
            waiting.extend(pool.submit(decode, batch) for batch in islice(batches, 1))


def _batches(files: Sequence[ImageFile]) -> Iterator[Sequence[ImageFile]]:
    start = size = 0
    for position, file in enumerate(files):
        if position - start == _BATCH_FILES or (position > start and size + file.size > _BATCH_BYTES):
            yield files[start:position]
            start, size = position, 0
        size += file.size
    if start < len(files):
        yield files[start:]
