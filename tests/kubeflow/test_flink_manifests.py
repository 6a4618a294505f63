"""Flink as an overlay gets it: its settings, its memory, its ports and who may reach them."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.settings.beam_settings import PortableSettings
from pipeline.settings.kubeflow_settings import KubeflowSettings
from tests.kubeflow.built_manifests import (
    WITH_FLINK,
    Resource,
    build,
    containers,
    only,
    pod_specs,
)
from tests.kubeflow.network_policies import NetworkPolicies, Pod

SETTINGS = KubeflowSettings()
# Binary multiples of bytes, which Flink writes with small letters.
UNITS = {"m": 2**20, "g": 2**30, "Mi": 2**20, "Gi": 2**30}
JOB_MANAGER, TASK_MANAGERS, JOB_SERVER = "imgclf-flink", "imgclf-flink-workers", "imgclf-beam"
NAMESPACE = "imgclf"
# The name that Flink's scripts look for.
LOG = "log4j-console.properties"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> list[Resource]:
    return build(WITH_FLINK, tmp_path_factory.mktemp("manifests"))


@pytest.fixture(scope="module")
def flink(cluster: list[Resource]) -> dict[str, Any]:
    """Flink's settings, as its containers see them."""
    settings: dict[str, Any] = yaml.safe_load(settings_map(cluster)["data"]["config.yaml"])
    return settings


def settings_map(cluster: list[Resource]) -> Resource:
    """The ConfigMap, whose name ends in a hash of what is in it."""
    (found,) = (r for r in cluster if r["kind"] == "ConfigMap" and LOG in r["data"])
    return found


def pod_of(cluster: list[Resource], name: str) -> Resource:
    """The spec of the pods of a Deployment."""
    spec: Resource = only(cluster, "Deployment", name)["spec"]["template"]["spec"]
    return spec


def container(cluster: list[Resource], deployment: str, name: str) -> Resource:
    (found,) = (each for each in containers(pod_of(cluster, deployment)) if each["name"] == name)
    return found


def options(command: list[str]) -> dict[str, str]:
    """The options `--NAME=VALUE` of a command."""
    return dict(word[2:].split("=", 1) for word in command if word.startswith("--"))


def amount(text: str) -> float:
    """Bytes, as Kubernetes or Flink writes them."""
    number, unit = re.fullmatch(r"(\d+)(\w+)", text).groups()  # type: ignore[union-attr]
    return int(number) * UNITS[unit]


def cores(text: str) -> float:
    """A quantity of cores."""
    return int(text.removesuffix("m")) / 1000 if text.endswith("m") else float(text)


def service_ports(cluster: list[Resource], name: str) -> dict[str, int]:
    """Name → port of a Service, each of which leads to the same port of its container."""
    there = {
        port["name"]: port["containerPort"]
        for each in containers(pod_of(cluster, name))
        for port in each["ports"]
    }
    ports = only(cluster, "Service", name)["spec"]["ports"]
    assert {port["port"] for port in ports} == {there[port["targetPort"]] for port in ports}
    return {port["name"]: port["port"] for port in ports}


def test_ports_and_addresses_are_those_of_flinks_settings(
    cluster: list[Resource], flink: dict[str, Any]
) -> None:
    job_manager = flink["jobmanager"]["rpc"]
    assert job_manager["address"] == flink["rest"]["address"] == JOB_MANAGER
    assert service_ports(cluster, JOB_MANAGER) == {
        "rpc": job_manager["port"],
        "blob": flink["blob"]["server"]["port"],
        "rest": flink["rest"]["port"],
    }
    assert {
        port["name"]: port["containerPort"]
        for port in container(cluster, TASK_MANAGERS, "task-manager")["ports"]
    } == {
        "data": flink["taskmanager"]["data"]["port"],
        "rpc": flink["taskmanager"]["rpc"]["port"],
        "metrics": flink["metrics"]["internal"]["query-service"]["port"],
    }
    for bind in (flink["jobmanager"]["bind-host"], flink["taskmanager"]["bind-host"]):
        assert bind == flink["rest"]["bind-address"] == "0.0.0.0"


