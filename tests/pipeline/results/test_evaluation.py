from __future__ import annotations

import json

import numpy as np
import pytest
from tensorflow_model_analysis.evaluators.metrics_validator import validate_metrics
from tensorflow_model_analysis.metrics.metric_types import MetricKey
from tensorflow_model_analysis.utils.config_util import update_eval_config_with_defaults

from pipeline.config import EvaluationSettings
from pipeline.results.evaluation import eval_config, refusal

_SETTINGS = EvaluationSettings(min_accuracy=0.85, max_accuracy_drop=0.01)


@pytest.mark.parametrize(
    ("candidate", "baseline", "sentence"),
    [
        (
            0.471,
            1.0,
            "0.471 on the test split is 0.529 below the 1.000 of the model in production, where "
            "evaluation.max_accuracy_drop allows 0.01, and below evaluation.min_accuracy, which is 0.85.",
        ),
        # 8,497 of 10,000 images: not "0.850 is below 0.85".
        (0.8497, None, "0.8497 on the test split is below evaluation.min_accuracy, which is 0.85."),
        (
            0.9398,
            0.95,
            "0.940 on the test split is 0.0102 below the 0.950 of the model in production, where "
            "evaluation.max_accuracy_drop allows 0.01.",
        ),
        (
            0.85,
            0.9,
            "0.850 on the test split is 0.050 below the 0.900 of the model in production, where "
            "evaluation.max_accuracy_drop allows 0.01.",
        ),
        # No worse than the model in production by more than is allowed.
        (0.84, 0.845, "0.840 on the test split is below evaluation.min_accuracy, which is 0.85."),
    ],
)
def test_numbers_can_be_told_from_their_limits(
    candidate: float, baseline: float | None, sentence: str
) -> None:
    before = None if baseline is None else {"accuracy": baseline}
    assert refusal(_SETTINGS, {"accuracy": candidate}, before) == f"Its accuracy of {sentence}"


@pytest.mark.parametrize(
    ("candidate", "baseline", "blessed"),
    [
        (0.85, None, True),
        (0.8499, None, False),
        (0.94, 0.95, True),
        (0.9399, 0.95, False),
        (0.97, 0.95, True),
        (0.8499, 0.85, False),
    ],
)
def test_tfma_blesses_a_model_exactly_at_a_limit_and_none_beyond(
    candidate: float, baseline: float | None, blessed: bool
) -> None:
    first = baseline is None
    config = update_eval_config_with_defaults(
        eval_config(_SETTINGS, 0.5), has_baseline=not first, rubber_stamp=first
    )
    # In float32, as TFMA works them out.
    values = {MetricKey("accuracy", model_name="" if first else "candidate"): np.float32(candidate)}
    if baseline is not None:
        difference = MetricKey("accuracy", model_name="candidate", is_diff=True)
        values[difference] = np.float32(candidate) - np.float32(baseline)
    assert validate_metrics(((), values), config).validation_ok == blessed


@pytest.mark.parametrize("reject_below", [0.0, 0.34, 0.9, 1.0])
def test_answers_exactly_at_a_threshold_are_above_what_tfma_is_asked(reject_below: float) -> None:
    (*_, confusion) = eval_config(_SETTINGS, reject_below).metrics_specs[0].metrics
    every, *asked = json.loads(confusion.config)["thresholds"]
    least = sorted({0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, reject_below} - {0.0})
    assert every == 0
    for value, below in zip(least, asked, strict=True):
        at = np.float32(value)
        assert np.nextafter(at, np.float32(0)) <= below < at


def test_what_tfma_works_out_does_not_grow_with_the_classes() -> None:
    (whole,) = eval_config(_SETTINGS, 0.5).slicing_specs
    assert not whole.feature_keys and not whole.feature_values
