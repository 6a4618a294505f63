"""Arrows between packages point one way: serving <- components <- trainer <- pipeline <- kubeflow."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ORDER = ("serving", "components", "trainer", "pipeline", "kubeflow")
PACKAGES = [
    init.parent.relative_to(ROOT).as_posix()
    for package in ORDER
    for init in sorted((ROOT / package).rglob("__init__.py"))
]
# Modules that must stay importable without the frameworks, because people wait for them.
LIGHT = (
    "components.contract",
    "components.settings",
    "components.example_schema.schema_rule",
    "components.example_validation.anomaly_text",
    "components.image_folder.files.image_store",
    "components.image_folder.files.open_store",
    "components.image_folder.headers.image_header",
    "components.label_map",
    "components.image_folder.files.list_images",
    "components.image_folder.splits.split_assignment",
    "components.class_balance.balance_report",
    "components.class_balance.report_lines",
    "trainer.augmentation.settings",
    "trainer.model.saved_classifier",
    "trainer.model.settings",
    "trainer.model.trainable",
    "trainer.optimization.settings",
    "trainer.settings",
    "trainer.tuning.settings",
    "trainer.tuning.space_check",
    "trainer.tunable_settings",
    "pipeline.commands.augment_preview",
    "pipeline.cli",
    "pipeline.config",
    "pipeline.terminal.console",
    "pipeline.commands.data_convert",
    "pipeline.preparation.data_facts",
    "pipeline.commands.doctor",
    "pipeline.commands.further_commands",
    "pipeline.preparation.preflight",
    "pipeline.preparation.presets",
    "pipeline.commands.run",
    "pipeline.preparation.start_from",
    "pipeline.run_report.page",
    "pipeline.results.summary",
    "pipeline.workspace",
    "serving.client",
    "serving.contract",
    "serving.server_command",
    "kubeflow.cli",
    "kubeflow.client",
    "kubeflow.cron",
    "kubeflow.runs_command",
    "kubeflow.schedule_command",
    "kubeflow.submit_command",
)
HEAVY = (
    "tensorflow",
    "keras",
    "tfx",
    "apache_beam",
    "ml_metadata",
    "tensorflow_serving",
    "matplotlib",
    "kfp",
    "kfp_server_api",
)


def imports_of(path: Path) -> set[str]:
    """Dotted names of what a file imports, wherever in it: modules, and what is taken out of them."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # With the name, because `from package import module` imports a module too.
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def wrong_arrows(package: str, imports: set[str]) -> set[str]:
    """Those of the imports that point to a package further along."""
    later = ORDER[ORDER.index(package) + 1 :]
    return {name for name in imports if name.split(".")[0] in later}


@pytest.mark.parametrize("package", ORDER)
def test_no_import_points_the_wrong_way(package: str) -> None:
    files = [path for path in (ROOT / package).rglob("*.py") if "_pb2" not in path.name]
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in wrong_arrows(package, imports_of(path))
    }
    assert wrong == set()


def test_a_wrong_arrow_would_be_found(tmp_path: Path) -> None:
    module = tmp_path / "m.py"
    module.write_text(
        "def f():\n    from pipeline.config import Config\n    import trainer.settings\n    import serving\n"
    )
    assert wrong_arrows("components", imports_of(module)) == {"pipeline.config.Config", "trainer.settings"}


def neighbours(package: Path, name: str) -> dict[str, set[str]]:
    """Files and folders of a package → those beside them that they import, wherever in them."""
    found: dict[str, set[str]] = {}
    for path in package.rglob("*.py"):
        inside = path.relative_to(package).parts[0].removesuffix(".py")
        imported = {
            each[len(name) + 1 :].split(".")[0] for each in imports_of(path) if each.startswith(f"{name}.")
        }
        found.setdefault(inside, set()).update(imported - {inside})
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_within_a_package_nothing_imports_what_imports_it(package: str) -> None:
    TopologicalSorter(neighbours(ROOT / package, package.replace("/", "."))).prepare()


def test_a_circle_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.py").write_text("def f():\n    from house.inner.b import g\n")
    for back in ("import house.a", "from house.a import f", "from house import a"):
        (tmp_path / "inner" / "b.py").write_text(f"import house.inner.c\n{back}\n")
        with pytest.raises(CycleError):
            TopologicalSorter(neighbours(tmp_path, "house")).prepare()


def test_the_folders_of_pipeline_are_told_from_the_top_down() -> None:
    (text,) = re.findall(r"From the top down: (.*) \|", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    told = re.findall(r"`(\w+)/`", text)
    assert set(told) == {init.parent.name for init in (ROOT / "pipeline").glob("*/__init__.py")}
    imported = neighbours(ROOT / "pipeline", "pipeline")
    upwards = {
        f"{folder} imports {name}"
        for place, folder in enumerate(told)
        for name in imported[folder].intersection(told[:place])
    }
    assert upwards == set()


def test_no_file_is_named_after_nothing_in_particular() -> None:
    vague = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}
    assert [path for package in ORDER for path in (ROOT / package).rglob("*.py") if path.name in vague] == []


def test_nobody_imports_kubeflow_and_kubeflow_may_import_all() -> None:
    for package in ORDER[:-1]:
        assert wrong_arrows(package, {"kubeflow.cli"}) == {"kubeflow.cli"}
    assert wrong_arrows("kubeflow", set(ORDER)) == set()
    assert (ROOT / "kubeflow" / "__init__.py").is_file()


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_load_no_framework(module: str) -> None:
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
