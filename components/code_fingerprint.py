"""A hash of the code behind a stage, so that changed code never gets an old result from the cache."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parent.parent
_PACKAGES: Final = ("serving", "components", "trainer", "pipeline")
# What else decides a result: another version may compute another one.
_FRAMEWORKS: Final = (
    "apache-beam",
    "keras",
    "keras-tuner",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "simplejpeg",
    "tensorflow",
    "tensorflow-data-validation",
    "tensorflow-model-analysis",
    "tensorflow-transform",
    "tfx",
)


@cache
def code_fingerprint(module: str) -> str:
    """Hashes a module, every module of this project that it imports in turn, and framework versions.

    Args:
        module: dotted name of the stage's entry, such as `trainer.run_fn`.

    Raises:
        ModuleNotFoundError: no module of this project has that name; a hash of nothing would never change.
    """
    paths = _reachable(module)
    if not paths:
        raise ModuleNotFoundError(f"there is no {module} in {_ROOT}")
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.relative_to(_ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    for framework in _FRAMEWORKS:
        digest.update(f"{framework}=={importlib.metadata.version(framework)}\n".encode())
    return digest.hexdigest()[:16]


def _reachable(module: str) -> set[Path]:
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        path = _source(waiting.pop())
        if path is not None and path not in found:
            found.add(path)
            waiting += _imports(path)
    return found


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            # `from package import module` names a module too.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _source(module: str) -> Path | None:
    if module.split(".")[0] not in _PACKAGES:
        return None
    path = _ROOT / module.replace(".", "/")
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)
