"""Images that are refused, with all that was found out about them."""

from __future__ import annotations

from components.contract import DataError
from components.image_folder.data_report import DataReport


class RefusedImagesError(DataError):
    """The images violate a policy or a limit.

    A failed stage leaves no artifact behind, so the report travels with the error.
    """

    def __init__(self, message: str, report: DataReport) -> None:
        """What to tell, and what is known.

        Args:
            message: all that the user sees of it on the screen.
            report: of the images, for the run's page.
        """
        super().__init__(message)
        self.report = report
