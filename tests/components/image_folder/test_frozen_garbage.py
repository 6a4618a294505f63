from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from components.image_folder.frozen_garbage import frozen_garbage


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_what_there_is_is_left_alone_and_then_no_more() -> None:
    with frozen_garbage():
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0


def test_what_is_frozen_already_stays_so() -> None:
    with frozen_garbage():  # The one around it, or whoever froze the frameworks for good.
        frozen = gc.get_freeze_count()
        with frozen_garbage():
            pass
        # Of what is frozen, some may have been given back meanwhile.
        assert gc.get_freeze_count() > 0.99 * frozen
