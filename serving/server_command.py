"""Which server answers for a model: the real TensorFlow Serving where it is installed."""

from __future__ import annotations

import shutil
from pathlib import Path


def find_tensorflow_serving() -> str | None:
    """Path of TensorFlow Serving; None when tensorflow_model_server is not on PATH."""
    return shutil.which("tensorflow_model_server")


def tensorflow_serving_command(
    executable: str, model_dir: str | Path, model_name: str, port: int
) -> list[str]:
    """Gives the command line of TensorFlow Serving, for os.execv or subprocess.

    TensorFlow Serving listens on every network interface; the embedded server, which stands in
    where it is not installed, only on the host it is given.

    Args:
        executable: from `find_tensorflow_serving`; the first word.
        model_dir: the directory with the numbered versions.
        model_name: the name clients ask for.
        port: the gRPC port, from 1 on: 0 would be none.
    """
    return [
        executable,
        f"--port={port}",
        f"--model_name={model_name}",
        f"--model_base_path={Path(model_dir).absolute()}",
    ]
