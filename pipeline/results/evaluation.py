"""What TFMA is asked, and what it answered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics.multi_class_confusion_matrix_metrics import NO_PREDICTED_CLASS_ID

from components.contract import CLASS_LABEL
from pipeline.config import EvaluationSettings
from pipeline.results.class_scores import ClassScores, Confusion, Mistake, class_scores, macro_f1, mistakes
from pipeline.results.selective_classification import OFFERED_THRESHOLDS, Coverage, coverage
from serving.contract import PROBABILITIES, SERVE_EXAMPLES

ACCURACY = "accuracy"
# TFMA computes in float32: a model exactly at a limit is within it.
ROUNDING = 1e-6
EXAMPLE_COUNT = "example_count"
MACRO_F1 = "macro_f1"
_CONFUSION: Final = "confusion"
_DIFFERENCE: Final = "_diff"


def eval_config(settings: EvaluationSettings, reject_below: float) -> tfma.EvalConfig:
    """Accuracy and what each class was taken for, through the signature that is served, on raw examples.

    All of it is of the whole test split: a slice for each class would say
    only what follows from the confusion matrix, and take TFMA time for every
    class of every model.
    Cross-entropy is not among the metrics: it has no value for a class that
    the model in production has never heard of, and accuracy has.

    Args:
        settings: limits.
        reject_below: the least probability of an answer that the served model accepts.
    """
    threshold = tfma.MetricThreshold(
        value_threshold=tfma.GenericValueThreshold(lower_bound={"value": settings.min_accuracy - ROUNDING}),
        change_threshold=tfma.GenericChangeThreshold(
            direction=tfma.MetricDirection.HIGHER_IS_BETTER,
            absolute={"value": -settings.max_accuracy_drop - ROUNDING},
        ),
    )
    accuracy = tfma.MetricConfig(
        class_name="SparseCategoricalAccuracy",
        config=f'{{"name": "{ACCURACY}"}}',
        threshold=threshold,
    )
    count = tfma.MetricConfig(class_name="ExampleCount", config=f'{{"name": "{EXAMPLE_COUNT}"}}')
    # The first is 0: of every image the answer, however unsure. In ascending order, because TFMA forgets an
    # answer that it has once found too unsure.
    surer = sorted({_just_below(least) for least in (*OFFERED_THRESHOLDS, reject_below) if least})
    confusion = tfma.MetricConfig(
        class_name="MultiClassConfusionMatrixAtThresholds",
        config=json.dumps({"name": _CONFUSION, "thresholds": [0.0, *surer]}),
    )
    return tfma.EvalConfig(
        model_specs=[
            tfma.ModelSpec(signature_name=SERVE_EXAMPLES, label_key=CLASS_LABEL, prediction_key=PROBABILITIES)
        ],
        slicing_specs=[tfma.SlicingSpec()],
        metrics_specs=[tfma.MetricsSpec(metrics=[accuracy, count, confusion])],
    )


@dataclass(frozen=True)
class Evaluated:
    """What TFMA found out about a model on the whole test split.

    Attributes:
        metrics: metric → value.
        classes: label → scores, of the classes with images.
        mistakes: the most frequent first.
        coverage: by ascending threshold.
    """

    metrics: dict[str, float]
    classes: dict[str, ClassScores]
    mistakes: tuple[Mistake, ...]
    coverage: tuple[Coverage, ...]


def read_evaluation(evaluation_uri: str, labels: Sequence[str], *, baseline: bool) -> Evaluated | None:
    """Reads an evaluation artifact.

    Args:
        evaluation_uri: of the artifact.
        labels: names in id order.
        baseline: whether to read what is said of the baseline or of the candidate.

    Returns:
        None when there was no baseline.
    """
    config = tfma.load_eval_result(evaluation_uri).config
    names = [spec.name for spec in config.model_specs if spec.is_baseline == baseline]
    if not names:
        return None
    result = tfma.load_eval_result(evaluation_uri, model_name=names[0] or None)
    (overall,) = (metrics[""][""] for slice_key, metrics in result.slicing_metrics if not slice_key)
    # Beside a baseline, TFMA adds the difference of each metric to the candidate's own.
    of_the_model = {name: value for name, value in overall.items() if not name.endswith(_DIFFERENCE)}
    every, *surer = overall[_CONFUSION]["multiClassConfusionMatrixAtThresholds"]["matrices"]
    confusion = _confusion(every)
    metrics = {name: value["doubleValue"] for name, value in of_the_model.items() if "doubleValue" in value}
    classes = class_scores(confusion, labels)
    return Evaluated(
        {**metrics, MACRO_F1: macro_f1(classes)},
        classes,
        mistakes(confusion, labels),
        tuple(coverage(_just_above(matrix["threshold"]), _confusion(matrix)) for matrix in surer),
    )


def _confusion(matrix: Mapping[str, Any]) -> Confusion:
    """Of a matrix of TFMA's message, in which zeros are left out; without answers below its threshold."""
    return {
        (entry.get("actualClassId", 0), entry.get("predictedClassId", 0)): round(entry["numWeightedExamples"])
        for entry in matrix["entries"]
        if entry.get("predictedClassId", 0) != NO_PREDICTED_CLASS_ID
    }


def _just_below(least: float) -> float:
    """What TFMA has to be asked for answers of at least this probability: it takes those above."""
    return float(np.nextafter(np.float32(least), np.float32(0)))


def _just_above(asked: float) -> float:
    """The least probability that `_just_below` was asked for; rounded, as one would write it."""
    return round(float(np.nextafter(np.float32(asked), np.float32(1))), 6)


def refusal(
    settings: EvaluationSettings, candidate: dict[str, float], baseline: dict[str, float] | None
) -> str:
    """Why the Evaluator did not bless the model, in one sentence with the numbers.

    Args:
        settings: limits.
        candidate, baseline: metrics; None without a baseline.
    """
    accuracy = candidate[ACCURACY]
    reasons = []
    if baseline is not None and baseline[ACCURACY] - accuracy > settings.max_accuracy_drop + ROUNDING:
        drop = _beside(settings.max_accuracy_drop, baseline[ACCURACY] - accuracy)
        reasons.append(
            f"{drop} below the {baseline[ACCURACY]:.3f} of the model in production, "
            f"where evaluation.max_accuracy_drop allows {settings.max_accuracy_drop:g}"
        )
    if accuracy < settings.min_accuracy - ROUNDING:
        reasons.append(f"below evaluation.min_accuracy, which is {settings.min_accuracy:g}")
    shown = _beside(settings.min_accuracy, accuracy)
    return f"Its accuracy of {shown} on the test split is {', and '.join(reasons) or 'too low'}."


def _beside(limit: float, value: float) -> str:
    """A value with as many digits as tell it from a limit, or with three when it is at the limit."""
    for digits in range(3, 8):
        text = f"{value:.{digits}f}"
        if float(text) != limit:
            return text
    return f"{value:.3f}"
