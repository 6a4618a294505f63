"""The reference says what settings are, also where a type alone does not tell."""

from __future__ import annotations

import pytest

from pipeline.config_reference import reference
from pipeline.settings.kubeflow_settings import KubeflowSettings

ROWS = {
    cells[0]: cells[1:]
    for line in reference().split("\n\n")[0].splitlines()
    if len(cells := line.strip("| ").split(" | ")) == 4
}


@pytest.mark.parametrize("key", ["beam.stages", "kubeflow.stage.node_selector", "kubeflow.stages"])
def test_a_mapping_is_called_one(key: str) -> None:
    assert ROWS[f"`{key}`"][0] == "mapping"


def test_every_cell_says_something() -> None:
    assert not [key for key, cells in ROWS.items() if not all(cell.strip("` ") for cell in cells)]


def test_what_trainer_and_tuner_get_is_said() -> None:
    _, _, meaning = ROWS["`kubeflow.stages`"]
    for stage, resources in KubeflowSettings().stages.items():
        assert stage in meaning
        for key, value in resources.model_dump(exclude_defaults=True).items():
            assert f"`{key}`" in meaning and str(value) in meaning


def test_which_secrets_there_are_is_said() -> None:
    for secret in KubeflowSettings().secrets:
        assert all(f"`{text}`" in ROWS["`kubeflow.secrets`"][2] for text in secret.model_dump().values())


def test_keys_that_two_sections_share_are_explained_once() -> None:
    assert ROWS["`kubeflow.stages.KEY`"][2].endswith("as `kubeflow.stage` has them.")
    assert ROWS["`beam.spark`"][2].startswith("Has `job_server`, `worker_pool`")
    assert "`kubeflow.stage.cpu`" in ROWS and "`kubeflow.stages.KEY.cpu`" not in ROWS
