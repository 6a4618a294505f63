"""Starts a classifier from one that was trained before, which may know other labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

# Importing the classifier makes all of its layers known to Keras' loading.
from components.contract import ConfigError
from serving.first_line import first_line
from trainer.model.classifier import Classifier
from trainer.model.head import LOGITS
from trainer.model.layer_weights import set_layer_weights


@dataclass(frozen=True)
class Source:
    """A classifier to start from.

    Attributes:
        model: `model` of a classifier of this package, as it was saved.
        labels: names in id order.
    """

    model: keras.Model
    labels: tuple[str, ...]


def start_from(
    source: Source, target: Classifier, labels: Sequence[str]
) -> tuple[Classifier, tuple[str, ...]]:
    """Takes a source's weights over.

    Args:
        source: where from.
        target: its weights are changed in place.
        labels: the target's, in id order.

    Returns:
        The target, whose backbones count as pretrained where all of their layers were taken over; and the
        paths of the layers that keep some of their own weights, as `copy_matching` has them.

    Raises:
        ConfigError: the two have no layer in common, or what they have in common is for pixels that are
            scaled in another way.
    """
    _check_scaling(source.model, target)
    kept = copy_matching(source.model, target, source.labels, labels)
    pretrained = tuple(
        already or not any(f"{path}/".startswith(f"extractor/{network.name}/") for path in kept)
        for network, already in zip(target.backbones, target.pretrained_backbones, strict=True)
    )
    return replace(target, pretrained_backbones=pretrained), kept


def _check_scaling(source: keras.Model, target: Classifier) -> None:
    """Refuses a backbone that would see other numbers; what scales pixels has no weights to take over."""
    for network in target.backbones:
        theirs, own = (_pixel_factor(model, network.name) for model in (source, target.model))
        if theirs is not None and not np.allclose(theirs, own):
            raise ConfigError(
                f"The model to start from scales pixels for {network.name} in another way than this one: "
                "it began with ImageNet's weights, and this one does not, or the other way round. Set the "
                "weights of the backbone to what that model began with."
            )


def _pixel_factor(model: keras.Model, name: str) -> Any:
    """What pixels are multiplied with for a backbone, one number or three; None where it is not there."""
    layers = {layer.name: layer for layer in model.get_layer("extractor").layers}
    if name not in layers:
        return None
    factor: Any = 1.0
    for layer in (layers.get(f"{name}_scaling"), *layers[name].layers):
        if isinstance(layer, keras.layers.Rescaling):
            factor = factor * np.asarray(layer.scale)
    return factor


def load_source(path: Path) -> keras.Model:
    """Reads a classifier that was saved as `.keras`; code that may lie in it is not run.

    Raises:
        ConfigError: it is no such file.
    """
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        # Keras raises many kinds here, and all mean the same to a user. Of one it says how to run the code.
        reason = first_line(str(error)).partition(" If you trust ")[0].rstrip(".")
        raise ConfigError(
            f"The model {path} cannot be taken over: {reason}. Give the model.keras of an earlier run."
        ) from error


def copy_matching(
    source: keras.Model, target: Classifier, source_labels: Sequence[str], target_labels: Sequence[str]
) -> tuple[str, ...]:
    """Takes over the weights of all layers that both have, by path and shape.

    Of the last dense layer, the columns of the labels that both have are taken over; new labels keep what
    they were initialised with.

    Args:
        source: `model` of a classifier of this package, as it was saved.
        target: changed in place.
        source_labels, target_labels: names in id order.

    Returns:
        Paths of the target's layers that keep some of their own weights, such as `head/logits`; empty when
        everything was taken over.

    Raises:
        ConfigError: the source does not have as many outputs as labels, or has no layer in common.
    """
    if source.output_shape[-1] != len(source_labels):
        raise ConfigError(
            f"The model to start from has {source.output_shape[-1]} outputs, but {len(source_labels)} labels "
            "are said to be its own. Give the labels that it was trained with."
        )
    old = dict(_layers_by_path(source))
    new = dict(_layers_by_path(target.model))
    kept = []
    for path, layer in new.items():
        there = old[path].get_weights() if path in old else []
        own = layer.get_weights()
        if path == f"head/{LOGITS}" and there and there[0].shape[0] == own[0].shape[0]:
            layer.set_weights(_columns_taken(there, own, source_labels, target_labels))
            if not set(target_labels) <= set(source_labels):
                kept.append(path)
        elif [each.shape for each in there] == [each.shape for each in own]:
            set_layer_weights(layer, there)
        else:
            kept.append(path)
    if len(kept) == len(new):
        raise ConfigError(
            f"The model to start from has no layer in common with "
            f"{', '.join(network.name for network in target.backbones)} and its head. "
            "Give one with the same model.backbone and model.alpha."
        )
    return tuple(kept)


def _columns_taken(
    there: Sequence[np.ndarray],
    own: Sequence[np.ndarray],
    source_labels: Sequence[str],
    target_labels: Sequence[str],
) -> list[np.ndarray]:
    """The own kernel [D, classes] and bias [classes], with the columns of known labels from there."""
    pairs = [
        (place, source_labels.index(label))
        for place, label in enumerate(target_labels)
        if label in source_labels
    ]
    merged = [array.copy() for array in own]
    for mine, theirs in zip(merged, there, strict=True):
        for to, from_ in pairs:
            mine[..., to] = theirs[..., from_]
    return merged


def _layers_by_path(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, keras.layers.Layer]]:
    """The layers with weights; those in a Sequential are one, because Keras makes up their names."""
    for layer in model.layers:
        path = f"{prefix}{layer.name}"
        if isinstance(layer, keras.Model) and not isinstance(layer, keras.Sequential):
            yield from _layers_by_path(layer, f"{path}/")
        elif layer.weights:
            yield path, layer
