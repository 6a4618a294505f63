"""Where a local run finds what pods find on the volume."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubeflow.volume_paths import VolumePaths

PATHS = VolumePaths("/imgclf", Path('/home/it\'s "mine"/volume'))
HERE = str(PATHS.folder)


@pytest.mark.parametrize(
    ("argument", "found"),
    [
        ("/imgclf", HERE),
        ("/imgclf/photos/span-{SPAN}", f"{HERE}/photos/span-{{SPAN}}"),
        ("--images=/imgclf/photos", f"--images={HERE}/photos"),
        ("data.schema_file=/imgclf/photos", f"data.schema_file={HERE}/photos"),
        ("/imgclf-2/photos", "/imgclf-2/photos"),
        ("gs://bucket/imgclf", "gs://bucket/imgclf"),
        ("/data/imgclf/x", "/data/imgclf/x"),
        ("import json; x = '/imgclf'", "import json; x = '/imgclf'"),
        ("[broken: /imgclf", "[broken: /imgclf"),
        ("--images=", "--images="),
    ],
)
def test_paths_below_the_mount_alone(argument: str, found: str) -> None:
    assert PATHS.in_argument(argument) == found


def test_values_of_the_configuration() -> None:
    config: dict[str, Any] = {
        "data": {"images": "/imgclf/photos", "schema_file": "/imgclf/schema.pbtxt"},
        "model": {"backbones": [{"weights": "/imgclf/w.h5"}, {"weights": "imagenet"}]},
        "training": {"learning_rate": 1e-05, "epochs": 3},
        "name": "/imgclf2",
    }
    found = json.loads(PATHS.in_argument(json.dumps(config)))
    config["data"] = {"images": f"{HERE}/photos", "schema_file": f"{HERE}/schema.pbtxt"}
    config["model"]["backbones"][0]["weights"] = f"{HERE}/w.h5"
    assert found == config


def test_what_holds_no_such_path_stays_to_the_letter() -> None:
    text = '{"a":  [1,2e3], "b": "\\u00e4"}'
    assert PATHS.in_argument(text) == text


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("data={schema_file: /imgclf/s, window: 4}", {"schema_file": f"{HERE}/s", "window": 4}),
        ("data.schema_file='/imgclf/photos'", f"{HERE}/photos"),
        ('data.schema_file="/imgclf/photos"', f"{HERE}/photos"),
    ],
)
def test_overrides_are_yaml(override: str, value: Any) -> None:
    (found,) = json.loads(PATHS.in_argument("--overrides=" + json.dumps([override])).partition("=")[2])
    assert yaml.safe_load(found.partition("=")[2]) == value
