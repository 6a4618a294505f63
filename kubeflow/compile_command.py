"""`imgclf kubeflow compile`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kubeflow.kfp_package import require_kfp
from pipeline.config import load_config


def compile_file(config: Path | None, overrides: Sequence[str], output: Path) -> list[str]:
    """Compiles the pipeline, and says in lines what came of it.

    Args:
        config: YAML file; None for the defaults.
        overrides: `key=value`.
        output: file to write.

    Raises:
        ConfigError: the configuration is wrong, or kfp is not installed.
        OSError: the file cannot be written.
    """
    from pipeline.output_capture import quiet_tensorflow

    settings = load_config(config, overrides)
    require_kfp()
    quiet_tensorflow()

    from kubeflow.compile import compile_pipeline
    from kubeflow.pipeline_file import read_pipeline

    compile_pipeline(settings, output)
    compiled = read_pipeline(output)
    lines = [f"{output}: {len(compiled.steps)} steps of {compiled.name}"]
    if "@sha256:" not in settings.kubeflow.image:
        lines.append(
            f"The image {settings.kubeflow.image} is named by a tag, which may come to mean another. "
            "Name it by its digest with --set kubeflow.image=NAME@sha256:…"
        )
    return lines
