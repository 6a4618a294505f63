"""A compiled pipeline, read back: its name and version, the parameters that it takes, and its steps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from components.contract import ConfigError
from kubeflow.compiled_steps import CompiledStep, compiled_steps
from pipeline.preparation.run_overrides import span_override

# Of the pipeline parameters, and what they are where nothing is asked for.
IMAGES: Final = "images"
SPAN: Final = "span"
RUN_NAME: Final = "run_name"
OVERRIDES: Final = "overrides"
_NOTHING: Final[Mapping[str, Any]] = {SPAN: "", RUN_NAME: "", OVERRIDES: []}
# Annotation of pods that names the service account which they are meant to have.
SERVICE_ACCOUNT: Final = "imgclf/service-account"
_OPTIONS: Final = {IMAGES: "--images", SPAN: "--span", RUN_NAME: "--run-name", OVERRIDES: "--set"}

_COMPILE: Final = "Make one with imgclf kubeflow compile."


@dataclass(frozen=True)
class PipelineFile:
    """A compiled pipeline.

    Attributes:
        path: the file.
        name: of the pipeline.
        version: a name for exactly these bytes.
        parameters: what it takes, by its name, with its default; None where there is none.
        required: names of those that have to be given.
        steps: in an order to run them in.
        service_account: of the pods, as it was compiled in; None where it was not.
    """

    path: Path
    name: str
    version: str
    parameters: Mapping[str, Any]
    required: Set[str]
    steps: Sequence[CompiledStep]
    service_account: str | None = None

    def arguments(
        self, images: str | None, span: str | None, run_name: str | None, overrides: Sequence[str]
    ) -> dict[str, Any]:
        """What to pass to the pipeline.

        What was not asked for is left to the pipeline's own defaults.

        Args:
            images: folder or URI, as the pods see it.
            span: which span of the images.
            run_name: of the run, for the stages.
            overrides: `key=value`.

        Raises:
            ConfigError: something that the pipeline does not take, or that it
                cannot do without, or a span that is no number.
        """
        span_override(span or "")  # Otherwise each run of a schedule would be refused.
        asked = {IMAGES: images, SPAN: span, RUN_NAME: run_name, OVERRIDES: list(overrides) or None}
        given = {name: value for name, value in asked.items() if value is not None}
        # Every run has a name, also of pipelines that do not want to know it.
        unknown = given.keys() - self.parameters.keys() - {RUN_NAME}
        if unknown:
            options = ", ".join(sorted(_OPTIONS[name] for name in unknown))
            raise ConfigError(
                f"{self.path} takes no {options}; its parameters are {_listed(self.parameters)}."
            )
        arguments = {**{name: _NOTHING[name] for name in self.required & _NOTHING.keys()}, **given}
        missing = self.required - arguments.keys()
        # Compiled without, and no other setting has them.
        if self.parameters.get(IMAGES) == "" and not images:
            missing = {*missing, IMAGES}
        if missing:
            options = ", ".join(sorted(_OPTIONS.get(name, name) for name in missing))
            raise ConfigError(f"{self.path} cannot do without {options}.")
        return {name: value for name, value in arguments.items() if name in self.parameters}


def read_pipeline(path: Path) -> PipelineFile:
    """Reads a compiled pipeline.

    Raises:
        ConfigError: no such file, or not a pipeline of KFP v2 whose steps are containers.
    """
    if path.suffix not in (".yaml", ".yml"):
        raise ConfigError(f"{path}: a compiled pipeline is a .yaml file. {_COMPILE}")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"There is no file {path}. {_COMPILE}") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}. {_COMPILE}") from error
    try:
        spec, *platforms = [*yaml.load_all(content, Loader=yaml.CSafeLoader)] or [None]
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {' '.join(str(error).split())}. {_COMPILE}") from None
    try:
        inputs = spec["root"].get("inputDefinitions", {}).get("parameters", {})
        executors = (
            platforms[0]["platforms"]["kubernetes"]["deploymentSpec"]["executors"] if platforms else {}
        )
        return PipelineFile(
            path=path,
            name=spec["pipelineInfo"]["name"],
            version=hashlib.sha256(content).hexdigest()[:16],
            parameters={key: each.get("defaultValue") for key, each in inputs.items()},
            required={
                key
                for key, each in inputs.items()
                if not each.get("isOptional", False) and "defaultValue" not in each
            },
            steps=compiled_steps(spec, executors),
            service_account=_service_account(executors),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ConfigError(f"{path} is not a pipeline of Kubeflow Pipelines 2. {_COMPILE}") from None


def _service_account(executors: Mapping[str, Any]) -> str | None:
    """What the pods of some step are annotated with: a pipeline itself has no place for it."""
    for executor in executors.values():
        account = executor.get("podMetadata", {}).get("annotations", {}).get(SERVICE_ACCOUNT)
        if account is not None:
            return str(account)
    return None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
