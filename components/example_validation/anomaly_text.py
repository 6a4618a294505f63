"""What TFDV has found, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tensorflow_metadata.proto.v0 import anomalies_pb2

from components.image_folder.findings import printable


def anomalies_in_words(anomalies: Mapping[str, anomalies_pb2.Anomalies]) -> list[str]:
    """One phrase an anomaly, without a full stop; empty when all is well.

    Args:
        anomalies: split → what TFDV found there.
    """
    return [phrase for split, found in anomalies.items() for phrase in _phrases(split, found)]


def _phrases(split: str, found: anomalies_pb2.Anomalies) -> Iterator[str]:
    if found.HasField("dataset_anomaly_info"):
        yield f"the {split} split as a whole: {_what(found.dataset_anomaly_info)}"
    for name, info in sorted(found.anomaly_info.items()):
        yield f"{printable(name)} in the {split} split: {_what(info)}"


def _what(info: anomalies_pb2.AnomalyInfo) -> str:
    """Short and long description; of several reasons each, since TFDV's own summary names none."""
    reasons = info.reason or [info]
    return ", and ".join(
        f"{_clean(reason.short_description).lower()} ({_clean(reason.description)})" for reason in reasons
    )


def _clean(text: str) -> str:
    """One line of printable characters, without the full stop at its end."""
    return printable(" ".join(text.split())).removesuffix(".")
