"""Would TensorFlow Serving serve this model, and would it answer what training computed?"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import tensorflow as tf
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass as validated_dataclass

from components.contract import GOLDEN_PROBABILITIES, IMAGE_ENCODED
from components.label_map import read_labels
from components.serving_check.settings import ServingCheckSettings
from serving import contract
from serving.first_line import first_line
from serving.session_model import SessionModel, replay_warmup

_TIMED_REQUESTS: Final = 20
_SIGNATURES: Final[dict[str, tuple[set[str], set[str]]]] = {
    contract.SERVING_DEFAULT: (
        {contract.IMAGE_BYTES},
        {
            contract.PROBABILITIES,
            contract.LABEL,
            contract.PROBABILITY,
            contract.ACCEPTED,
            contract.TOP_LABELS,
            contract.TOP_PROBABILITIES,
        },
    ),
    contract.SERVE_EXAMPLES: ({contract.EXAMPLES}, {contract.PROBABILITIES}),
}


@dataclass(frozen=True)
class GoldenAnswer:
    """What training's own process answered for an image.

    Attributes:
        image: the file's bytes.
        probabilities: float32 [C].
    """

    image: bytes
    probabilities: np.ndarray


@validated_dataclass(frozen=True)
class ServingReport:
    """What the check found.

    Attributes:
        problems: sentences; empty when the model is fit to be served.
        images: golden answers compared.
        max_difference: largest difference of a probability; None when nothing could be compared.
        median_latency_ms: of requests of one image; None when none was answered.
    """

    problems: tuple[str, ...]
    images: int = 0
    max_difference: float | None = None
    median_latency_ms: float | None = None

    def write(self, path: Path) -> None:
        """Writes the report as JSON."""
        path.write_bytes(TypeAdapter(ServingReport).dump_json(self, indent=1))

    @staticmethod
    def read(path: Path) -> ServingReport:
        """Reads what `write` wrote."""
        return TypeAdapter(ServingReport).validate_json(path.read_bytes())


def read_golden_answers(path: Path) -> list[GoldenAnswer]:
    """Reads what `trainer.golden_answers` wrote."""
    answers = []
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        features = tf.train.Example.FromString(record).features.feature
        probabilities = np.array(features[GOLDEN_PROBABILITIES].float_list.value, np.float32)
        answers.append(GoldenAnswer(features[IMAGE_ENCODED].bytes_list.value[0], probabilities))
    return answers


def check_servable(
    saved_model: Path, golden: Sequence[GoldenAnswer], settings: ServingCheckSettings
) -> ServingReport:
    """Loads the model through TensorFlow's session path, as TensorFlow Serving does, and asks it.

    `tf.saved_model.load` is of no use here: there are exports that it loads
    and that TensorFlow Serving fails on at the first request.

    Args:
        saved_model: directory of the SavedModel.
        golden: answers to compare with, at least one.
        settings: tolerance and time limit.
    """
    try:
        with SessionModel.load(saved_model) as model:
            problems = _signature_problems(model.signatures)
            if problems:
                return ServingReport(problems=tuple(problems))
            replay_warmup(model, saved_model)
            return _ask(model, read_labels(saved_model / contract.LABELS_ASSET), golden, settings)
    except Exception as error:
        # Whatever it is, the model server would meet it too, with users waiting.
        why = first_line(str(error)) or type(error).__name__
        return ServingReport(problems=(f"the model does not work in a model server: {why}",))


def _signature_problems(signatures: Mapping[str, object]) -> list[str]:
    problems = []
    for name, (inputs, outputs) in _SIGNATURES.items():
        signature = signatures.get(name)
        if signature is None:
            problems.append(f"the signature {name} is missing")
            continue
        for kind, wanted in (("inputs", inputs), ("outputs", outputs)):
            if set(getattr(signature, kind)) != wanted:
                problems.append(
                    f"the {kind} of {name} are {sorted(getattr(signature, kind))}, not {sorted(wanted)}"
                )
    return problems


def _ask(
    model: SessionModel, labels: Sequence[str], golden: Sequence[GoldenAnswer], settings: ServingCheckSettings
) -> ServingReport:
    images = np.array([answer.image for answer in golden], dtype=object)
    expected = np.stack([answer.probabilities for answer in golden])
    if len(labels) != expected.shape[1]:
        problem = f"{contract.LABELS_ASSET} names {len(labels)} labels for {expected.shape[1]} classes"
        return ServingReport(problems=(problem,))
    problems = []
    answers = model.run(contract.SERVING_DEFAULT, {contract.IMAGE_BYTES: images})
    through_examples = model.run(contract.SERVE_EXAMPLES, {contract.EXAMPLES: _as_examples(golden)})
    served = np.stack([answers[contract.PROBABILITIES], through_examples[contract.PROBABILITIES]])
    # NumPy's maximum, as Python's passes over NaN.
    difference = float(np.abs(served - expected).max())
    # Written so that NaN is a problem too.
    if not difference <= settings.max_difference:
        problems.append(
            f"served probabilities differ from those of training by {difference:.2g}; "
            f"serving_check.max_difference allows {settings.max_difference:.2g}"
        )
    names = [label.encode() for label in labels]
    best = [names[index] for index in answers[contract.PROBABILITIES].argmax(1)]
    if list(answers[contract.LABEL]) != best:
        problems.append("the label names in the answers do not match the probabilities")
    latency = _median_latency_ms(model, images[:1])
    if settings.max_latency_ms is not None and latency > settings.max_latency_ms:
        problems.append(
            f"one image takes {latency:.1f} ms; "
            f"serving_check.max_latency_ms allows {settings.max_latency_ms:g}"
        )
    return ServingReport(tuple(problems), len(golden), difference, latency)


def _as_examples(golden: Sequence[GoldenAnswer]) -> np.ndarray:
    def serialize(image: bytes) -> bytes:
        feature = {IMAGE_ENCODED: tf.train.Feature(bytes_list=tf.train.BytesList(value=[image]))}
        return bytes(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())

    return np.array([serialize(answer.image) for answer in golden], dtype=object)


def _median_latency_ms(model: SessionModel, image: np.ndarray) -> float:
    seconds = []
    for _ in range(_TIMED_REQUESTS):
        start = time.perf_counter()
        model.run(contract.SERVING_DEFAULT, {contract.IMAGE_BYTES: image})
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) * 1000
