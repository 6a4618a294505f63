"""What `--set` may change in a run of a compiled pipeline."""

from __future__ import annotations

import re

import pytest

from components.contract import ConfigError
from pipeline.preparation.run_overrides import check_overrides, span_override


@pytest.mark.parametrize(
    ("override", "advice"),
    [
        ("training.epochs", "KEY=VALUE"),
        ("=3", "KEY=VALUE"),
        ("trainin.epochs=3", "no such setting. Known: balance, "),
        # Both would be read, and change nothing.
        ("data.images=/imgclf/others", "--images"),
        ("data={images: /imgclf/others}", "--images"),
        ("kubeflow.stages.Trainer.gpus=2", "`imgclf kubeflow compile`"),
    ],
)
def test_what_a_run_does_not_heed_is_refused(override: str, advice: str) -> None:
    check_overrides(
        [
            "data={span: 3}",
            "data={",
            "data=images",
            "model.weights=none",
            "training.phases=[]",
            "data.layout=sidecar",
        ]
    )
    with pytest.raises(ConfigError, match=f"--set {re.escape(override)}: .*{re.escape(advice)}"):
        check_overrides([override])


def test_a_span_is_a_decimal_number() -> None:
    assert (*span_override(""), *span_override("010")) == ("data.span=10",)
    with pytest.raises(ConfigError, match="span: expected a number, such as 7, not '-7'"):
        span_override("-7")
