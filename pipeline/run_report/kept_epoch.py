"""Which epoch's weights the model has, and which phases were undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def kept_epoch(epochs: Sequence[Mapping[str, float]]) -> int | None:
    """Number of the epoch among those of all phases, from 1; None where the model is as it was built.

    Args:
        epochs: figure → value of each, of all phases one after another. `kept` is 1 where a phase ended with
            the weights of that epoch, and was not undone: the next phase began with them.
    """
    return max((number for number, row in enumerate(epochs, 1) if row.get("kept")), default=None)


def what_was_kept(epochs: Sequence[Mapping[str, float]]) -> str:
    """That, and which phases made the model no better, in sentences.

    Args:
        epochs: as for `kept_epoch`.
    """
    number = kept_epoch(epochs)
    phases = list(dict.fromkeys(int(row["phase"]) for row in epochs))
    if number is None:
        return "No epoch came to anything: the model is as it was before training."
    of_phase = f", in phase {epochs[number - 1]['phase']:.0f}" if len(phases) > 1 else ""
    said = f"The model has the weights of epoch {number} of {len(epochs)}{of_phase}."
    kept = {int(row["phase"]) for row in epochs if row.get("kept")}
    undone = [str(phase) for phase in phases if phase not in kept]
    if len(undone) > 1:
        return f"{said} Phases {', '.join(undone[:-1])} and {undone[-1]} made it no better, and were undone."
    return f"{said} Phase {undone[0]} made it no better, and was undone." if undone else said
