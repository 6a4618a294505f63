"""What is given to Kubernetes is valid, asks for little, and has the names that compiled pipelines use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.config import Config, load_config
from pipeline.settings.kubeflow_settings import KubeflowSettings
from pipeline.workspace import Workspace
from tests.kubeflow.built_manifests import (
    KUSTOMIZATIONS,
    MANIFESTS,
    OVERLAYS,
    Resource,
    build,
    containers,
    only,
    pod_specs,
)
from tests.kubeflow.kubernetes_schemas import LATEST, InvalidResourceError, validate

# The oldest that the README names, and the newest whose schemas there are.
VERSIONS = ("1.31", LATEST)
SETTINGS = KubeflowSettings()
# Kinds that hold for the whole cluster, and so have no namespace.
CLUSTER_WIDE = ("Namespace",)


@pytest.fixture(scope="module", params=KUSTOMIZATIONS)
def resources(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Resource]:
    return build(request.param, tmp_path_factory.mktemp("manifests"))


@pytest.fixture(scope="module", params=OVERLAYS)
def overlay(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Resource]:
    return build(request.param, tmp_path_factory.mktemp("manifests"))


def all_pod_specs(resources: list[Resource]) -> list[tuple[str, Resource]]:
    """Those of the resources, and that of the pod which is applied by itself."""
    return [*pod_specs(resources), *pod_specs([yaml.safe_load((MANIFESTS / "files-pod.yaml").read_text())])]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_resource_is_valid(resources: list[Resource], version: str) -> None:
    for resource in resources:
        validate(resource, version)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_file_is_valid_by_itself(version: str) -> None:
    files = [
        path for path in MANIFESTS.rglob("*.yaml") if path.name not in ("kustomization.yaml", "config.yaml")
    ]
    assert len(files) >= 12
    for path in files:
        if path.name == "nightly-run-on-gpu.yaml":
            continue  # A patch, which is no whole resource.
        for resource in yaml.safe_load_all(path.read_text("utf-8")):
            validate(resource, version)


def test_a_mistake_would_be_found() -> None:
    claim = yaml.safe_load((MANIFESTS / "base" / "volume-claim.yaml").read_text("utf-8"))
    claim["spec"]["accessMode"] = claim["spec"].pop("accessModes")
    with pytest.raises(InvalidResourceError):
        validate(claim)


def test_every_file_is_used() -> None:
    for kustomization in MANIFESTS.rglob("kustomization.yaml"):
        text = kustomization.read_text("utf-8")
        for path in kustomization.parent.glob("*.*"):
            if path.suffix in (".yaml", ".config", ".properties") and path != kustomization:
                assert path.name in text, path


def test_pods_are_restricted(resources: list[Resource]) -> None:
    for name, spec in all_pod_specs(resources):
        context = spec["securityContext"]
        assert context["runAsNonRoot"] is True and context["runAsUser"] > 0, name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is False, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec), name
        assert not [volume for volume in spec.get("volumes", ()) if "hostPath" in volume], name
        for container in containers(spec):
            context = container["securityContext"]
            assert context.get("runAsUser") != 0 and context.get("runAsNonRoot") is not False, name
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["readOnlyRootFilesystem"] is True, name
            assert context["capabilities"] == {"drop": ["ALL"]}, name


def test_containers_say_what_they_need(resources: list[Resource]) -> None:
    for name, spec in all_pod_specs(resources):
        for container in containers(spec):
            for amounts in ("requests", "limits"):
                assert {"cpu", "memory"} <= set(container["resources"][amounts]), (name, container["name"])


def test_the_imgclf_image_gets_what_it_writes_to(overlay: list[Resource]) -> None:
    for name, spec in pod_specs(overlay):
        for container in containers(spec):
            if container["image"].partition(":")[0] in ("imgclf", "imgclf-gpu"):
                mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
                assert {"/tmp", "/home/imgclf", SETTINGS.mount_path} <= mounts, name


def test_rights_are_few(overlay: list[Resource]) -> None:
    rules = [rule for resource in overlay if "Role" in resource["kind"] for rule in resource.get("rules", ())]
    assert rules
    for rule in rules:
        assert "*" not in (*rule["apiGroups"], *rule["resources"], *rule["verbs"]), rule
        assert not {"delete", "escalate", "bind", "impersonate"} & set(rule["verbs"]), rule
        if "secrets" in rule["resources"]:
            assert rule["resourceNames"], rule
    assert not [resource for resource in overlay if resource["kind"].startswith("ClusterRole")]


def test_names_are_those_of_the_settings(overlay: list[Resource]) -> None:
    only(overlay, "PersistentVolumeClaim", SETTINGS.volume_claim)
    only(overlay, "ServiceAccount", SETTINGS.service_account)
    for variable in SETTINGS.secrets:
        assert variable.key in only(overlay, "Secret", variable.secret)["data"]
    service = only(overlay, "Service", SETTINGS.metadata.host)
    assert [port["port"] for port in service["spec"]["ports"]] == [SETTINGS.metadata.port]
    binding = only(overlay, "RoleBinding", SETTINGS.service_account)
    assert binding["subjects"][0]["name"] == SETTINGS.service_account
    only(overlay, "Role", binding["roleRef"]["name"])


def test_the_database_is_the_one_of_the_settings(overlay: list[Resource]) -> None:
    (container,) = containers(
        only(overlay, "StatefulSet", SETTINGS.metadata.host)["spec"]["template"]["spec"]
    )
    values = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert values["MARIADB_DATABASE"] == SETTINGS.metadata.database
    assert container["ports"][0]["containerPort"] == SETTINGS.metadata.port
    given = {
        (variable["valueFrom"]["secretKeyRef"]["name"], variable["valueFrom"]["secretKeyRef"]["key"])
        for variable in container["env"]
        if "valueFrom" in variable
    }
    assert given == {(variable.secret, variable.key) for variable in SETTINGS.secrets}


def test_the_volume_is_mounted_where_the_settings_say(overlay: list[Resource]) -> None:
    mounts = {
        (volume["persistentVolumeClaim"]["claimName"], mount["mountPath"])
        for _, spec in all_pod_specs(overlay)
        for volume in spec["volumes"]
        if "persistentVolumeClaim" in volume
        for container in containers(spec)
        for mount in container["volumeMounts"]
        if mount["name"] == volume["name"]
    }
    assert mounts == {(SETTINGS.volume_claim, SETTINGS.mount_path)}


def test_labels_lead_to_pods(overlay: list[Resource]) -> None:
    """Selectors of services, policies and budgets, but for those that others' pods have."""
    pods = [
        resource["spec"].get("jobTemplate", resource)["spec"]["template"]["metadata"]["labels"]
        for resource in overlay
        if resource["kind"] in ("Deployment", "StatefulSet", "CronJob")
    ]
    for resource in overlay:
        selector: dict[str, Any] = resource.get("spec", {}).get("selector", {})
        if resource["kind"] == "NetworkPolicy":
            selector = resource["spec"]["podSelector"]
        wanted = selector.get("matchLabels", selector)
        if "pipelines.kubeflow.org/v2_component" not in wanted:
            assert any(wanted.items() <= labels.items() for labels in pods), resource["metadata"]["name"]


