"""Which factor on the learning rate each variable has."""

from __future__ import annotations

from collections.abc import Sequence

from trainer.model.classifier import Classifier
from trainer.model.trainable import parse_trainable
from trainer.optimization.settings import LayerRate


def variable_factors(classifier: Classifier, rates: Sequence[LayerRate], key: str) -> dict[str, float]:
    """Looks each layer up in the entries; the first that includes it counts.

    `head` includes the head alone; the others include it too, as they do when a phase says what learns.

    Args:
        classifier: whose variables.
        rates: in order.
        key: of the entries in the configuration, dotted.

    Returns:
        Path of a variable → factor; variables that no entry includes are left out.

    Raises:
        ConfigError: an entry includes no layer of any backbone, because there is none of that name.
    """
    factors: dict[str, float] = {}
    for number, rate in enumerate(rates):
        part = parse_trainable(rate.layers)
        layers = list(classifier.head.layers)
        starts = classifier.learning_starts(part, f"{key}.{number}.layers")
        for network, start in zip(classifier.backbones, starts, strict=True):
            if start is not None:
                layers += network.layers[start:]
        for layer in layers:
            for variable in layer.trainable_variables:
                factors.setdefault(variable.path, rate.factor)
    return factors
