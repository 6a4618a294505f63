"""What a user can set about the random changes to training images."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BeforeValidator, Field

from components.settings import Settings
from trainer.augmentation.op_settings import AnyOp, OpSettings
from trainer.augmentation.presets import PRESETS, Preset
from trainer.model.catalog import nearest_name

FillMode = Literal["reflect", "constant", "nearest", "wrap"]

# Name → settings class, in the order of the reference.
OPS: Final[Mapping[str, type[OpSettings]]] = MappingProxyType(
    {kind.model_fields["op"].default: kind for kind in get_args(AnyOp)}
)


def _parsed(entry: Any) -> OpSettings:
    """Gives an entry to the class that it names; pydantic, left to choose, would complain for each class."""
    if isinstance(entry, OpSettings):
        return entry
    if not isinstance(entry, Mapping) or "op" not in entry:
        raise ValueError(f"{entry!r} names no op; write it as in {{op: flip}}")
    name = str(entry["op"])
    if name not in OPS:
        raise ValueError(f"there is no op '{name}'; the nearest one is '{nearest_name(name, OPS)}'")
    known = OPS[name].model_fields
    unknown = [str(key) for key in entry if key not in known]
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, n=1, cutoff=0.7)
        advice = f"did you mean '{near[0]}'?" if near else f"known there: {', '.join(known)}"
        raise ValueError(f"{name} has no key '{unknown[0]}'; {advice}")
    return OPS[name].model_validate(entry)


Op = Annotated[AnyOp, BeforeValidator(_parsed)]


class AugmentationSettings(Settings):
    """Random changes to training images; phases that train only the head have `feature_views` for them."""

    preset: Preset = Field("none", description="Which list of ops is used unless `ops` is given.")
    ops: tuple[Op, ...] | None = Field(
        None, description="The ops, in the order in which they happen; each is a mapping with the key `op`."
    )
    fill_mode: FillMode = Field(
        "reflect",
        description="What comes in from outside the image when it is turned, moved or reduced: its mirror "
        "image, black, its border drawn out, or the image again.",
    )

    @property
    def chosen_ops(self) -> tuple[AnyOp, ...]:
        """The ops that are given, else those of the preset."""
        return PRESETS[self.preset] if self.ops is None else self.ops