def test_nothing_comes_in_or_goes_out_unless_opened(overlay: list[Resource]) -> None:
    spec = only(overlay, "NetworkPolicy", "imgclf-default-deny")["spec"]
    assert sorted(spec["policyTypes"]) == ["Egress", "Ingress"] and not {"ingress", "egress"} & set(spec)
    for name, pod in ((r["metadata"]["name"], r) for r in overlay if "template" in r.get("spec", {})):
        labels = pod["spec"]["template"]["metadata"]["labels"]
        assert spec["podSelector"]["matchLabels"].items() <= labels.items(), name


def test_models_are_served_from_where_they_are_pushed(overlay: list[Resource]) -> None:
    spec = only(overlay, "Deployment", "imgclf-serving")["spec"]["template"]["spec"]
    (serving,) = spec["containers"]
    name = Config().name
    models = (MANIFESTS / "base" / "models.config").read_text("utf-8")
    pushed = Workspace(Path(SETTINGS.mount_path)).model_dir(name)
    assert f'name: "{name}"' in models and f'base_path: "{pushed}"' in models
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        path = serving[probe]["httpGet"]["path"]
        assert path.removesuffix("/metadata") == f"/v1/models/{name}"
    assert f"{pushed}/" in spec["initContainers"][0]["command"][-1]
    for container in containers(spec):
        (mount,) = (m for m in container["volumeMounts"] if m["mountPath"] == SETTINGS.mount_path)
        assert mount["readOnly"] is True


def test_the_nightly_run_is_one_at_a_time_on_that_workspace(overlay: list[Resource]) -> None:
    spec = only(overlay, "CronJob", "imgclf-nightly-run")["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    (container,) = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    command = container["command"]
    assert command[:2] == ["imgclf", "run"]
    assert command[command.index("--workspace") + 1] == SETTINGS.mount_path
    config = load_config(MANIFESTS / "base" / "config.yaml", ())
    assert config.name == Config().name
    assert str(config.data.images).startswith(f"{SETTINGS.mount_path}/")


def test_a_small_cluster_needs_nothing_special(tmp_path: Path) -> None:
    small = build("overlays/small", tmp_path)
    claim = only(small, "PersistentVolumeClaim", SETTINGS.volume_claim)["spec"]
    assert claim["accessModes"] == ["ReadWriteOnce"] and "storageClassName" not in claim
    assert "nvidia.com/gpu" not in str([spec for _, spec in pod_specs(small)])
    assert {r["metadata"].get("namespace") for r in small} == {"kubeflow"}


def test_the_cloud_shares_a_file_system_and_gpus(tmp_path: Path) -> None:
    cloud = build("overlays/cloud", tmp_path)
    claim = only(cloud, "PersistentVolumeClaim", SETTINGS.volume_claim)["spec"]
    assert claim["accessModes"] == ["ReadWriteMany"] and claim["storageClassName"] == "imgclf-shared"
    run = dict(pod_specs(cloud))["CronJob imgclf-nightly-run"]
    (container,) = run["containers"]
    assert container["image"] == "imgclf-gpu:latest"
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert run["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    namespaced = [r for r in cloud if r["kind"] not in CLUSTER_WIDE]
    assert {r["metadata"]["namespace"] for r in namespaced} == {"imgclf"}
    quotas = [r["spec"]["hard"] for r in cloud if r["kind"] == "ResourceQuota"]
    assert {"requests.nvidia.com/gpu", "requests.cpu", "requests.memory"} <= set().union(*quotas)


def test_no_password_is_in_git() -> None:
    assert "kubeflow/manifests/base/metadata.env\n" in (MANIFESTS.parents[1] / ".gitignore").read_text(
        "utf-8"
    )
    assert not [path for path in MANIFESTS.rglob("*.yaml") if "kind: Secret\n" in path.read_text("utf-8")]
