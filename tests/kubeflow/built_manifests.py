"""The manifests as kustomize puts them together."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
KUBEFLOW: Final = ROOT / "kubeflow"
MANIFESTS: Final = KUBEFLOW / "manifests"
# The cloud with the component that its kustomization has in a comment, which the README takes away.
WITH_FLINK: Final = "overlays/cloud with flink"
OVERLAYS: Final = ("overlays/small", "overlays/cloud", WITH_FLINK)
KUSTOMIZATIONS: Final = ("base", "namespace", *OVERLAYS)

Resource = dict[str, Any]


def build(kustomization: str, scratch: Path) -> list[Resource]:
    """What `kubectl apply -k` would send, once the user has written metadata.env.

    Args:
        kustomization: folder below manifests/, or `FOLDER with COMPONENT`.
        scratch: an empty folder to work in.
    """
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not on the PATH")
    copy = scratch / "manifests"
    shutil.copytree(MANIFESTS, copy)
    shutil.copy(copy / "base" / "metadata.env.example", copy / "base" / "metadata.env")
    folder, _, component = kustomization.partition(" with ")
    if component:
        file = copy / folder / "kustomization.yaml"
        line = f"# components: [../../components/{component}]\n"
        assert line in file.read_text("utf-8")
        file.write_text(file.read_text("utf-8").replace(line, line.removeprefix("# ")), "utf-8")
    built = subprocess.run(
        ["kubectl", "kustomize", str(copy / folder)], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return list(yaml.safe_load_all(built.stdout))


def pod_specs(resources: Iterable[Resource]) -> Iterator[tuple[str, Resource]]:
    """The spec of every pod that the resources lead to, and of what."""
    for resource in resources:
        name = f"{resource['kind']} {resource['metadata']['name']}"
        if resource["kind"] == "Pod":
            yield name, resource["spec"]
        elif resource["kind"] == "CronJob":
            yield name, resource["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        elif "template" in resource.get("spec", {}):
            yield name, resource["spec"]["template"]["spec"]


def containers(spec: Resource) -> list[Resource]:
    """All containers of a pod, those that run first included."""
    return [*spec.get("initContainers", ()), *spec["containers"]]


def only(resources: list[Resource], kind: str, name: str) -> Resource:
    """The one resource of a kind and a name."""
    (found,) = (
        resource for resource in resources if (resource["kind"], resource["metadata"]["name"]) == (kind, name)
    )
    return found
