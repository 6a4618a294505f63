from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from trainer.model.settings import ModelSettings


def _settings(**values: Any) -> ModelSettings:
    return ModelSettings.model_validate(values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"backbone": "resnet51"}, "there is no backbone 'resnet51'; did you mean 'resnet50'"),
        ({"backbone": "vgg16", "alpha": 0.5}, "vgg16 has no such factor"),
        (
            {"backbone": "xception", "image_size": 64},
            "image_size is 64, and the smallest that xception takes is 71",
        ),
        ({"backbone": "lenet"}, "no ImageNet weights for lenet"),
        ({"alpha": 0.3}, r"no ImageNet weights for mobilenet with alpha 0.3, only with 0.25, 0.5, 0.75, 1;"),
        ({"backbone": "mobilenet_v3_small", "alpha": 0.5}, "only with 0.75, 1;"),
        ({"weights": "gs://bucket/w.h5"}, "set weights_sha256"),
        ({"weights_sha256": "0" * 64}, "weights_sha256 belongs to a file, and weights is 'imagenet'"),
        ({"fused_with": [{"backbone": "vgg17"}]}, "did you mean 'vgg1"),
        (
            {"backbone": "lenet", "weights": "none", "head": {"attention": "se"}},
            "lenet ends in a dense layer",
        ),
        (
            {"fused_with": [{"backbone": "small_cnn", "weights": "none"}], "head": {"attention": "cbam"}},
            "small_cnn ends in a dense layer",
        ),
        ({"head": {"hidden": [64, 0]}}, r"these are \[64, 0\]"),
        ({"head": {"pooling": "min"}}, "pooling"),
    ],
)
def test_what_cannot_be_built_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        _settings(**values)


def test_the_size_is_the_backbones_own_unless_it_is_given() -> None:
    assert _settings(backbone="xception").input_size == 299
    assert _settings(backbone="xception", image_size=128).input_size == 128


def test_pixels_come_in_at_the_largest_size_of_all_backbones() -> None:
    fused = [{"backbone": "efficientnet_b3"}, {"backbone": "lenet", "weights": "none"}]
    assert _settings(fused_with=fused).input_size == 300
    assert _settings(fused_with=fused, image_size=320).input_size == 320


@pytest.mark.parametrize(
    "values",
    [
        {"alpha": 0.3, "weights": "none"},
        {"backbone": "mobilenet_v2", "alpha": 1.4},
        {"weights": "local.h5"},
        {"weights": "gs://bucket/w.h5", "weights_sha256": "0" * 64},
        {"backbone": "lenet", "weights": "none", "head": {"pooling": "bilinear"}},
    ],
)
def test_what_can_be_built_is_taken(values: dict[str, Any]) -> None:
    assert _settings(**values).weights == values.get("weights", "imagenet")
