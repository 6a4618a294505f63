"""What a run is asked for, settled once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.contract import ConfigError
from pipeline import prepare_run
from pipeline.config import Config
from pipeline.prepare_run import RunPlan, prepare
from pipeline.run_files import RunFiles
from pipeline.workspace import Workspace


class _ResolvedError(Exception):
    """Carries the configuration that a run comes to."""


def _config(monkeypatch: pytest.MonkeyPatch, root: Path, overrides: Any = (), span: str = "") -> Config:
    def stop(config: Config, *rest: Any) -> Config:
        raise _ResolvedError(config)

    monkeypatch.setattr(prepare_run, "resolve", stop)
    with pytest.raises(_ResolvedError) as caught:
        prepare(RunFiles(Workspace(root), "1"), RunPlan({}, list(overrides), "", span, ["Trainer"]))
    config = caught.value.args[0]
    assert isinstance(config, Config)
    return config


@pytest.mark.parametrize(("given", "span"), [("", None), ("7", 7), ("010", 10), ("08", 8)])
def test_a_span_is_a_decimal_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, span: int | None
) -> None:
    assert _config(monkeypatch, tmp_path, span=given).data.span == span


@pytest.mark.parametrize("given", ["newest", "-1", "0x10", "1_0"])
def test_a_span_that_is_no_number(tmp_path: Path, given: str) -> None:
    with pytest.raises(ConfigError, match="span: expected a number"):
        prepare(RunFiles(Workspace(tmp_path), "1"), RunPlan({}, [], "", given, ["Trainer"]))


def test_overrides_come_before_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _config(monkeypatch, tmp_path, ["seed=4", "name=it"]).seed == 4


@pytest.mark.parametrize("given", [None, "seed=4", [{"seed": 4}], {"seed": 4}])
def test_overrides_that_are_no_list_of_texts(tmp_path: Path, given: Any) -> None:
    with pytest.raises(ConfigError, match="overrides: expected a list of texts"):
        prepare(RunFiles(Workspace(tmp_path), "1"), RunPlan({}, given, "", "", ["Trainer"]))


def test_an_override_that_would_change_nothing_is_refused_in_pods_too(tmp_path: Path) -> None:
    """A run may be started without the command line, such as on Kubeflow's own pages."""
    with pytest.raises(ConfigError, match="--images, its parameter"):
        prepare(RunFiles(Workspace(tmp_path), "1"), RunPlan({}, ["data.images=/x"], "/y", "", ["Trainer"]))
