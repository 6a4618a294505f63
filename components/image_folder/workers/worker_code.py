"""Workers elsewhere have the code of whoever hands them work, or refuse it."""

from __future__ import annotations

from components.code_fingerprint import code_fingerprint


class OtherCodeError(Exception):
    """A worker's image was built from other code; its text says what to do."""


def own_code() -> str:
    """What the code that works on units comes to, in this process."""
    return code_fingerprint("components.image_folder.workers.unit_work")


def check_code(asked_for: str) -> None:
    """Refuses work of whoever has other code: what came of it would be taken for that code's result.

    Args:
        asked_for: `own_code` of the process that hands out the work.

    Raises:
        OtherCodeError: this process has other code.
    """
    if own_code() != asked_for:
        raise OtherCodeError(
            "Beam's workers have another version of imgclf than the stage, or of what it is built on. Build "
            "their image from the same code."
        )
