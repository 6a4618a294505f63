from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.contract import ConfigError
from pipeline.config import Config, load_config, parse_config
from pipeline.preparation.data_facts import DataFacts
from pipeline.preparation.preflight import resolve
from pipeline.preparation.presets import preset_settings, with_preset
from pipeline.workspace import Workspace
from tests.image_files import write_folder

MANY = DataFacts(
    train_images=20_000,
    classes=10,
    smallest_class=1900,
    largest_class=2100,
    shorter_side=480,
    suggested_size=224,
)
FEW = replace(MANY, train_images=300, smallest_class=30, largest_class=40)
TINY = replace(MANY, shorter_side=28, suggested_size=24)
PRESETS: tuple[Any, ...] = ("fast", "balanced", "best")


def _filled(preset: str, facts: DataFacts, *overrides: str) -> Config:
    return with_preset(load_config(None, [f"preset={preset}", *overrides]), facts)[0]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("images", [2, 300, 5_000, 1_000_000])
@pytest.mark.parametrize("side", [0, 8, 40, 41, 100, 300, 4000])
@pytest.mark.parametrize("classes", [2, 1000])
def test_every_preset_is_a_configuration_for_any_data(
    preset: Any, images: int, side: int, classes: int
) -> None:
    facts = DataFacts(images, classes, 1, max(1, images // 2), side, min(max(side // 16 * 16, 16), 224))
    tree = preset_settings(preset, facts)
    config = parse_config(tree, "the preset")
    # What it chooses is what is trained: nothing is refused, put right or left out on the way.
    assert config == _filled(preset, facts)
    assert config.training.class_weights in (("none",) if images == 2 else ("inverse", "sqrt_inverse"))


@pytest.mark.parametrize(
    ("preset", "backbone", "parts"),
    [
        ("fast", "mobilenet_v3_small", ["head"]),
        ("balanced", "efficientnet_v2_b0", ["head", "from block block5"]),
        ("best", "efficientnet_v2_s", ["head", "from block block5", "all"]),
    ],
)
def test_more_time_buys_a_larger_network_and_more_phases(
    preset: str, backbone: str, parts: list[str]
) -> None:
    config = _filled(preset, MANY)
    assert (config.model.backbone, config.model.weights) == (backbone, "imagenet")
    assert [phase.train for phase in config.training.phases] == parts
    assert config.preset is None


def test_few_images_train_fewer_layers_with_more_regularisation() -> None:
    for preset in PRESETS:
        few, many = _filled(preset, FEW), _filled(preset, MANY)
        assert few.model.head.dropout > many.model.head.dropout
        assert few.model.head.l2 > many.model.head.l2 == 0
        assert few.training.batch_size < many.training.batch_size
        for fewer, more in zip(few.training.phases, many.training.phases, strict=True):
            assert fewer.epochs > more.epochs
    assert [phase.train for phase in _filled("best", FEW).training.phases] == [
        "head",
        "from block block6",
        "from block block4",
    ]
    many_classes = replace(MANY, classes=1000)
    assert _filled("balanced", many_classes).training.phases[1].train == "from block block6"


@pytest.mark.parametrize(
    ("images", "classes", "few"), [(999, 10, True), (1000, 20, False), (1000, 21, True), (1050, 21, False)]
)
def test_fewer_than_1000_images_or_50_a_class_are_few(images: int, classes: int, few: bool) -> None:
    facts = replace(MANY, train_images=images, classes=classes)
    assert (preset_settings("balanced", facts)["model"]["head"]["dropout"] == 0.4) == few


@pytest.mark.parametrize(("images", "batch"), [(499, 16), (500, 32), (9_999, 32), (10_000, 64)])
def test_batches_grow_with_the_images(images: int, batch: int) -> None:
    assert _filled("fast", replace(MANY, train_images=images)).training.batch_size == batch


def test_later_phases_take_smaller_steps_and_more_time_has_more_patience() -> None:
    training = [_filled(preset, MANY).training for preset in PRESETS]
    rates = [[phase.learning_rate for phase in each.phases] for each in training]
    assert rates == [[3e-3], [3e-3, 1e-4], [3e-3, 1e-4, 3e-5]]
    assert [each.patience for each in training] == [5, 8, 8]


def test_augmentation_and_loss_grow_with_the_preset() -> None:
    kinds = [_filled(preset, MANY).training.augmentation.preset for preset in PRESETS]
    assert kinds == ["none", "light", "strong"]
    best = _filled("best", MANY).training
    assert (best.loss.label_smoothing, best.optimizer.ema) == (0.1, 0.99)
    assert _filled("best", FEW).training.optimizer.ema == 0.9
    assert [_filled("best", each).training.optimizer.weight_decay for each in (MANY, FEW)] == [0.01, 0.05]
    assert _filled("balanced", MANY).training.loss.label_smoothing == 0


def test_best_goes_from_smaller_images_to_the_largest() -> None:
    assert [phase.image_size for phase in _filled("best", MANY).training.phases] == [None, 192, None]
    assert _filled("best", MANY).model.image_size == 300
    assert _filled("best", replace(MANY, shorter_side=300)).model.image_size == 300
    assert _filled("best", replace(MANY, shorter_side=299)).model.image_size == 224
    assert _filled("fast", MANY).model.image_size == 224
    small = replace(MANY, shorter_side=64, suggested_size=64)
    assert _filled("best", small).model.image_size == 96
    assert [phase.image_size for phase in _filled("best", small).training.phases] == [None, 64, None]


def test_tiny_images_get_networks_that_start_from_nothing_and_no_mirror() -> None:
    for preset, backbone in (("fast", "small_cnn"), ("balanced", "cifar_cnn"), ("best", "cifar_cnn")):
        config = _filled(preset, TINY)
        assert (config.model.backbone, config.model.weights) == (backbone, "none")
        assert config.model.image_size == 24
        assert [phase.train for phase in config.training.phases] == ["all"]
        assert [op.op for op in config.training.augmentation.chosen_ops] == ["rotation", "shift", "zoom"]
    assert _filled("fast", replace(TINY, shorter_side=41)).model.backbone == "mobilenet_v3_small"


@pytest.mark.parametrize(
    ("smallest", "weights"), [(1001, "none"), (1000, "inverse"), (100, "inverse"), (99, "sqrt_inverse")]
)
def test_unequal_classes_are_weighted(smallest: int, weights: str) -> None:
    facts = replace(MANY, smallest_class=smallest, largest_class=2000)
    assert _filled("balanced", facts).training.class_weights == weights


def test_what_the_user_sets_comes_before_the_preset(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "preset: best\nmodel: {head: {dropout: 0.05}}\n"
        "training: {phases: [{train: head, epochs: 2}], optimizer: {ema: null}}\n"
    )
    config, text = with_preset(load_config(path, ["training.batch_size=7"]), MANY)
    assert config.model.head.dropout == 0.05
    assert config.training.batch_size == 7
    assert [phase.epochs for phase in config.training.phases] == [2]
    assert (config.training.optimizer.name, config.training.optimizer.ema) == ("adamw", None)
    chosen = yaml.safe_load(text)
    assert "phases" not in chosen["training"]
    assert "batch_size" not in chosen["training"]
    assert chosen["model"] == {"backbone": "efficientnet_v2_s", "image_size": 300}
    assert chosen["training"]["optimizer"] == {"name": "adamw", "weight_decay": 0.01}


def test_the_printed_settings_are_the_preset_written_out() -> None:
    for facts in (MANY, FEW, TINY):
        for preset in PRESETS:
            config, text = with_preset(load_config(None, [f"preset={preset}"]), facts)
            assert parse_config(yaml.safe_load(text), "the copy") == config


@pytest.mark.parametrize(
    "override",
    [
        "training.optimizer={name: sgd, nesterov: true}",
        "training.augmentation.preset=light",
        "training.augmentation.ops=[{op: rotation, degrees: 5}]",
    ],
)
def test_a_section_of_another_kind_is_left_alone(override: str) -> None:
    for facts in (MANY, TINY):
        alone = load_config(None, [override]).training
        training = _filled("best", facts, override).training
        if "optimizer" in override:
            assert training.optimizer == alone.optimizer.model_copy(update={"ema": training.optimizer.ema})
        else:
            assert training.augmentation == alone.augmentation


def test_a_network_of_the_users_gets_what_goes_with_it() -> None:
    named = _filled("best", MANY, "model.backbone=resnet50")
    assert [phase.train for phase in named.training.phases] == ["head", "last 40 layers", "all"]
    assert named.model.image_size == 224
    named = _filled("best", FEW, "model.backbone=resnet50")
    assert [phase.train for phase in named.training.phases] == ["head", "last 40 layers", "last 80 layers"]
    random = _filled("balanced", MANY, "model.backbone=resnet50", "model.weights=none")
    assert [phase.train for phase in random.training.phases] == ["all"]
    own = _filled("best", MANY, "model.backbone=lenet", "model.weights=none")
    assert (own.model.image_size, len(own.training.phases)) == (28, 1)
    tiny = _filled("fast", TINY, "model.weights=imagenet")
    assert (tiny.model.backbone, tiny.model.image_size) == ("mobilenet_v3_small", 96)
    # A weights file is that of the default network, unless another is named.
    assert _filled("best", MANY, "model.weights=w.h5").model.backbone == Config().model.backbone
    flat = _filled("best", MANY, "model.head.pooling=avg+max+flatten")
    assert {phase.image_size for phase in flat.training.phases} == {None}
    smaller = _filled("best", MANY, "model.image_size=128")
    assert [phase.image_size for phase in smaller.training.phases] == [None, 96, None]


def test_what_a_preset_fills_in_can_be_tuned() -> None:
    def space(key: str) -> str:
        return f"tuning={{trials: 2, space: {{{key}: {{min: 1.0e-5, max: 1.0e-3, scale: log}}}}}}"

    config = _filled("best", MANY, space("training.phases.2.learning_rate"))
    assert list(config.tuning.space) == ["training.phases.2.learning_rate"]
    with pytest.raises(ConfigError, match=r"with preset best: .*training\.phases has 3 entries, from 0"):
        _filled("best", MANY, space("training.phases.3.learning_rate"))


def test_what_does_not_go_together_is_an_error_that_names_the_preset() -> None:
    with pytest.raises(ConfigError, match=r"with preset balanced: model: alpha is for mobilenet"):
        _filled("balanced", MANY, "model.alpha=0.5")


def test_entries_of_what_the_preset_chooses_cannot_be_set_one_by_one() -> None:
    with pytest.raises(ConfigError, match="the preset chooses training.phases"):
        load_config(None, ["training.phases.0.epochs=3", "preset=fast"])


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="there is no preset 'blanced'.* did you mean 'balanced'?"):
        load_config(None, ["preset=blanced"])


def test_preflight_fills_the_preset_in_and_says_what_it_chose(tmp_path: Path) -> None:
    images = write_folder(tmp_path / "images", {"a": 6, "b": 2})
    said: list[str] = []
    config = resolve(
        load_config(None, ["preset=fast"]), str(images), Workspace(tmp_path / "workspace"), said.append
    )
    assert (config.preset, config.model.backbone, config.model.image_size) == (None, "small_cnn", 32)
    assert config.training.class_weights == "inverse"
    assert config.data.images == str(images)
    (text,) = said
    assert text.startswith("Preset fast chose:\nmodel:\n  backbone: small_cnn\n")


@pytest.mark.zoo
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("facts", [MANY, FEW, TINY], ids=["many", "few", "tiny"])
def test_the_networks_have_the_layers_that_presets_name(preset: str, facts: DataFacts) -> None:
    from trainer.model.classifier import build_classifier

    config = _filled(preset, facts, *(() if facts is TINY else ("model.weights=none",)))
    pretrained = _filled(preset, facts)
    for size in {phase.image_size for phase in pretrained.training.phases}:
        classifier = build_classifier(config.model, facts.classes, size)
        for phase in pretrained.training.phases:
            classifier.set_trainable(phase.trainable)
            assert (phase.train != "head") == bool(classifier.extractor.trainable_weights)