def test_the_job_server_finds_flink_and_is_found(cluster: list[Resource], flink: dict[str, Any]) -> None:
    given = options(container(cluster, JOB_SERVER, "job-server")["command"])
    assert given["flink-master"] == f"{JOB_MANAGER}:{flink['rest']['port']}"
    # What it tells clients, who then bring their files to the artifact port of that name.
    assert given["job-host"] == JOB_SERVER
    ports = {"job": int(given["job-port"]), "artifact": int(given["artifact-port"])}
    assert service_ports(cluster, JOB_SERVER) == ports
    assert PortableSettings().job_server.partition(":")[2] == given["job-port"]


@pytest.mark.parametrize(
    ("deployment", "name", "key"),
    [(JOB_MANAGER, "job-manager", "jobmanager"), (TASK_MANAGERS, "task-manager", "taskmanager")],
)
def test_memory_is_enough_for_flinks_processes(
    cluster: list[Resource], flink: dict[str, Any], deployment: str, name: str, key: str
) -> None:
    process = amount(flink[key]["memory"]["process"]["size"])
    assert process >= 2**30
    resources = container(cluster, deployment, name)["resources"]
    for amounts in ("requests", "limits"):
        assert amount(resources[amounts]["memory"]) >= process


def test_every_task_manager_has_workers_on_the_workspace(cluster: list[Resource]) -> None:
    pod = pod_of(cluster, TASK_MANAGERS)
    (pool,) = pod["initContainers"]
    # A sidecar: it starts before the task manager, and goes on.
    assert pool["restartPolicy"] == "Always"
    python, dash_m, module, port = pool["command"]
    assert (python, dash_m) == ("python", "-m") and importlib.util.find_spec(module)
    assert PortableSettings().worker_pool == f"localhost:{options([port])['service_port']}"
    # The same code as the stages', with the same rights on their files.
    assert pool["image"] == SETTINGS.image
    files = only(cluster, "CronJob", "imgclf-nightly-run")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    for key in ("runAsUser", "runAsGroup", "fsGroup"):
        assert pod["securityContext"][key] == files["securityContext"][key]
    assert not {"runAsUser", "runAsGroup"} & set(pool["securityContext"])
    (volume,) = (each["name"] for each in pool["volumeMounts"] if each["mountPath"] == SETTINGS.mount_path)
    (claim,) = (each["persistentVolumeClaim"] for each in pod["volumes"] if each["name"] == volume)
    assert claim == {"claimName": SETTINGS.volume_claim}


def test_flinks_containers_have_its_settings_and_a_place_to_write(cluster: list[Resource]) -> None:
    seen = set()
    for name, spec in pod_specs(cluster):
        volumes = {volume["name"]: volume for volume in spec.get("volumes", ())}
        for each in containers(spec):
            if not each["image"].startswith("imgclf-flink:"):
                continue
            seen.add(each["name"])
            mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in each["volumeMounts"]}
            assert set(mounts) == {"/tmp", "/etc/flink"}, name
            assert mounts["/etc/flink"]["configMap"]["name"] == settings_map(cluster)["metadata"]["name"]
            assert mounts["/tmp"]["emptyDir"]["sizeLimit"], name
            if each["command"][0].startswith("/opt/flink/bin/"):
                assert each["env"] == [{"name": "FLINK_CONF_DIR", "value": "/etc/flink"}]
            else:
                assert f"-Dlog4j.configurationFile=/etc/flink/{LOG}" in each["command"]
    assert seen == {"job-manager", "task-manager", "job-server"}
    assert set(settings_map(cluster)["data"]) == {"config.yaml", LOG}


def test_there_are_slots_for_the_work(cluster: list[Resource], flink: dict[str, Any]) -> None:
    replicas = only(cluster, "Deployment", TASK_MANAGERS)["spec"]["replicas"]
    # Also while one of them is lost.
    slots = flink["taskmanager"]["numberOfTaskSlots"] * (replicas - 1)
    assert PortableSettings().parallelism <= slots


