"""First step of a run whose stages are processes of their own: what is run, and how, is settled once.

`python -m pipeline.prepare_run --workspace DIR --run-id ID --config JSON …`
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from components.contract import ConfigError
from pipeline.config import config_of
from pipeline.nodes.compiled_nodes import node_ids
from pipeline.nodes.uncollected_imports import end_process, uncollected_imports
from pipeline.preparation.preflight import resolve
from pipeline.preparation.run_overrides import check_overrides, span_override
from pipeline.run_files import RunFiles
from pipeline.steps.pod_log import logger
from pipeline.steps.step import add_run_arguments, do_step, run_files
from pipeline.workspace import open_workspace


@dataclass(frozen=True)
class RunPlan:
    """What a run was asked for.

    Attributes:
        config: as the user wrote it, as plain values.
        overrides: `key=value`, of this run.
        images: of this run; empty for those of the configuration.
        span: number of the newest span to use; empty for the newest there is.
        stages: that the steps after this one run, in order.
    """

    config: dict[str, Any]
    overrides: Sequence[str]
    images: str
    span: str
    stages: Sequence[str]


def prepare(files: RunFiles, plan: RunPlan) -> None:
    """Completes the configuration, and compiles the pipeline; a second time, it leaves all as it is.

    Raises:
        ConfigError: the configuration is wrong, or needs other stages than there are steps for.
        DataError: the images cannot be classified.
    """
    if files.is_prepared:
        logger.info("the run is prepared already")
        return
    overrides = [*_texts(plan.overrides), *span_override(plan.span)]
    check_overrides(overrides)
    config = config_of(plan.config, overrides, "the compiled configuration")
    workspace = open_workspace(files.workspace.root)
    config = resolve(config, plan.images or None, workspace, logger.info)

    with uncollected_imports():
        from pipeline.dag import create_pipeline
        from pipeline.nodes.node_launch import compile_ir, set_run_id

    ir = compile_ir(create_pipeline(config, workspace))
    if set(node_ids(ir)) != set(plan.stages):
        other = sorted(set(node_ids(ir)) ^ set(plan.stages))
        raise ConfigError(
            f"This configuration and the compiled pipeline do not have the same stages ({', '.join(other)}). "
            "Compile it again with this configuration: `imgclf kubeflow compile`."
        )
    set_run_id(ir, files.run_id)
    files.write_pipeline(ir, config)
    logger.info("prepared %d stages for the images in %s", len(plan.stages), config.data.images)


def _texts(overrides: Any) -> Sequence[str]:
    if isinstance(overrides, list) and all(isinstance(each, str) for each in overrides):
        return overrides
    raise ConfigError(
        f'overrides: expected a list of texts, such as ["training.epochs=3"], not {json.dumps(overrides)}.'
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepares the run that the command line names; returns the exit code."""
    parser = argparse.ArgumentParser(description="Prepares a run.")
    add_run_arguments(parser)
    parser.add_argument("--config", type=json.loads, default={}, help="the configuration, as JSON")
    parser.add_argument("--overrides", type=json.loads, default=[], help="KEY=VALUE, a list as JSON")
    parser.add_argument("--images", default="", help="in place of data.images")
    parser.add_argument("--span", default="", help="in place of data.span")
    parser.add_argument("--stages", type=lambda value: value.split(","), required=True, help="in order")
    given = parser.parse_args(arguments)
    plan = RunPlan(given.config, given.overrides, given.images, given.span, given.stages)
    files = run_files(given)
    return do_step("Prepare", files, given.retries, lambda: prepare(files, plan))


if __name__ == "__main__":
    end_process(main())
