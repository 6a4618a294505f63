from __future__ import annotations

from pathlib import Path

import pytest

from components import code_fingerprint as module
from components.code_fingerprint import code_fingerprint


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        "trainer/entry.py": "import os\nfrom components import deep\nfrom trainer.other import x\n",
        "trainer/other.py": "import components.far as far\nx = 1\n",
        "trainer/unrelated.py": "",
        "components/deep.py": "from trainer import entry\n",
        "components/far/__init__.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(module, "_ROOT", tmp_path)
    return tmp_path


def _fingerprint() -> str:
    code_fingerprint.cache_clear()
    return code_fingerprint("trainer.entry")


@pytest.mark.parametrize(
    "file", ["trainer/entry.py", "trainer/other.py", "components/deep.py", "components/far/__init__.py"]
)
def test_it_follows_everything_that_the_entry_imports(project: Path, file: str) -> None:
    before = _fingerprint()
    assert _fingerprint() == before
    with (project / file).open("a") as source:
        source.write("\n")
    assert _fingerprint() != before


def test_it_follows_nothing_else(project: Path) -> None:
    before = _fingerprint()
    (project / "trainer" / "unrelated.py").write_text("y = 2\n")
    assert _fingerprint() == before


# What decodes images in ingest, and warps them in training, among them.
@pytest.mark.parametrize("package", ["tensorflow", "tfx", "simplejpeg", "opencv-python-headless"])
def test_it_follows_the_frameworks_versions(
    project: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    before = _fingerprint()
    installed = module.importlib.metadata.version
    monkeypatch.setattr(
        module.importlib.metadata, "version", lambda name: "99" if name == package else installed(name)
    )
    assert _fingerprint() != before


def test_what_a_stage_really_imports_is_found() -> None:
    found = {path.name for path in module._reachable("trainer.run_fn")}
    assert {"run_fn.py", "augment.py", "transform_graph.py", "contract.py", "warmup.py"} <= found
    assert "client.py" not in found


def test_what_runs_in_worker_processes_is_found() -> None:
    found = {path.name for path in module._reachable("components.image_folder.executor")}
    assert {"unit_worker.py", "unit_work.py"} <= found


@pytest.mark.parametrize("gone", ["trainer.entrance", "elsewhere.entry"])
def test_a_name_that_means_no_code_is_no_fingerprint(project: Path, gone: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=gone):
        code_fingerprint(gone)
