"""What the steps of a run leave for one another, where each is a process on some machine."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tfx.proto.orchestration import pipeline_pb2

from components.contract import ConfigError
from components.whole_file import write_whole
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    # With Pydantic and all settings: half of what a pod needs to find that its stage is done.
    from pipeline.config import Config


@dataclass(frozen=True)
class Refusal:
    """Why trying a step again at once is of no use.

    Attributes:
        reason: the sentence that the user is told.
        exit_code: of the step.
        repeats: how many attempts more are to end in the same way without a look at anything.
    """

    reason: str
    exit_code: int
    repeats: int


@dataclass(frozen=True)
class RunFiles:
    """The files of a run in its folder.

    Attributes:
        workspace: of the run, on a volume that all steps see.
        run_id: of the run.
    """

    workspace: Workspace
    run_id: str

    @property
    def folder(self) -> Path:
        """Holds all of them."""
        return self.workspace.run_dir(self.run_id)

    @property
    def is_prepared(self) -> bool:
        """Whether the pipeline is compiled."""
        return self._pipeline.is_file()

    @property
    def prepared_at(self) -> datetime:
        """When the run was prepared. The folder's own times change with each file that comes into it."""
        return datetime.fromtimestamp(self._pipeline.stat().st_mtime).astimezone()

    @property
    def summary(self) -> Path:
        """Where the summary is, once the run has one."""
        return self.folder / "summary.json"

    def write_pipeline(self, ir: pipeline_pb2.Pipeline, config: Config) -> None:
        """Writes the compiled pipeline and what it was compiled from; whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write_config(config)
        # Last: with it, the run is prepared.
        write_whole(self._pipeline, ir.SerializeToString(deterministic=True))

    def write_config(self, config: Config) -> None:
        """Writes the configuration, ready for `--config`; whole or not at all.

        Args:
            config: completed.
        """
        from pipeline.config import config_yaml

        write_whole(self._config, config_yaml(config).encode())

    def read_pipeline(self) -> pipeline_pb2.Pipeline:
        """The compiled pipeline, with the run's id set.

        Raises:
            ConfigError: the run was not prepared.
        """
        self._require_prepared()
        return pipeline_pb2.Pipeline.FromString(self._pipeline.read_bytes())

    def read_config(self) -> Config:
        """The configuration, completed.

        Raises:
            ConfigError: the run was not prepared.
        """
        from pipeline.config import load_config

        self._require_prepared()
        return load_config(self._config)

    def refusal(self, node_id: str) -> Refusal | None:
        """What an earlier attempt at this step has noted; None when nothing was."""
        file = self._refusal(node_id)
        return Refusal(**json.loads(file.read_bytes())) if file.is_file() else None

    def refuse(self, node_id: str, refusal: Refusal) -> None:
        """Notes for further attempts at this step how this one ended."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._refusal(node_id), json.dumps(asdict(refusal)).encode())

    def forget_refusal(self, node_id: str) -> None:
        """Takes the note away: the step is looked at anew."""
        self._refusal(node_id).unlink(missing_ok=True)

    def _require_prepared(self) -> None:
        if not self.is_prepared:
            raise ConfigError(
                f"There is no run {self.run_id} in {self.workspace.root}. Its first step has to prepare it."
            )

    @property
    def _pipeline(self) -> Path:
        return self.folder / "pipeline.pb"

    @property
    def _config(self) -> Path:
        return self.folder / "config.yaml"

    def _refusal(self, node_id: str) -> Path:
        return self.folder / f"refused-{node_id}.json"
