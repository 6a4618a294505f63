"""One schedule of a name, whatever was there before."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

from components.contract import ConfigError
from kubeflow.client import KubeflowClient
from kubeflow.schedule_info import Schedule, Trigger

Outcome = Literal["created", "replaced", "resumed", "paused", "unchanged"]


def set_schedule(
    client: KubeflowClient, name: str, trigger: Trigger, enabled: bool = True
) -> tuple[Outcome, Schedule]:
    """Makes a schedule what it shall be.

    Args:
        client: of the server.
        name: of the schedule.
        trigger: what it shall be.
        enabled: whether it shall start runs.

    Returns:
        What was done, and the schedule.

    Raises:
        ConfigError: what the server does not do. No two schedules of the name
            are ever enabled.
    """
    before = client.schedules(name)
    if len(before) == 1 and before[0].trigger.same_as(trigger):
        schedule = before[0]
        if schedule.enabled == enabled:
            return "unchanged", schedule
        if enabled:
            client.enable_schedule(schedule.schedule_id)
            return "resumed", schedule
        client.disable_schedule(schedule.schedule_id)
        return "paused", schedule
    # A new one that the server refuses must not cost the old one, so that goes when the new one is there.
    created = client.create_schedule(name, trigger, enabled=enabled and not before)
    try:
        for old in before:
            client.delete_schedule(old.schedule_id)
    except ConfigError:
        with suppress(ConfigError):
            client.delete_schedule(created.schedule_id)
        raise
    if before and enabled:
        client.enable_schedule(created.schedule_id)
    return ("replaced" if before else "created"), created


def end_schedule(client: KubeflowClient, name: str, keep: bool = False) -> int:
    """Deletes a schedule, or keeps it without starting any more runs.

    Args:
        client: of the server.
        name: of the schedule.
        keep: whether it can be resumed.

    Returns:
        How many there were; more than one only if they come from elsewhere.

    Raises:
        ConfigError: there is none of that name; those that are there are named.
    """
    found = client.schedules(name)
    if not found:
        names = sorted({schedule.name for schedule in client.schedules()})
        there = f"there are {', '.join(names)}" if names else "there are none at all"
        raise ConfigError(f"There is no schedule named {name}; {there}.")
    for schedule in found:
        if keep:
            client.disable_schedule(schedule.schedule_id)
        else:
            client.delete_schedule(schedule.schedule_id)
    return len(found)