def test_a_drain_leaves_task_managers(cluster: list[Resource]) -> None:
    budget = only(cluster, "PodDisruptionBudget", TASK_MANAGERS)["spec"]
    assert budget["maxUnavailable"] < only(cluster, "Deployment", TASK_MANAGERS)["spec"]["replicas"]


def test_it_leaves_room_for_runs_in_the_quota(cluster: list[Resource]) -> None:
    quota = only(cluster, "ResourceQuota", "imgclf")["spec"]["hard"]
    for kind, measure in (("cpu", cores), ("memory", amount)):
        for amounts in ("requests", "limits"):
            taken = sum(
                resource["spec"]["replicas"] * measure(each["resources"][amounts][kind])
                for resource in cluster
                if resource["kind"] == "Deployment"
                for each in containers(resource["spec"]["template"]["spec"])
            )
            assert taken <= measure(quota[f"{amounts}.{kind}"]) / 2, (amounts, kind)


RUN = {"pipelines.kubeflow.org/v2_component": "true"}
# Who may say what to whom, as far as it concerns Flink; anybody else nothing.
OPEN = {
    ("run", JOB_SERVER): {8098, 8099},
    ("imgclf-nightly-run", JOB_SERVER): {8098, 8099},
    (JOB_SERVER, JOB_MANAGER): {8081},
    (TASK_MANAGERS, JOB_MANAGER): {6123, 6124},
    (JOB_MANAGER, TASK_MANAGERS): {6122, 6125},
    (TASK_MANAGERS, TASK_MANAGERS): {6121},
}
FLINK = (JOB_MANAGER, TASK_MANAGERS, JOB_SERVER)


@pytest.fixture(scope="module")
def pods(cluster: list[Resource]) -> dict[str, Pod]:
    """One of each kind that there is in the namespace."""
    found = {"run": Pod(NAMESPACE, RUN), "unlabelled": Pod(NAMESPACE, {})}
    for resource in cluster:
        template = resource.get("spec", {}).get("jobTemplate", resource).get("spec", {}).get("template")
        if template:
            found[resource["metadata"]["name"]] = Pod(NAMESPACE, template["metadata"]["labels"])
    return found


def test_everybody_reaches_what_they_need_and_nothing_else(
    cluster: list[Resource], pods: dict[str, Pod]
) -> None:
    policies = NetworkPolicies(cluster)
    ports = {
        port["containerPort"]
        for name in FLINK
        for each in containers(pod_of(cluster, name))
        for port in each["ports"]
    }
    assert ports == {6121, 6122, 6123, 6124, 6125, 8081, 8098, 8099, 50000}
    strangers = {
        "a run of another namespace": Pod("kubeflow", RUN),
        "a client of the models": Pod("default", {"imgclf-serving-client": "true"}),
    }
    # Each way has to be open at both ends, and at neither for anybody else.
    for side, sources in ((policies.leaving, pods), (policies.entering, {**pods, **strangers})):
        found = {
            (source, target): reached
            for source, pod in sources.items()
            for target in FLINK
            if (reached := side(pod, pods[target], ports))
        }
        assert found == OPEN, side


def test_flink_reaches_nothing_of_the_others(cluster: list[Resource], pods: dict[str, Pod]) -> None:
    policies = NetworkPolicies(cluster)
    for name in FLINK:
        for other in ("imgclf-metadata", "imgclf-serving"):
            ports = {3306, 8500, 8501}
            assert not policies.leaving(pods[name], pods[other], ports), (name, other)
            assert not policies.entering(pods[name], pods[other], ports), (name, other)


def test_runs_still_reach_their_database(cluster: list[Resource], pods: dict[str, Pod]) -> None:
    policies = NetworkPolicies(cluster)
    for side in (policies.leaving, policies.entering):
        assert side(pods["run"], pods["imgclf-metadata"], {3306, 22}) == {3306}


def test_without_the_component_there_is_none_of_it(tmp_path: Path) -> None:
    names = {r["metadata"]["name"] for r in build("overlays/cloud", tmp_path)}
    assert not {name for name in names if name.startswith((JOB_MANAGER, JOB_SERVER))}
