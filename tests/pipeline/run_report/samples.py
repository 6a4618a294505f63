"""Data reports and runs to make pages of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from components.image_folder.data_report import DataReport, Histogram, ImageStatistics, NearDuplicatePair
from components.image_folder.findings import Action, Finding, action_of
from components.image_folder.policies import KINDS, PolicySettings
from pipeline.results.summary import Metrics, Pushed, RunSummary, Stage
from pipeline.run_report.page import PageInput
from pipeline.run_report.training_result import Picture, TrainingResult

WHEN = datetime(2026, 11, 20, 15, 36, 56)
POLICIES = PolicySettings()
# Names that break out of markup, of lines, of encodings and of the layout.
NASTY = (
    "cat/<script>alert(1)</script>.jpg",
    "cat/\"quoted\" & 'more'.jpg",
    b"cat/caf\xe9.jpg".decode("utf-8", "surrogateescape"),
    "cat/two\nlines\x1b[31m.jpg",
    "قطط/صورة جميلة.jpg",
    "cat/🐈🐾.jpg",
    "cat/" + "very-long-" * 20 + "name.jpg",
)

_NAMES = ("shorter_side", "aspect_ratio", "kilobytes", "brightness", "contrast", "sharpness")
_EDGES = (
    (0, 16, 32, 48, 64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512, 768, 1024, 2048),
    (1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2, 2.5, 3, 4),
    (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024),
    tuple(range(0, 256, 16)),
    tuple(range(0, 128, 8)),
    (0, 4, 8, 12, 25, 50, 100, 200, 400, 800, 1600, 3200),
)


def statistics(images: int, **changes: Any) -> ImageStatistics:
    """Bell-shaped histograms."""
    histograms = {}
    for name, edges in zip(_NAMES, _EDGES, strict=True):
        weights = [2 ** -(((index - 0.55 * len(edges)) / 3) ** 2) for index in range(len(edges))]
        counts = tuple(round(images * weight / sum(weights)) for weight in weights)
        histograms[name] = Histogram(tuple(map(float, edges)), counts)
    values: dict[str, Any] = {
        "channel_mean": (124.3, 116.1, 103.8),
        "channel_std": (58.4, 57.1, 57.5),
        "formats": {"JPEG": images - images // 20, "PNG": images // 20},
        "histograms": histograms,
        "suggested_image_size": 224,
    }
    return ImageStatistics(**{**values, **changes})


def finding(file: str, kind: str, reason: str = "", action: Action | None = None) -> Finding:
    """A finding with what its default policy comes to."""
    return Finding(file, kind, reason or kind.replace("_", " "), action or action_of(POLICIES.of(kind)))


def data_report(
    labels: Sequence[str] = ("cat", "dog"), files: Sequence[Finding] = (), **changes: Any
) -> DataReport:
    """Images of some classes, fewer of each; without histograms, which take their time to be drawn."""
    sizes = {label: max(1, round(700 / (1 + index) ** 0.6)) for index, label in enumerate(labels)}
    shares = {"train": 0.8, "eval": 0.1, "test": 0.1}
    counts = {
        split: {label: round(share * size) for label, size in sizes.items()}
        for split, share in shares.items()
    }
    accepted = sum(sum(by_label.values()) for by_label in counts.values())
    actions = Counter(item.action for item in files)
    copies = sum(item.kind == "duplicate" for item in files)
    values: dict[str, Any] = {
        "root": "/data/photos",
        "layout": "class_folders",
        "spans": (),
        "labels": tuple(labels),
        "found": accepted + actions["set aside"],
        "accepted": accepted,
        "duplicates": copies,
        "set_aside": actions["set aside"] - copies,
        "counts": counts,
        "findings": dict(Counter(item.kind for item in files)),
        "files": tuple(sorted(files, key=lambda item: (item.file, item.kind))),
        "near_duplicates": (),
        "violations": (),
        "statistics": statistics(accepted, histograms={}),
    }
    return DataReport(**{**values, **changes})


def one_of_each_kind() -> list[Finding]:
    """A file of every kind."""
    return [finding(f"cat/{kind}.jpg", kind) for kind in KINDS]


def pairs(count: int) -> tuple[NearDuplicatePair, ...]:
    """Near-duplicates."""
    return tuple(NearDuplicatePair(f"cat/a{i}.jpg", f"cat/b{i}.jpg", min(i, 16)) for i in range(count))


def summary(**changes: Any) -> RunSummary:
    """A run that pushed a model."""
    values: dict[str, Any] = {
        "run_id": "20261120-153656-c624",
        "model": "pets",
        "status": "pushed",
        "reason": None,
        "stages": (
            Stage("ImageFolderExampleGen", "ran", 1.3),
            Stage("StatisticsGen", "cached", 0.04),
            Stage("Trainer", "ran", 11.2),
            Stage("Pusher", "ran", 0.05),
        ),
        "images": None,
        "notes": (),
        "metrics": Metrics(
            {"accuracy": 0.98765, "example_count": 1184.0},
            {"accuracy": 0.975, "example_count": 1184.0},
            (0.9794, 0.9926),
            baseline_version=2,
        ),
        "pushed": Pushed(3, "/w/serving/pets/3", new=True),
        "log": "/w/runs/20261120-153656-c624/log.txt",
    }
    return RunSummary(**{**values, **changes})


def training(epochs: int = 6) -> TrainingResult:
    """A phase of two epochs, and one of the others; of each the last but one was kept."""
    rows = [
        {
            "phase": 1 if epoch < 2 else 2,
            "accuracy": 0.7 + 0.04 * epoch,
            "loss": 1 / (1 + epoch),
            "val_accuracy": 0.7 + 0.03 * epoch,
            "val_loss": 1.1 / (1 + epoch),
            "seconds": 2.5,
            "kept": epoch in (0, epochs - 2),
        }
        for epoch in range(epochs)
    ]
    pictures = [Picture("What was taken for what", "data:image/png;base64,iVBORw0KGgo=")]
    return TrainingResult(rows, pictures, "/w/tfx/Trainer/model_run/7")


def page_input(data: DataReport | None, run: RunSummary | None = None, **changes: Any) -> PageInput:
    """Of a check, or of a run."""
    values: dict[str, Any] = {
        "when": WHEN,
        "images": "/data/photos",
        "policies": POLICIES,
        "data": data,
        "summary": run,
    }
    return PageInput(**{**values, **changes})


def table_rows(html: str, heading: str) -> list[list[str]]:
    """The cells of the table behind a heading."""
    table = html.split(f"{heading}</h3>")[1].split("</table>")[0]
    rows = table.split("<tbody>")[1].split("</tr>")[:-1]
    return [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in rows]
