"""Compiles pipelines for tests, in a hundredth of the time that it takes below pytest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kubeflow.compile import compile_pipeline
from pipeline.config import Config


def compile_quickly(config: Config, output: Path) -> None:
    """Does what `compile_pipeline` does, on a thread of its own.

    For each setting of each step, KFP has Python describe every call that led there. Some of those that lead
    to a test are in no file, and for each of them Python looks through all modules. A thread begins anew.

    Raises:
        ConfigError: as `compile_pipeline` does.
    """
    with ThreadPoolExecutor(1) as thread:
        thread.submit(compile_pipeline, config, output).result()
