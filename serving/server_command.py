"""Which server answers for a model: the real TensorFlow Serving where it is installed."""

from __future__ import annotations

import shutil
from pathlib import Path


def tensorflow_serving_command(model_dir: str | Path, model_name: str, port: int) -> list[str] | None:
    """Gives the command line of TensorFlow Serving, for os.execv or subprocess.

    TensorFlow Serving listens on every network interface; the embedded server, which stands in
    where this returns None, only on the host it is given.

    Args:
        model_dir: the directory with the numbered versions.
        model_name: the name clients ask for.
        port: the gRPC port.

    Returns:
        The words of the command, the executable's path first, or None when
        tensorflow_model_server is not on PATH.
    """
    executable = shutil.which("tensorflow_model_server")
    if executable is None:
        return None
    return [
        executable,
        f"--port={port}",
        f"--model_name={model_name}",
        f"--model_base_path={Path(model_dir).absolute()}",
    ]
