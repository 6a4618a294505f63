"""Python's garbage collector waits while the frameworks are loaded."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pipeline.nodes.uncollected_imports import uncollected_imports


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


@pytest.mark.parametrize("enabled", [True, False])
def test_it_waits_and_then_leaves_alone_what_there_is(enabled: bool) -> None:
    if not enabled:
        gc.disable()
    with uncollected_imports():
        assert not gc.isenabled()
        cycle: list[object] = []
        cycle.append(cycle)
    assert gc.isenabled() == enabled
    assert gc.get_freeze_count() > 0
    assert not any(each is cycle for each in gc.get_objects())


def test_a_process_ends_with_its_exit_code_and_what_it_was_to_do_last() -> None:
    code = (
        "import atexit; from pipeline.nodes.uncollected_imports import end_process; "
        "atexit.register(print, 'last'); print('first'); end_process(3)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (3, "first\nlast\n")
