"""The steps of a compiled pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Retries:
    """How often a failed step is tried again, and how long is waited before; a factor longer each time."""

    count: int
    seconds: float
    factor: float
    most_seconds: float


@dataclass(frozen=True)
class CompiledStep:
    """A step of the pipeline.

    Attributes:
        name: in the file.
        after: names of the steps that it waits for.
        command: with arguments, in which placeholders are still open.
        environment: variables with their values.
        secrets: variable → secret and key.
        inputs: input → constant, or the pipeline's parameter in braces with a dollar.
        retries: when it fails.
        timeout_seconds: after how long it is given up on; None for never.
        mounts: where volumes are mounted.
    """

    name: str
    after: tuple[str, ...]
    command: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: Mapping[str, tuple[str, str]]
    inputs: Mapping[str, Any]
    retries: Retries
    timeout_seconds: float | None
    mounts: tuple[str, ...]


def compiled_steps(spec: Mapping[str, Any], platform: Mapping[str, Any]) -> Sequence[CompiledStep]:
    """The steps, in an order to run them in.

    Args:
        spec: of the pipeline, as plain values.
        platform: what Kubernetes is told about its executors.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: this is no pipeline of containers.
    """
    tasks = spec["root"]["dag"]["tasks"]
    return _in_order({name: _step(name, task, spec, platform) for name, task in tasks.items()})


def _step(
    name: str, task: Mapping[str, Any], spec: Mapping[str, Any], platform: Mapping[str, Any]
) -> CompiledStep:
    label = spec["components"][task["componentRef"]["name"]]["executorLabel"]
    container = spec["deploymentSpec"]["executors"][label]["container"]
    placed = platform.get(label, {})
    policy = task.get("retryPolicy", {})
    return CompiledStep(
        name=name,
        after=tuple(task.get("dependentTasks", ())),
        command=(*container.get("command", ()), *container.get("args", ())),
        environment={each["name"]: str(each["value"]) for each in container.get("env", ())},
        secrets={
            pair["envVar"]: (secret["secretName"], pair["secretKey"])
            for secret in placed.get("secretAsEnv", ())
            for pair in secret["keyToEnv"]
        },
        inputs={key: _input(value) for key, value in task.get("inputs", {}).get("parameters", {}).items()},
        retries=Retries(
            int(policy.get("maxRetryCount", 0)),
            _seconds(policy.get("backoffDuration", "0s")),
            float(policy.get("backoffFactor", 1)),
            _seconds(policy.get("backoffMaxDuration", "3600s")),
        ),
        timeout_seconds=float(placed["activeDeadlineSeconds"]) if "activeDeadlineSeconds" in placed else None,
        mounts=tuple(mount["mountPath"] for mount in placed.get("pvcMount", ())),
    )


def _input(value: Mapping[str, Any]) -> Any:
    if "componentInputParameter" in value:
        return f"${{{value['componentInputParameter']}}}"
    return value["runtimeValue"]["constant"]


def _seconds(duration: str) -> float:
    return float(duration.removesuffix("s"))


def _in_order(steps: Mapping[str, CompiledStep]) -> list[CompiledStep]:
    """Those that wait for nothing first; alphabetical where either order would do."""
    waiting, done = dict(sorted(steps.items())), list[CompiledStep]()
    while waiting:
        names = {step.name for step in done}
        ready = next((step for step in waiting.values() if names.issuperset(step.after)), None)
        if ready is None:
            raise ValueError("steps wait for one another")
        done.append(waiting.pop(ready.name))
    return done
