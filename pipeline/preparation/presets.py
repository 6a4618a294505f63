"""Settings of the model and of training that follow from how many images there are, and of what kind.

A preset only fills in: whatever the user sets stays as it is, and what is chosen beside it goes with it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import yaml

from pipeline.config import Config, Preset, parse_config
from pipeline.preparation.data_facts import DataFacts
from trainer.model.catalog import BACKBONES, BackboneSpec

Tree = dict[str, Any]

# Up to here, ImageNet's features, made for objects some 200 pixels large, find next to nothing: the networks
# halve the image five times, which leaves a single value of 32 pixels.
_TINY: Final = 40
# Smaller images are enlarged to this for pretrained networks, so that their last feature map is 3 by 3.
_SMALLEST_PRETRAINED: Final = 96
# Below either of these, a network that learns as a whole learns the images by heart.
_FEW_IMAGES: Final = 1000
_FEW_PER_CLASS: Final = 50
# From one class being this much larger than another, guessing the large one pays; from the second ratio on,
# full weights would let single images rule their batches.
_IMBALANCED: Final = 2.0
_EXTREMELY_IMBALANCED: Final = 20.0

_NETWORKS: Final[Mapping[Preset, str]] = {
    "fast": "mobilenet_v3_small",
    "balanced": "efficientnet_v2_b0",
    "best": "efficientnet_v2_s",
}
_TINY_NETWORKS: Final[Mapping[Preset, str]] = {
    "fast": "small_cnn",
    "balanced": "cifar_cnn",
    "best": "cifar_cnn",
}
# EfficientNetV2-S was trained at up to 300 pixels (Tan and Le 2021, table 6); others mostly at 224, where
# the suggestion ends.
_LARGE: Final = 300


def with_preset(config: Config, facts: DataFacts) -> tuple[Config, str]:
    """Fills the preset of a configuration in.

    Args:
        config: with a `preset`.
        facts: of the images.

    Returns:
        The configuration without a preset, and the YAML of what the preset chose.

    Raises:
        ConfigError: what the user set does not go with what the preset chose.
    """
    assert config.preset is not None
    given = config.model_dump(mode="json", exclude_unset=True, exclude={"preset"})
    chosen = _beside(preset_settings(config.preset, facts, given), given)
    filled = parse_config(_merged(chosen, given), f"the configuration with preset {config.preset}")
    # Entries of lists on lines of their own, short enough to be read.
    text = yaml.safe_dump(chosen, sort_keys=False, default_flow_style=None, width=100)
    return filled, text if chosen else ""


def preset_settings(preset: Preset, facts: DataFacts, given: Mapping[str, Any] | None = None) -> Tree:
    """Chooses settings.

    Args:
        preset: how much time may be spent.
        facts: of the images.
        given: what the user set, as a tree; settings that hang on these follow them.

    Returns:
        A tree of settings below `model` and `training`, which may have keys that are given too.
    """
    given = given or {}
    model = given.get("model", {})
    spec = _network(preset, facts, model)
    from_nothing = not spec.has_imagenet if "weights" not in model else model["weights"] == "none"
    size = _image_size(preset, facts, spec, model)
    few = _few(facts)
    batch_size = given.get("training", {}).get("batch_size", _batch_size(facts))
    chosen: Tree = {"backbone": spec.name}
    if from_nothing:
        chosen["weights"] = "none"
    chosen |= {"image_size": size, "head": _head(preset, few, from_nothing)}
    if from_nothing:
        phases = _from_nothing(preset, facts)
    else:
        phases = _fine_tuning(preset, facts, spec, size, _one_size(spec, model))
    training: Tree = {"batch_size": batch_size, "phases": phases, "patience": 5 if preset == "fast" else 8}
    training |= _regularisation(preset, few, from_nothing, _tiny(facts))
    if preset == "best":
        training["optimizer"]["ema"] = _ema(facts, batch_size)
    if facts.smallest_class and facts.largest_class >= _IMBALANCED * facts.smallest_class:
        extreme = facts.largest_class > _EXTREMELY_IMBALANCED * facts.smallest_class
        training["class_weights"] = "sqrt_inverse" if extreme else "inverse"
    return {"model": chosen, "training": training}


def _tiny(facts: DataFacts) -> bool:
    return facts.shorter_side <= _TINY


def _few(facts: DataFacts) -> bool:
    return facts.train_images < _FEW_IMAGES or facts.train_images < _FEW_PER_CLASS * facts.classes


def _network(preset: Preset, facts: DataFacts, model: Mapping[str, Any]) -> BackboneSpec:
    if "backbone" in model:
        return BACKBONES[model["backbone"]]
    weights = model.get("weights")
    if weights not in (None, "imagenet", "none"):
        # A weights file is for one network, which without a name is the default.
        return BACKBONES[Config().model.backbone]
    tiny = _tiny(facts) and weights != "imagenet"
    return BACKBONES[(_TINY_NETWORKS if tiny else _NETWORKS)[preset]]


def _image_size(preset: Preset, facts: DataFacts, spec: BackboneSpec, model: Mapping[str, Any]) -> int:
    if model.get("image_size") is not None:
        return int(model["image_size"])
    if spec.ends_dense:
        return min(facts.suggested_size, spec.image_size)
    if preset == "best" and spec.image_size >= _LARGE <= facts.shorter_side:
        return _LARGE
    return max(facts.suggested_size, _SMALLEST_PRETRAINED)


def _batch_size(facts: DataFacts) -> int:
    """So that an epoch has some tens of steps at least; large batches of few images learn little."""
    return 16 if facts.train_images < 500 else 32 if facts.train_images < 10_000 else 64


def _epochs(facts: DataFacts, seen: int, least: int, most: int) -> int:
    """As many epochs as show about `seen` images in all: few images have to be seen more often."""
    return min(max(math.ceil(seen / max(facts.train_images, 1)), least), most)


def _head(preset: Preset, few: bool, from_nothing: bool) -> Tree:
    dropout = 0.4 if few else 0.3 if from_nothing or preset == "best" else 0.2
    return {"dropout": dropout, **({"l2": 1e-4} if few else {})}


def _from_nothing(preset: Preset, facts: DataFacts) -> list[Tree]:
    seen, least, most = {
        "fast": (20_000, 5, 30),
        "balanced": (100_000, 15, 60),
        "best": (300_000, 30, 120),
    }[preset]
    return [
        {
            "train": "all",
            "epochs": _epochs(facts, seen, least, most),
            "learning_rate": 1e-3,
            # Batch normalisation and Adam know nothing yet in the first steps.
            "schedule": {"name": "cosine", "warmup_epochs": 1},
        }
    ]


def _fine_tuning(
    preset: Preset, facts: DataFacts, spec: BackboneSpec, size: int, one_size: bool
) -> list[Tree]:
    # The head starts at random: until it is of some use, its gradients would spoil what lies before it
    # (Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features"). Its features are computed once.
    head = {"train": "head", "epochs": _epochs(facts, 20_000, 5, 30), "learning_rate": 3e-3}
    if preset == "fast":
        return [head]
    few = _few(facts)
    last, more, whole = _parts(spec, few)
    if preset == "balanced":
        return [head, {"train": last, "epochs": _epochs(facts, 20_000, 4, 15), "learning_rate": 1e-4}]
    middle = {"train": more, "epochs": _epochs(facts, 30_000, 4, 20), "learning_rate": 1e-4}
    if not one_size:
        # Smaller images first are quicker, and no worse in the end (Tan and Le 2021, section 4).
        middle["image_size"] = max(round(size * 2 / 3 / 32) * 32, spec.smallest)
    warm_up = {"name": "cosine", "warmup_epochs": 1}
    last_phase = {"train": whole, "epochs": _epochs(facts, 30_000, 4, 20), "learning_rate": 3e-5}
    return [head, middle, {**last_phase, "schedule": warm_up}]


def _parts(spec: BackboneSpec, few: bool) -> tuple[str, str, str]:
    """What learns after the head: of `balanced`, of `best` at first, of `best` in the end."""
    if spec.name.startswith("efficientnet_v2"):
        return (
            "from block block6" if few else "from block block5",
            "from block block6" if few else "from block block5",
            "from block block4" if few else "all",
        )
    # Of other networks the names of the blocks are not known here, and 20 layers are about two blocks.
    return (
        "last 20 layers" if few else "last 40 layers",
        "last 40 layers",
        "last 80 layers" if few else "all",
    )


def _one_size(spec: BackboneSpec, model: Mapping[str, Any]) -> bool:
    """Whether the number of weights, or another backbone, stands against images of several sizes."""
    flattened = "flatten" in model.get("head", {}).get("pooling", "")
    return spec.ends_dense or flattened or bool(model.get("fused_with"))


def _regularisation(preset: Preset, few: bool, from_nothing: bool, tiny: bool) -> Tree:
    if preset == "fast" and not from_nothing:
        return {}  # Features that are computed once are of images as they are.
    kind = "strong" if preset == "best" else "standard" if few or from_nothing else "light"
    chosen: Tree = {"augmentation": _TINY_AUGMENTATION if tiny else {"preset": kind}}
    if preset == "best" or few:
        chosen["loss"] = {"label_smoothing": 0.1}
    if preset == "best":
        decay = 0.05 if few or from_nothing else 0.01
        chosen["optimizer"] = {"name": "adamw", "weight_decay": decay}
    return chosen


# Tiny images are often of characters and signs, and a mirror makes others of these.
_TINY_AUGMENTATION: Final = {
    "ops": [
        {"op": "rotation", "degrees": 10},
        {"op": "shift", "fraction": 0.1},
        {"op": "zoom", "factor": 0.1},
    ]
}


def _ema(facts: DataFacts, batch_size: int) -> float:
    """An average over about the last epoch at most: a longer one would lag behind in short phases."""
    steps = facts.train_images / batch_size
    return 0.999 if steps >= 1000 else 0.99 if steps >= 100 else 0.9


# Sections of which one key says what the others mean: where the user gives one of these keys, the preset
# leaves the section alone.
_KIND_KEYS: Final = frozenset({"name", "preset", "ops"})


def _beside(chosen: Mapping[str, Any], given: Mapping[str, Any]) -> Tree:
    """What is chosen but for what is given."""
    left: Tree = {}
    for key, value in chosen.items():
        if key not in given:
            left[key] = value
        elif isinstance(value, dict) and isinstance(given[key], dict) and not _KIND_KEYS & set(given[key]):
            left |= {key: inner} if (inner := _beside(value, given[key])) else {}
    return left


def _merged(chosen: Mapping[str, Any], given: Mapping[str, Any]) -> Tree:
    """Both; they share sections, but no setting."""
    shared = {key: _merged(chosen[key], given[key]) for key in chosen.keys() & given.keys()}
    return {**chosen, **given, **shared}
