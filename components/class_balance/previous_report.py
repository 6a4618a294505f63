"""Which balance report a run is compared with, by ML Metadata."""

from __future__ import annotations

from pathlib import Path

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration.portable.mlmd import event_lib

from components.class_balance.balance_report import BalanceReport
from components.contract import BALANCE_REPORT_FILE

DATA_REPORT = "data_report"
BALANCE = "balance"


def previous_report(store: mlmd.MetadataStore, pipeline: str, node: str, data_report: int) -> str:
    """URI of the balance report on the newest data accepted before the present data; "" without one.

    Data counts as earlier when its data report has the lower id in ML
    Metadata. So the answer is the same for a run that repeats an earlier one:
    data is never compared with itself or with what came after it. A run that
    was refused has no balance report among its outputs, and is never the
    previous one.
    Of several reports on the same data the first counts, which a re-run
    with other settings leaves as it is.

    Args:
        store: ML Metadata; pipelines may share it.
        pipeline: its name.
        node: id of the node that writes balance reports, which has been run before or is being run.
        data_report: id of the present data report.
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
        if artifact.state == metadata_store_pb2.Artifact.LIVE and _complete(Path(artifact.uri)):
            return str(artifact.uri)
    return ""


def _complete(folder: Path) -> bool:
    try:
        BalanceReport.read(folder / BALANCE_REPORT_FILE)
    except (OSError, ValueError):
        return False
    return True
