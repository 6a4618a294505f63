from __future__ import annotations

from tfx.types import artifact, standard_artifacts

from components.baseline.latest_blessed import CANDIDATE, MODEL, PUSHED, LatestBlessedBaseline
from components.contract import PUSHED_MODEL_ID


def _model(number: int) -> artifact.Artifact:
    model = standard_artifacts.Model()
    model.id = number
    return model


def _push(number: int, model_id: int | None) -> artifact.Artifact:
    pushed = standard_artifacts.PushedModel()
    pushed.id = number
    if model_id is not None:
        pushed.set_int_custom_property(PUSHED_MODEL_ID, model_id)
    return pushed


def _baseline(candidate: int, pushes: list[tuple[int, int | None]]) -> list[int]:
    inputs = {
        MODEL: [_model(number) for number in (1, 2, 3)],
        PUSHED: [_push(*push) for push in pushes],
        CANDIDATE: [_model(candidate)],
    }
    resolved = LatestBlessedBaseline().resolve_artifacts(None, inputs)  # type: ignore[arg-type]
    assert resolved is not None
    assert [model.id for model in resolved[CANDIDATE]] == [candidate]
    return [model.id for model in resolved[MODEL]]


def test_there_is_none_before_the_first_push() -> None:
    assert _baseline(1, []) == []
    assert _baseline(2, [(10, None)]) == []


def test_it_is_the_model_that_was_pushed_last() -> None:
    assert _baseline(3, [(10, 1), (11, 2)]) == [2]
    assert _baseline(3, [(10, 1), (11, 2), (12, 1)]) == [1]


def test_a_model_that_was_not_pushed_is_passed_over() -> None:
    assert _baseline(3, [(10, 1), (11, None)]) == [1]


def test_the_candidate_is_never_its_own_baseline() -> None:
    assert _baseline(2, [(10, 1), (11, 2)]) == [1]
    assert _baseline(1, [(10, 1)]) == []
