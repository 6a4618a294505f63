from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from trainer.augmentation.op_settings import FlipOp, RotationOp
from trainer.augmentation.presets import PRESETS
from trainer.augmentation.settings import OPS, AugmentationSettings


def _refusal(*ops: Any) -> tuple[tuple[str | int, ...], str]:
    with pytest.raises(ValidationError) as caught:
        AugmentationSettings.model_validate({"ops": ops})
    (error,) = caught.value.errors()
    return error["loc"], error["msg"]


def test_nothing_is_changed_unless_asked() -> None:
    assert AugmentationSettings().chosen_ops == ()


def test_a_preset_is_used_until_ops_are_given() -> None:
    assert AugmentationSettings(preset="light").chosen_ops == (FlipOp(),)
    assert AugmentationSettings.model_validate({"preset": "strong", "ops": []}).chosen_ops == ()


def test_presets_grow() -> None:
    sizes = [len(PRESETS[name]) for name in ("none", "light", "standard", "strong")]
    assert sizes == sorted(set(sizes))


def test_ops_are_read_as_yaml_gives_them() -> None:
    given = {"ops": [{"op": "rotation", "degrees": 15, "probability": 0.5}, {"op": "flip"}]}
    settings = AugmentationSettings.model_validate(given)
    assert settings.chosen_ops == (RotationOp(degrees=15, probability=0.5), FlipOp())
    assert AugmentationSettings.model_validate(settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("rotate", "rotation"),
        ("mix_up", "mixup"),
        ("crop", "random_resized_crop"),
        ("JPEG", "jpeg_quality"),
        ("?", ""),
    ],
)
def test_an_op_that_there_is_not_names_the_nearest(wrong: str, right: str) -> None:
    where, message = _refusal({"op": "flip"}, {"op": wrong})
    assert where == ("ops", 1)
    assert f"there is no op '{wrong}'; the nearest one is '{right}" in message


@pytest.mark.parametrize("entry", ["flip", 3, {"degrees": 3}, None])
def test_an_entry_that_names_no_op_is_shown_how(entry: Any) -> None:
    assert _refusal(entry) == (("ops", 0), f"Value error, {entry!r} names no op; write it as in {{op: flip}}")


def test_a_wrong_strength_is_found_by_its_key() -> None:
    assert _refusal({"op": "rotation", "degrees": 181})[0] == ("ops", 0, "degrees")


def test_a_key_that_an_op_does_not_have_is_answered_with_its_own() -> None:
    where, message = _refusal({"op": "flip"}, {"op": "rotation", "angle": 3})
    assert where == ("ops", 1)
    assert message.endswith("rotation has no key 'angle'; known there: probability, op, degrees")
    assert _refusal({"op": "rotation", "degree": 3})[1].endswith("no key 'degree'; did you mean 'degrees'?")
    assert _refusal({"op": "flip", "probability": 1.5})[0] == ("ops", 0, "probability")


@pytest.mark.parametrize(
    ("op", "words"),
    [
        ({"op": "flip", "horizontal": False}, "are both false"),
        ({"op": "erasing", "min_area": 0.5}, "min_area 0.5 is above max_area 0.2"),
        ({"op": "jpeg_quality", "min_quality": 96}, "min_quality 96 is above max_quality 95"),
    ],
)
def test_strengths_that_contradict_one_another_are_refused(op: dict[str, Any], words: str) -> None:
    assert words in _refusal(op)[1]


@pytest.mark.parametrize("name", OPS)
def test_every_strength_is_described(name: str) -> None:
    assert OPS[name].model_validate({"op": name}).model_dump()["op"] == name
    assert all(field.description for field in OPS[name].model_fields.values())


def test_settings_load_no_framework() -> None:
    code = "import sys, trainer.augmentation.settings; print({'tensorflow', 'keras'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "set()"
