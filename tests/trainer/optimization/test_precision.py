from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.optimization.two_layers import LABELS, PIXELS, two_layers
from trainer.optimization.precision import dtype_policy, mixed_precision_policy

NEW = {"compute_capability": (7, 5)}
FIRST = {"compute_capability": (7, 0)}
OLD = {"compute_capability": (6, 1)}
UNKNOWN = {"device_name": "another kind"}


@pytest.mark.parametrize(
    ("setting", "gpus", "policy"),
    [
        ("auto", [], "float32"),
        ("auto", [NEW], "mixed_float16"),
        ("auto", [FIRST, NEW], "mixed_float16"),
        ("auto", [NEW, OLD], "float32"),
        ("auto", [UNKNOWN], "float32"),
        ("on", [], "mixed_bfloat16"),
        ("on", [OLD], "mixed_float16"),
        ("off", [], "float32"),
        ("off", [NEW], "float32"),
    ],
)
def test_the_policy_fits_the_machine(
    setting: str, gpus: list[dict], policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus if kind == "GPU" else ["CPU:0"])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: gpu)
    assert mixed_precision_policy(setting) == policy  # type: ignore[arg-type]


def test_a_model_learns_in_the_mixed_precision_of_a_cpu() -> None:
    before = keras.config.dtype_policy().name
    with dtype_policy("mixed_bfloat16"):
        model = two_layers()
    assert keras.config.dtype_policy().name == before
    model.compile(keras.optimizers.SGD(1.0), "categorical_crossentropy", run_eagerly=True)
    first = model.train_on_batch(PIXELS, LABELS)
    losses = [float(model.train_on_batch(PIXELS, LABELS)) for _ in range(20)]
    assert model.get_layer("hidden").compute_dtype == "bfloat16"
    assert np.isfinite(losses).all()
    assert losses[-1] < float(first)
