from __future__ import annotations

from pathlib import Path

from components.pusher.publish import publish
from components.pusher.push_record import PushRecord, plan_push


def _push(root: Path, model: str) -> int:
    saved_model = root / "export"
    saved_model.mkdir(exist_ok=True)
    (saved_model / "saved_model.pb").touch()
    return publish(saved_model, root / "serving", plan_push(root / "serving", model))


def test_the_plan_stays_the_same_while_the_model_is_in_production(tmp_path: Path) -> None:
    first = plan_push(tmp_path / "serving", "a")
    assert first == PushRecord("a", replaces=0)
    _push(tmp_path, "a")
    assert plan_push(tmp_path / "serving", "a") == first


def test_going_back_to_an_earlier_model_is_a_push_of_its_own(tmp_path: Path) -> None:
    serving = tmp_path / "serving"
    plans = []
    for model in ("a", "b", "a", "b"):
        plans.append(plan_push(serving, model))
        _push(tmp_path, model)
        assert plan_push(serving, model) == plans[-1]
    assert [plan.replaces for plan in plans] == [0, 1, 2, 3]


def test_a_version_pushed_by_another_tool_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "serving" / "7").mkdir(parents=True)
    (tmp_path / "serving" / "7" / "saved_model.pb").touch()
    assert plan_push(tmp_path / "serving", "a") == PushRecord("a", replaces=7)
