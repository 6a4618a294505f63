"""What an executor of TFX needs in order to run where workers see nothing of the workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfx.types import artifact

from components.damaged_shard import damaged_shards_told
from components.dataflow.job_options import DATAFLOW, runner_name, staging_location, with_unique_job_name
from components.dataflow.staged_folders import collected, shared_copy

if TYPE_CHECKING:
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor as _Base
else:
    _Base = object

Artifacts = Mapping[str, Sequence[artifact.Artifact]]


class StagedExecutor(_Base):
    """Stands before an executor among the bases of a class, whose artifacts are elsewhere on Dataflow."""

    _beam_pipeline_args: list[str]

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]) -> None:
        """On Dataflow, copies inputs to where workers find them, and outputs back from there.

        Raises:
            ConfigError: a shard of the examples is damaged; on Dataflow, the job's own error says so.
        """
        if runner_name(self._beam_pipeline_args) != DATAFLOW:
            with damaged_shards_told(input_dict.get("examples", ())):
                super().Do(input_dict, output_dict, exec_properties)
            return
        from components.dataflow.job_pipeline import JobPipeline

        location = staging_location(self._beam_pipeline_args)
        options = with_unique_job_name(self._beam_pipeline_args)
        self._make_beam_pipeline_fn = lambda: JobPipeline(argv=options)
        inputs, outputs = _all(input_dict), _all(output_dict)
        copies = {uri: shared_copy(Path(uri), location) for uri in {each.uri for each in inputs}}
        own = sorted({each.uri for each in outputs})
        with collected(location, *map(Path, own)) as written:
            with _elsewhere([*inputs, *outputs], copies | dict(zip(own, written, strict=True))):
                super().Do(input_dict, output_dict, exec_properties)


def _all(artifacts: Artifacts) -> list[artifact.Artifact]:
    """Each of them once, whatever keys it has."""
    return list({id(each): each for found in artifacts.values() for each in found}.values())


@contextmanager
def _elsewhere(artifacts: Sequence[artifact.Artifact], copies: Mapping[str, str]) -> Iterator[None]:
    """Lets artifacts be where their copies are.

    Args:
        artifacts: with the URIs that they have otherwise; what the block notes in them of copies is
            put right.
        copies: URI → that of its copy.
    """
    originals = {copy: uri for uri, copy in copies.items()}
    for each in artifacts:
        each.uri = copies[each.uri]
    try:
        yield
    finally:
        for each in artifacts:
            each.uri = originals[each.uri]
            for noted in each.mlmd_artifact.custom_properties.values():
                if noted.string_value in originals:
                    noted.string_value = originals[noted.string_value]
