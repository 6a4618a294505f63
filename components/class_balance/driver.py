"""Driver of ClassBalanceValidator: the verdict depends on the previous run."""

from __future__ import annotations

from tfx.orchestration.portable import data_types
from tfx.types import artifact_utils

from components.class_balance.previous_report import DATA_REPORT, previous_report
from components.portable_driver import PortableDriver

PREVIOUS = "previous"


class Driver(PortableDriver):
    """Adds the URI of the balance report to compare with, "" when there is none."""

    def added_properties(self, execution_info: data_types.ExecutionInfo) -> dict[str, str]:
        """Asks ML Metadata."""
        data_report = artifact_utils.get_single_instance(execution_info.input_dict[DATA_REPORT])
        with self._mlmd_connection as metadata_handle:
            uri = previous_report(
                metadata_handle.store,
                execution_info.pipeline_info.id,
                execution_info.pipeline_node.node_info.id,
                data_report.id,
                execution_info.pipeline_node.downstream_nodes,
            )
        return {PREVIOUS: uri}
