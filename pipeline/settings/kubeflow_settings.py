"""What a user can set about running on Kubeflow: where things lie there, and what each stage gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from components.settings import Settings
from pipeline.settings.metadata_connection_names import DEFAULT_PORT, PASSWORD, USER

# What both Kubernetes and kfp take for amounts, which is less than either of them:
# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_CORES = r"^([0-9]*\.)?[0-9]+m?$"
_BYTES = r"^[0-9]+([MGTPE]i?|Ki)?$"
_UNITS: Final = ("", "K", "M", "G", "T", "P", "E")
_LEAST_BYTES: Final = 1024**2
# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names
_NAME = r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"
# Of an image, a resource, a host; what else is wrong with them, the cluster knows.
_ONE_WORD = r"^\S+$"

# Pauses between attempts grow no longer than this.
LONGEST_PAUSE_SECONDS: Final = 1800
# Kubernetes takes no more seconds than 32 bits hold.
_LONGEST_MINUTES: Final = (2**31 - 1) // 60

# Steps before the first and after the last stage.
PREPARE: Final = "Prepare"
FINISH: Final = "Finish"

_ONE_GPU: Final = {"cpu": "4", "memory": "16Gi", "gpus": 1}
_NEXT_TO_NOTHING: Final = {"cpu": "1", "memory": "2Gi", "gpus": 0, "timeout_minutes": 60}
# What stages get other than the rest.
_DIFFERENCES: Final[Mapping[str, Mapping[str, Any]]] = {
    "Trainer": {**_ONE_GPU, "timeout_minutes": 1440},
    "Tuner": {**_ONE_GPU, "timeout_minutes": 2880},
    PREPARE: _NEXT_TO_NOTHING,
    FINISH: _NEXT_TO_NOTHING,
}
_DIFFERENCES_IN_WORDS: Final = "; ".join(
    f"{stage} has {', '.join(f'`{key}` {value}' for key, value in differences.items())}"
    for stage, differences in _DIFFERENCES.items()
)


class Toleration(Settings):
    """A taint of a node that a stage does not mind."""

    key: str | None = Field(None, description="Of the taint; any, unless given.")
    operator: Literal["Equal", "Exists"] = Field("Exists", description="How `value` is compared.")
    value: str | None = Field(None, description="Of the taint, with `Equal`.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        None, description="Which effect is tolerated; any, unless given."
    )

    @model_validator(mode="after")
    def _as_kubernetes_takes_it(self) -> Toleration:
        """Kubernetes would refuse the pod, in the middle of a run."""
        if self.value is not None and self.operator == "Exists":
            raise ValueError(
                "a value is compared by 'operator: Equal' alone; add that, or leave the value out"
            )
        if not self.key and self.operator == "Equal":
            raise ValueError("'operator: Equal' needs a key")
        return self


class StageResources(Settings):
    """What the pod of a stage gets."""

    # To Kubernetes amounts and labels are text, and people write `cpu: 2`.
    model_config = ConfigDict(coerce_numbers_to_str=True)

    cpu: str = Field(
        "2", pattern=_CORES, description="Cores that are asked for, and the limit; `500m` is half of one."
    )
    memory: str = Field(
        "4Gi",
        pattern=_BYTES,
        description="Memory that is asked for, and the limit: a whole number and a unit, at least `1Mi`.",
    )
    gpus: Literal[0, 1, 2, 4, 8, 16] = Field(0, description="GPUs.")
    gpu_type: str = Field(
        "nvidia.com/gpu", pattern=_ONE_WORD, description="The resource that a GPU is on these nodes."
    )
    node_selector: dict[str, str] = Field(
        default_factory=dict, description="Labels that a node must have, such as that of a GPU pool."
    )
    tolerations: tuple[Toleration, ...] = Field((), description="Taints that do not keep the pod away.")
    retries: int = Field(2, ge=0, le=10, description="How often it is tried again when its pod fails.")
    retry_seconds: int = Field(
        30,
        ge=0,
        le=LONGEST_PAUSE_SECONDS,
        description="How long is waited before the first of these, twice as long before each next, up to "
        "half an hour.",
    )
    timeout_minutes: int = Field(
        240, ge=1, le=_LONGEST_MINUTES, description="After how long it is given up on."
    )

    @field_validator("cpu")
    @classmethod
    def _some_cores(cls, cpu: str) -> str:
        """To Kubeflow none is not to have said anything, and then a pod takes what it can get."""
        if not cpu.strip("0.m"):
            raise ValueError(f"{cpu} is no part of a core; expected more, such as 500m or 2")
        return cpu

    @field_validator("memory")
    @classmethod
    def _at_least_a_mebibyte(cls, memory: str) -> str:
        """Kubernetes takes a number alone for bytes, and who writes 16 does not mean them."""
        number = memory.rstrip("KMGTPEi")
        unit = memory[len(number) :]
        amount = int(number) * (1024 if unit.endswith("i") else 1000) ** _UNITS.index(unit.removesuffix("i"))
        if amount < _LEAST_BYTES:
            raise ValueError(
                f"{memory} is {amount} bytes; expected at least 1Mi, as a number and a unit, such as 4Gi"
            )
        return memory


class SecretVariable(Settings):
    """An environment variable of all stages, from a Kubernetes secret."""

    variable: str = Field("", pattern="^[A-Za-z_][A-Za-z0-9_]*$", description="Its name.")
    secret: str = Field("", pattern=_NAME, description="Name of the secret.")
    key: str = Field("", pattern="^[-._A-Za-z0-9]+$", description="Key in the secret.")


class MetadataSettings(Settings):
    """Where ML Metadata's database is; user and password come from the environment."""

    host: str = Field("imgclf-metadata", pattern=_ONE_WORD, description="MySQL or MariaDB server.")
    port: int = Field(DEFAULT_PORT, ge=1, le=65535, description="Its port.")
    database: str = Field("imgclf", pattern="^[A-Za-z0-9_]+$", description="Database, made by the first run.")


