"""What one layout finds in one folder, before spans, label names and splits are settled."""

from __future__ import annotations

from dataclasses import dataclass, field

from components.image_folder.files.listing import ImageFile
from components.image_folder.findings import NO_IMAGE, Finding
from components.image_folder.settings import LayoutName


@dataclass
class Found:
    """What one layout finds in one folder.

    Attributes:
        layout: which one.
        names: label → the name that its place among the labels goes by: the class folder's, or an index.
        files: images with their labels, each with its split if one is given.
        findings: what was passed over, or is odd about a name; at most one a file.
    """

    layout: LayoutName
    names: dict[str, str] = field(default_factory=dict)
    files: list[ImageFile] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def passed_over(self, folder: str | None = None) -> str:
        """What was passed over and could have been an image, for the end of an error; empty if nothing was.

        Args:
            folder: name of the class folder that matters; None for all.
        """
        counting = [
            finding
            for finding in self.findings
            if finding.action != "kept"
            and finding.kind not in NO_IMAGE
            and (folder is None or folder in finding.file.split("/"))
        ]
        if not counting:
            return ""
        first = counting[0]
        more = f"; {len(counting) - 1} more" if len(counting) > 1 else ""
        return f" (passed over by data.policies.{first.kind}: {first.file}, {first.reason}{more})"
