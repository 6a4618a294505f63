"""Looking at many files at a time, and handing them on in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Final

from components.image_folder.files.image_store import ImageStore
from components.image_folder.files.listing import ImageFile
from components.image_folder.inspection.examination import Examiner, Example, ReadFile
from components.image_folder.records.manifest import Entry
from components.image_folder.workers.reuse import Reusable

# A thread takes this many files at a time: fewer would cost more in handing over than in reading.
_BATCH_FILES: Final = 16
_BATCH_BYTES: Final = 8 * 2**20

_Found = tuple[Entry, bytes] | ReadFile


def threads_for(store: ImageStore) -> int:
    """How many threads are best at reading and decoding, for a process that has the machine to itself."""
    import joblib  # knows of containers that may not use all cores

    return max(store.workers, joblib.cpu_count())


def examine_files(
    files: Sequence[ImageFile], examiner: Examiner, threads: int, reusable: Reusable | None = None
) -> Iterator[tuple[Entry, Example]]:
    """Reads and checks files; the memory it takes does not grow with their number.

    Args:
        files: which.
        examiner: looks at those that are new or have changed.
        threads: how many are read and decoded in; 1 for none but the caller's own.
        reusable: what an earlier ingest knows of the others.

    Yields:
        In the order of `files`, the entry and the tf.Example in pieces; where
        the entry has a record already, the one piece is the record as it lies there.
    """
    ids = {label: position for position, label in enumerate(examiner.labels)}

    def decode(batch: Sequence[ImageFile]) -> Sequence[_Found]:
        if reusable is None:
            return examiner.decode([examiner.read(file, ids[file.label]) for file in batch])
        known = [reusable.look_up(file, ids[file.label]) for file in batch]
        unknown = [file for file, entry in zip(batch, known, strict=True) if entry is None]
        examined = iter(examiner.decode([examiner.read(file, ids[file.label]) for file in unknown]))
        return [entry or next(examined) for entry in known]

    batches = _batches(files)
    decoded = map(decode, batches) if threads == 1 else _map_in_threads(decode, batches, threads)
    for batch in decoded:
        for found in batch:
            if isinstance(found, ReadFile):
                yield examiner.conclude(found)
            else:
                entry, framed = found
                yield entry, (framed,) if framed else ()


def _map_in_threads(
    function: Callable[[Sequence[ImageFile]], Sequence[_Found]],
    batches: Iterator[Sequence[ImageFile]],
    threads: int,
) -> Iterator[Sequence[_Found]]:
    """The built-in `map`, a bounded number of calls ahead of whoever takes the results."""
    from threadpoolctl import threadpool_limits

    # The linear algebra of one image is too small to be shared out; threads of its own would only wait.
    with ThreadPoolExecutor(threads) as pool, threadpool_limits(1, user_api="blas"):
        # A few batches ahead bound the memory.
        waiting = deque(pool.submit(function, batch) for batch in islice(batches, 4 * threads))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(function, batch) for batch in islice(batches, 1))


def _batches(files: Sequence[ImageFile]) -> Iterator[Sequence[ImageFile]]:
    start = size = 0
    for position, file in enumerate(files):
        if position - start == _BATCH_FILES or (position > start and size + file.size > _BATCH_BYTES):
            yield files[start:position]
            start, size = position, 0
        size += file.size
    if start < len(files):
        yield files[start:]
