"""The benchmark keeps running: what is ours of it once, on few images, nothing timed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks import corpus, ingest_benchmark, report
from tests.benchmarks.ingest_benchmark import OURS_UNVERIFIED, OURS_VERIFIED, Bench
from tests.benchmarks.measure import ContestantFailedError
from tests.benchmarks.measurement import Measurement


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Two copies of 20 images."""
    monkeypatch.setattr(ingest_benchmark, "_COPIES", 2)
    return Bench(tmp_path, corpus.photographs(None, images=20), rounds=1, peers=False)


def test_ours_is_measured_and_shown(bench: Bench) -> None:
    ingest_benchmark.rerun(bench)
    for part in ("first", "again"):
        (measured,) = bench.results[part]
        assert (measured.contestant, measured.images) == (OURS_VERIFIED, 40)
        assert measured.bytes_read < measured.record_bytes_written < 1.1 * measured.bytes_read
        assert measured.record_bytes_written < measured.bytes_written
        assert 0 < measured.bytes_after_imports < measured.bytes_at_peak
    setting = report.describe_setting(bench.originals, 2, real=False)
    assert "| second / first |" in report.as_markdown(bench.results, setting)


def test_a_contestant_that_fails_is_no_result(bench: Bench) -> None:
    with pytest.raises(ContestantFailedError, match="has no attribute 'nonesuch'"):
        bench.run("write", "class_folders:nonesuch", bench.corpus(1))


def test_ratios_are_of_medians_and_of_rounds() -> None:
    rounds = [
        Measurement(contestant, 100, 1000, seconds, 2 * seconds, 0.1, 2**20, 2**21, 1020, 1010)
        for pair in ((1.0, 2.0), (4.0, 4.0), (2.0, 9.0))
        for contestant, seconds in zip((OURS_UNVERIFIED, "peer:write"), pair, strict=True)
    ]
    ours, peer = report.as_markdown({"write": rounds}, {}).splitlines()[-2:]
    assert ours == (
        f"| {OURS_UNVERIFIED} | 50 | 2.00 (1.00–4.00) | 0.10 | 40000 | 1.0100 | 1.0200 | 1.00 (1.00–1.00) |"
    )
    assert (
        peer == "| peer:write | 25 | 4.00 (2.00–9.00) | 0.10 | 80000 | 1.0100 | 1.0200 | 2.00 (1.00–4.50) |"
    )
