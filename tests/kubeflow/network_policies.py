"""What a set of network policies lets pods say to one another, as a network plugin reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Rule = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """What policies know of a pod.

    Attributes:
        namespace: its name.
        labels: of the pod.
    """

    namespace: str
    labels: Mapping[str, str]


class NetworkPolicies:
    """All policies of a cluster."""

    def __init__(self, resources: Iterable[dict[str, Any]]) -> None:
        """Takes the policies among some resources."""
        self._policies = [each for each in resources if each["kind"] == "NetworkPolicy"]

    def leaving(self, source: Pod, target: Pod, ports: Iterable[int]) -> set[int]:
        """To which of some TCP ports of a pod another one may go out."""
        return {port for port in ports if self._open("Egress", source, target, port)}

    def entering(self, source: Pod, target: Pod, ports: Iterable[int]) -> set[int]:
        """Which of some TCP ports of a pod let another one in."""
        return {port for port in ports if self._open("Ingress", target, source, port)}

    def _open(self, direction: str, subject: Pod, peer: Pod, port: int) -> bool:
        concerning = [
            each["spec"]
            for each in self._policies
            if each["metadata"]["namespace"] == subject.namespace
            and direction in each["spec"]["policyTypes"]
            and _matches(each["spec"]["podSelector"], subject.labels)
        ]
        side = "to" if direction == "Egress" else "from"
        rules: list[Rule] = [rule for spec in concerning for rule in spec.get(direction.lower(), ())]
        return not concerning or any(
            _opens_port(rule, port) and _opens_peer(rule, side, subject, peer) for rule in rules
        )


def _opens_port(rule: Rule, port: int) -> bool:
    ports = rule.get("ports")
    return not ports or any(each["protocol"] == "TCP" and each["port"] == port for each in ports)


def _opens_peer(rule: Rule, side: str, subject: Pod, peer: Pod) -> bool:
    """Whether a rule is about a pod; blocks of addresses are for what lies outside the cluster."""
    peers = rule.get(side)
    return not peers or any(_is_peer(each, subject, peer) for each in peers if "ipBlock" not in each)


def _is_peer(described: Rule, subject: Pod, peer: Pod) -> bool:
    if "namespaceSelector" in described:
        name = {"kubernetes.io/metadata.name": peer.namespace}
        in_namespace = _matches(described["namespaceSelector"], name)
    else:
        in_namespace = peer.namespace == subject.namespace
    return in_namespace and _matches(described.get("podSelector", {}), peer.labels)


def _matches(selector: Rule, labels: Mapping[str, str]) -> bool:
    assert set(selector) <= {"matchLabels"}, selector
    return selector.get("matchLabels", {}).items() <= labels.items()
