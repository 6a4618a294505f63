"""How long each phase lasts. Pure Python."""

from __future__ import annotations

from collections.abc import Sequence


def cap_epochs(epochs: Sequence[int], total: int | None) -> list[int]:
    """Epochs of each phase when training stops after `total` epochs in all.

    Args:
        epochs: of each phase, in order.
        total: the cap; None leaves the phases as they are.
    """
    if total is None:
        return list(epochs)
    capped = []
    for wanted in epochs:
        capped.append(min(wanted, total))
        total -= capped[-1]
    return capped
