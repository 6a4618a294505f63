"""The pipeline as a file for Kubeflow Pipelines: one container step a stage.

A step does not get its stage's settings, only the run's name: the first step settles them and compiles the
pipeline to TFX's own representation, which the others take from the shared volume. So the file says where
things run, and the same code as on one machine says what.
"""

# Annotations are not put off as elsewhere: Kubeflow reads them.

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from kfp import dsl, kubernetes
from kfp.compiler import Compiler

from components.contract import ConfigError
from kubeflow.pipeline_file import SERVICE_ACCOUNT
from kubeflow.stage_graph import stage_graph
from pipeline.config import Config
from pipeline.settings.kubeflow_settings import FINISH, LONGEST_PAUSE_SECONDS, PREPARE, KubeflowSettings
from pipeline.settings.metadata_connection_names import DATABASE, HOST, PORT

_PROGRAMS: Final = {PREPARE: "pipeline.prepare_run", FINISH: "pipeline.finish_run"}
_RETRY_FACTOR: Final = 2.0


def compile_pipeline(config: Config, output: Path) -> None:
    """Writes the file; the same configuration gives the same bytes.

    Args:
        config: as the user gave it; paths in it are those that the pods see.
        output: ends in `.yaml`.

    Raises:
        ConfigError: resources are named for a stage that there is not, or the file is no `.yaml`.
    """
    if output.suffix != ".yaml":
        raise ConfigError(f"{output}: Kubeflow takes pipelines from files that end in .yaml.")
    graph = stage_graph(config)
    settings = config.kubeflow
    known = (PREPARE, FINISH, "Tuner", *graph)
    for stage in settings.stages:
        if stage not in known:
            raise ConfigError(
                f"kubeflow.stages.{stage}: there is no such stage; there are {', '.join(known)}."
            )
    Compiler().compile(_pipeline(config, graph), str(output), pipeline_name=f"imgclf-{config.name}")


def step_name(stage: str) -> str:
    """What a stage is called in Kubeflow, where names have no capitals: `DataCheck` is `data-check`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", stage).lower()


def _pipeline(config: Config, graph: Mapping[str, tuple[str, ...]]) -> Callable[..., Any]:
    settings = config.kubeflow
    # Where it runs is the file's business. What was not set stays so: a preset fills it in.
    given = config.model_dump(mode="json", exclude={"kubeflow"}, exclude_unset=True)

    @dsl.pipeline(name=f"imgclf-{config.name}", description="Images in, a served classifier out.")
    def pipeline(
        images: str = config.data.images or "",
        span: str = "",
        run_name: str = config.name,
        overrides: list = [],  # noqa: B006  (a pipeline's parameters are JSON)
    ) -> None:
        run = {"run_id": dsl.PIPELINE_JOB_ID_PLACEHOLDER, "run_name": run_name}
        steps: dict[str, Any] = {}
        steps[PREPARE] = _prepare(settings, given, list(graph))(
            **run, images=images, span=span, overrides=overrides
        )
        _place(steps[PREPARE], PREPARE, settings)
        for stage, upstream in graph.items():
            steps[stage] = _stage(settings, stage)(**run).after(
                *(steps[name] for name in upstream or (PREPARE,))
            )
            _place(steps[stage], stage, settings)
        last = [stage for stage in graph if not any(stage in upstream for upstream in graph.values())]
        steps[FINISH] = _stage(settings, FINISH)(**run).after(*(steps[name] for name in last))
        _place(steps[FINISH], FINISH, settings)

    return pipeline


def _prepare(settings: KubeflowSettings, config: dict[str, Any], stages: list[str]) -> Any:
    def component(run_id: str, run_name: str, images: str, span: str, overrides: list) -> dsl.ContainerSpec:
        arguments = [*_run_arguments(settings, PREPARE, run_id, run_name)]
        # In one word each: a value may begin with a hyphen.
        arguments += [f"--images={images}", f"--span={span}", f"--overrides={overrides}"]
        arguments += ["--config", json.dumps(config, sort_keys=True), "--stages", ",".join(stages)]
        return dsl.ContainerSpec(image=settings.image, command=_command(PREPARE), args=arguments)

    return _component(component, PREPARE)


def _stage(settings: KubeflowSettings, stage: str) -> Any:
    gpu = settings.resources(stage).gpus > 0
    image = settings.gpu_image if gpu and settings.gpu_image is not None else settings.image

    def component(run_id: str, run_name: str) -> dsl.ContainerSpec:
        arguments = [*_run_arguments(settings, stage, run_id, run_name)]
        if stage not in _PROGRAMS:
            arguments += ["--stage", stage]
        return dsl.ContainerSpec(image=image, command=_command(stage), args=arguments)

    return _component(component, stage)


def _component(function: Callable[..., Any], stage: str) -> Any:
    # Kubeflow names components after functions, and numbers those of one name.
    function.__name__ = step_name(stage)
    return dsl.container_component(function)


def _command(stage: str) -> list[str]:
    return ["python", "-m", _PROGRAMS.get(stage, "pipeline.node_runner")]


def _run_arguments(settings: KubeflowSettings, stage: str, run_id: Any, run_name: Any) -> list[Any]:
    arguments = ["--workspace", settings.mount_path, f"--run-id={run_id}", f"--run-name={run_name}"]
    return [*arguments, f"--retries={settings.resources(stage).retries}"]


def _place(task: Any, stage: str, settings: KubeflowSettings) -> None:
    """Says where a step runs, with what, and how often it is tried."""
    resources = settings.resources(stage)
    task.set_display_name(stage)
    task.set_caching_options(False)  # TFX's own cache knows what a stage depends on.
    task.set_cpu_request(resources.cpu).set_cpu_limit(resources.cpu)
    task.set_memory_request(resources.memory).set_memory_limit(resources.memory)
    if resources.gpus:
        task.set_accelerator_type(resources.gpu_type).set_accelerator_limit(resources.gpus)
    if resources.retries:
        longest = f"{LONGEST_PAUSE_SECONDS}s"
        task.set_retry(resources.retries, f"{resources.retry_seconds}s", _RETRY_FACTOR, longest)
    database = settings.metadata
    task.set_env_variable(HOST, database.host)
    task.set_env_variable(PORT, str(database.port))
    task.set_env_variable(DATABASE, database.database)
    for secret in settings.secrets:
        kubernetes.use_secret_as_env(task, secret.secret, {secret.key: secret.variable})
    kubernetes.mount_pvc(task, pvc_name=settings.volume_claim, mount_path=settings.mount_path)
    kubernetes.set_timeout(task, 60 * resources.timeout_minutes)
    for label, value in resources.node_selector.items():
        kubernetes.add_node_selector(task, label, value)
    for toleration in resources.tolerations:
        kubernetes.add_toleration(task, **toleration.model_dump(exclude_none=True))
    kubernetes.add_pod_annotation(task, SERVICE_ACCOUNT, settings.service_account)
    if settings.image_pull_secrets:
        kubernetes.set_image_pull_secrets(task, list(settings.image_pull_secrets))
