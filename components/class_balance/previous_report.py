"""Which balance report a run is compared with, by ML Metadata."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration.portable.mlmd import event_lib

from components.class_balance.balance_report import BalanceReport
from components.contract import BALANCE_REPORT_FILE

DATA_REPORT = "data_report"
BALANCE = "balance"


def previous_report(
    store: mlmd.MetadataStore, pipeline: str, node: str, data_report: int, next_nodes: Collection[str]
) -> str:
    """URI of the balance report on the newest data accepted before the present data; "" without one.

    Data counts as earlier when its data report has the lower id in ML
    Metadata. So the answer is the same for a run that repeats an earlier one:
    data is never compared with itself or with what came after it. A run that
    was refused here has no balance report among its outputs, and one that was
    refused beside, for its schema, never got to the next node: neither is ever
    the previous one.
    Of several reports on the same data the first counts, which a re-run
    with other settings leaves as it is.

    Args:
        store: ML Metadata; pipelines may share it.
        pipeline: its name.
        node: id of the node that writes balance reports, which has been run before or is being run.
        data_report: id of the present data report.
        next_nodes: ids of the nodes that begin once all has been accepted; none where nothing follows.
    """
    context = store.get_context_by_type_and_name("node", f"{pipeline}.{node}")
    executions = [execution.id for execution in store.get_executions_by_context(context.id)]
    inputs: dict[int, int] = {}
    outputs: dict[int, int] = {}
    for event in store.get_events_by_execution_ids(executions):
        if event_lib.is_valid_input_event(event, DATA_REPORT):
            inputs[event.execution_id] = event.artifact_id
        elif event_lib.is_valid_output_event(event, BALANCE):
            outputs[event.execution_id] = event.artifact_id
    earlier = {outputs[run]: data for run, data in inputs.items() if data < data_report and run in outputs}
    artifacts = store.get_artifacts_by_id(list(earlier))
    for artifact in sorted(artifacts, key=lambda artifact: (-earlier[artifact.id], artifact.id)):
        if artifact.state != metadata_store_pb2.Artifact.LIVE or not _complete(Path(artifact.uri)):
            continue
        gave_it = (run for run, output in outputs.items() if output == artifact.id)
        if not next_nodes or _went_on(store, pipeline, gave_it, next_nodes):
            return str(artifact.uri)
    return ""


def _went_on(
    store: mlmd.MetadataStore, pipeline: str, executions: Iterable[int], next_nodes: Collection[str]
) -> bool:
    """Whether one of the next nodes was begun, or taken from the cache, in a run of one of the executions."""
    begun: set[int] = set()
    for name in next_nodes:
        context = store.get_context_by_type_and_name("node", f"{pipeline}.{name}")
        if context is not None:
            begun |= {execution.id for execution in store.get_executions_by_context(context.id)}
    return any(
        execution.id in begun
        for earlier in executions
        for context in store.get_contexts_by_execution(earlier)
        if context.type == "pipeline_run"
        for execution in store.get_executions_by_context(context.id)
    )


def _complete(folder: Path) -> bool:
    try:
        BalanceReport.read(folder / BALANCE_REPORT_FILE)
    except (OSError, ValueError):
        return False
    return True
