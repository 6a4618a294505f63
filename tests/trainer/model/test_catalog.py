from __future__ import annotations

import keras
import pytest

from trainer.model.catalog import BACKBONES, BackboneSpec, nearest_name
from trainer.model.scratch_networks import SCRATCH_NETWORKS


@pytest.mark.parametrize("spec", BACKBONES.values(), ids=BACKBONES)
def test_every_backbone_can_be_built_by_somebody(spec: object) -> None:
    spec = BACKBONES[spec.name]  # type: ignore[attr-defined]
    if spec.application is None:
        assert spec.name in SCRATCH_NETWORKS
    else:
        assert callable(getattr(keras.applications, spec.application))
    assert spec.smallest <= spec.image_size
    assert spec.has_imagenet == (spec.application is not None)


def test_the_nearest_name_is_named_however_far_away_it_is() -> None:
    assert nearest_name("efficientnet_b9", ["lenet", "efficientnet_b0"]) == "efficientnet_b0"
    assert nearest_name("qqq", ["lenet"]) == "lenet"


@pytest.mark.parametrize("spec", BACKBONES.values(), ids=BACKBONES)
def test_the_name_that_keras_has_for_a_backbone_is_nearest_to_it(spec: BackboneSpec) -> None:
    assert nearest_name(spec.application or spec.name.title(), BACKBONES) == spec.name
    assert nearest_name(spec.name.upper().replace("_", "-"), BACKBONES) == spec.name
