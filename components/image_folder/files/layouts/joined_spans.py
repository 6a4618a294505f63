"""What is found in several spans, as one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from components.contract import DataError
from components.image_folder.files.layouts.found import Found
from components.image_folder.files.layouts.listed_twice import the_one_that_counts
from components.image_folder.files.listing import ImageFile
from components.image_folder.findings import printable
from components.image_folder.policies import PolicySettings


class _Mention(NamedTuple):
    span: int
    file: ImageFile

    @property
    def where(self) -> str:
        return f"span {self.span}"

    @property
    def label(self) -> str:
        return self.file.label

    @property
    def split(self) -> str | None:
        return self.file.split


def join_spans(founds: Mapping[int, Found], policies: PolicySettings) -> Found:
    """What is found in all spans together. The oldest one says where a label belongs.

    A file that several manifests list counts once, as in a single manifest.

    Args:
        founds: number → what is found in this span, oldest first.
        policies: what happens to which kind.

    Raises:
        DataError: they do not have the same layout.
    """
    layouts = {found.layout: span for span, found in founds.items()}
    if len(layouts) > 1:
        told = " and ".join(f"{layout} in span {span}" for layout, span in sorted(layouts.items()))
        raise DataError(f"The spans are laid out in different ways: {told}. Lay all of them out alike.")
    joined = Found(next(iter(layouts)))
    for found in founds.values():
        joined.findings += found.findings
        for label, name in found.names.items():
            joined.names.setdefault(label, name)
    if joined.layout == "manifest":
        _list_once(founds, policies, joined)
    else:
        joined.files = [file for found in founds.values() for file in found.files]
    return joined


def _list_once(founds: Mapping[int, Found], policies: PolicySettings, joined: Found) -> None:
    """Of a file in one folder, each span's manifest may say something; of other layouts only one can."""
    joined.findings = list(dict.fromkeys(joined.findings))
    # One manifest may contradict itself about a file that another one is clear about.
    set_aside = {finding.file for finding in joined.findings if finding.action != "kept"}
    mentions: defaultdict[str, list[_Mention]] = defaultdict(list)
    for span, found in founds.items():
        for file in found.files:
            mentions[file.path].append(_Mention(span, file))
    for path, mentioned in mentions.items():
        if printable(path) in set_aside:
            continue
        counting, finding = the_one_that_counts(mentioned, path, policies)
        if counting is not None:
            joined.files.append(counting.file)
        if finding is not None:
            joined.findings.append(finding)
    with_images = {file.label for file in joined.files}
    joined.names = {label: name for label, name in joined.names.items() if label in with_images}
