"""Which factor on the learning rate each variable has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainer.model.classifier import Classifier
from trainer.model.trainable import parse_trainable
from trainer.optimization.settings import LayerRate


def variable_factors(
    classifier: Classifier, variables: Sequence[Any], rates: Sequence[LayerRate], key: str
) -> list[float]:
    """Looks each layer up in the entries; the first that includes it counts.

    `head` includes the head alone; the others include it too, as they do when a phase says what learns.

    Args:
        classifier: whose layers are looked up.
        variables: those that learn.
        rates: in order.
        key: of the entries in the configuration, dotted.

    Returns:
        The factor of each variable; 1 for those that no entry includes.

    Raises:
        ConfigError: an entry includes no layer of any backbone, because there is none of that name.
    """
    # By identity: two backbones may have layers of the same names, and so variables of the same paths.
    factors: dict[int, float] = {}
    for number, rate in enumerate(rates):
        part = parse_trainable(rate.layers)
        layers = list(classifier.head.layers)
        starts = classifier.learning_starts(part, f"{key}.{number}.layers")
        for network, start in zip(classifier.backbones, starts, strict=True):
            if start is not None:
                layers += network.layers[start:]
        for layer in layers:
            for variable in layer.trainable_variables:
                factors.setdefault(id(variable), rate.factor)
    return [factors.get(id(variable), 1.0) for variable in variables]
