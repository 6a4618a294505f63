"""The pipeline as a script, for TFX's own command line.

`tfx pipeline create --engine=local --pipeline_path=pipeline/local_runner.py`
loads it, and `tfx run create` starts it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pipeline.commands.run import RunRequest, run
from pipeline.workspace import DEFAULT_WORKSPACE


def run_from_environment() -> int:
    """Runs what the environment describes; the `tfx` command passes no arguments to a pipeline.

    IMGCLF_IMAGES, IMGCLF_CONFIG and IMGCLF_WORKSPACE stand for the options of `imgclf run`.

    Returns:
        The exit code of `imgclf run`.
    """
    config, workspace = (
        Path(value) if (value := os.environ.get(f"IMGCLF_{name}")) else None
        for name in ("CONFIG", "WORKSPACE")
    )
    images = os.environ.get("IMGCLF_IMAGES") or None
    return run(RunRequest(images=images, config=config, workspace=workspace or DEFAULT_WORKSPACE))


if __name__ == "__main__":
    sys.exit(run_from_environment())
