"""The findings, a group for each kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from components.image_folder.data_report import DataReport
from components.image_folder.findings import Finding
from components.image_folder.policies import KINDS, Policy, PolicySettings

# A page with more is slow to open.
MOST_FILES: Final = 1_000
FEW_FILES: Final = 20


@dataclass(frozen=True)
class FindingGroup:
    """All findings of a kind.

    Attributes:
        kind: a key of `data.policies`.
        meaning: what the kind stands for.
        policy: what the settings say.
        actions: what was done, with the number of files.
        count: files.
        shown: the first of them.
    """

    kind: str
    meaning: str
    policy: Policy
    actions: tuple[tuple[str, int], ...]
    count: int
    shown: Sequence[Finding]

    @property
    def opened(self) -> bool:
        """Whether to show the files unasked: those that stopped the run, where they are few."""
        return self.count <= FEW_FILES and any(action == "refused" for action, _ in self.actions)


def finding_groups(data: DataReport, policies: PolicySettings) -> list[FindingGroup]:
    """The kinds that occur, in the order of the settings."""
    files = defaultdict(list)
    for finding in data.files:
        files[finding.kind].append(finding)
    return [
        FindingGroup(
            kind=kind,
            meaning=PolicySettings.model_fields[kind].description or "",
            policy=policies.of(kind),
            actions=tuple(Counter(finding.action for finding in files[kind]).most_common()),
            count=data.findings[kind],
            shown=files[kind][:MOST_FILES],
        )
        for kind in KINDS
        if kind in data.findings
    ]
