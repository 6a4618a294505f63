"""The base of drivers that components accept and the launcher runs."""

from __future__ import annotations

from tfx.dsl.components.base import base_driver as component_driver
from tfx.orchestration import metadata
from tfx.orchestration.portable import base_driver, data_types
from tfx.proto.orchestration import driver_output_pb2


class PortableDriver(component_driver.BaseDriver, base_driver.BaseDriver):
    """A driver that adds execution properties, on which TFX's cache then depends.

    Components accept only drivers of the older of TFX's two kinds, and the
    launcher runs only the newer, so this is both.
    """

    def __init__(self, metadata_handle: metadata.Metadata) -> None:
        """Called by the launcher."""
        component_driver.BaseDriver.__init__(self, metadata_handle)
        base_driver.BaseDriver.__init__(self, metadata_handle)

    def run(self, execution_info: data_types.ExecutionInfo) -> driver_output_pb2.DriverOutput:
        """Called by the launcher; hands the added properties over."""
        output = driver_output_pb2.DriverOutput()
        for name, value in self.added_properties(execution_info).items():
            output.exec_properties[name].string_value = value
        return output

    def added_properties(self, execution_info: data_types.ExecutionInfo) -> dict[str, str]:
        """Name → value of what the execution depends on beyond its declaration."""
        raise TypeError(f"{type(self).__name__} has to say which properties it adds")