class KubeflowSettings(Settings):
    """Running on Kubeflow Pipelines: `imgclf kubeflow`."""

    image: str = Field(
        "imgclf:latest",
        pattern=_ONE_WORD,
        description="Container image of all stages, `NAME:TAG`. By digest (`…@sha256:…`) a run stays what "
        "it was.",
    )
    gpu_image: str | None = Field(
        None, pattern=_ONE_WORD, description="Image of stages with GPUs; `image` unless given."
    )
    volume_claim: str = Field(
        "imgclf",
        pattern=_NAME,
        description="Claim of the volume that all stages share: a file system, which an object store is not.",
    )
    mount_path: str = Field(
        "/imgclf", pattern="^/[^:*?\\[\\]]+$", description="Where it is mounted; the workspace of all runs."
    )
    service_account: str = Field("imgclf", pattern=_NAME, description="Service account of the pods.")
    image_pull_secrets: tuple[str, ...] = Field((), description="Secrets for a private registry.")
    secrets: tuple[SecretVariable, ...] = Field(
        (
            SecretVariable(variable=USER, secret="imgclf-metadata", key="user"),
            SecretVariable(variable=PASSWORD, secret="imgclf-metadata", key="password"),
        ),
        description="Environment variables of all stages that come from secrets. Unless given, "
        f"`{USER}` and `{PASSWORD}` from the keys `user` and `password` of `imgclf-metadata`; a list has to "
        "name them too.",
    )
    metadata: MetadataSettings = Field(
        default_factory=MetadataSettings, description="ML Metadata's database."
    )
    stage: StageResources = Field(default_factory=StageResources, description="What each stage gets.")
    stages: dict[str, StageResources] = Field(
        default_factory=dict,
        description="What single stages get instead, by their names; what an entry leaves out is as in "
        f"`kubeflow.stage`, but for what entries alone change: {_DIFFERENCES_IN_WORDS}.",
    )

    @field_validator("mount_path")
    @classmethod
    def _one_way_to_write_it(cls, path: str) -> str:
        """Steps get it as an argument, and paths below it are known by it."""
        folders = [folder for folder in path.split("/") if folder not in ("", ".")]
        if not folders or ".." in folders:
            raise ValueError(f"expected a folder below the root, such as /imgclf, not '{path}'")
        return "/" + "/".join(folders)

    @field_validator("stages", mode="before")
    @classmethod
    def _over_what_each_stage_gets(cls, given: Any, info: ValidationInfo) -> Any:
        """Completes entries here, so that a configuration that is written down means the same elsewhere."""
        each = info.data.get("stage")
        if not isinstance(given, Mapping) or each is None:
            return given
        common = each.model_dump(mode="json")
        merged = dict(given)
        for stage in {**_DIFFERENCES, **given}:
            own = given.get(stage, {})
            if isinstance(own, Mapping):
                merged[stage] = {**common, **_DIFFERENCES.get(stage, {}), **own}
        return merged

    def resources(self, stage: str) -> StageResources:
        """What a stage gets, by its name in the pipeline."""
        return self.stages.get(stage, self.stage)
