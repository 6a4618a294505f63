from __future__ import annotations

import pytest
import tensorflow as tf

from trainer.optimization.xla import choose_jit


def _never(compiled: bool) -> float:
    raise AssertionError("nothing is to be measured")


def test_on_and_off_measure_nothing() -> None:
    assert choose_jit("on", _never) is True
    assert choose_jit("off", _never) is False


@pytest.mark.parametrize(
    ("interpreted", "compiled", "chosen"),
    [(1.0, 0.5, True), (1.0, 0.94, True), (1.0, 0.96, False), (1.0, 1.0, False), (1.0, 3.0, False)],
)
def test_auto_compiles_what_is_clearly_quicker(interpreted: float, compiled: float, chosen: bool) -> None:
    assert choose_jit("auto", lambda jit: compiled if jit else interpreted) is chosen


def test_auto_does_not_compile_what_cannot_be_compiled() -> None:
    def time_step(compiled: bool) -> float:
        if compiled:
            raise tf.errors.InvalidArgumentError(None, None, "Detected unsupported operations")
        return 1.0

    assert choose_jit("auto", time_step) is False


def test_a_step_that_fails_as_it_is_fails() -> None:
    def time_step(compiled: bool) -> float:
        raise tf.errors.InvalidArgumentError(None, None, "Incompatible shapes")

    with pytest.raises(tf.errors.InvalidArgumentError, match="Incompatible shapes"):
        choose_jit("auto", time_step)
