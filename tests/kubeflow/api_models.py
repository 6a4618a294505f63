"""Requests and answers of the KFP API, held against the classes that KFP generates from its definition."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

import kfp_server_api
from dateutil.parser import isoparse


class NotInTheApiError(Exception):
    """A value that KFP's API does not define."""


_API = kfp_server_api.ApiClient()


def read_model(data: Any, kind: str) -> Any:
    """An object of a class of kfp_server_api from JSON, refusing what is not in its definition."""
    check(data, kind, kind)
    return _API.deserialize(SimpleNamespace(data=json.dumps(data)), kind)


def write_model(model: Any) -> Any:
    """The JSON of an object of kfp_server_api, checked in the same way."""
    data = _API.sanitize_for_serialization(model)
    check(data, type(model).__name__, "answer")
    return data


def check(data: Any, kind: str, where: str) -> None:
    """Raises NotInTheApiError for anything within a value that its definition does not have."""
    nested = re.fullmatch(r"list\[(.+)\]|dict\(str, (.+)\)", kind)
    if nested and nested[1]:
        for item in _require(data, list, where):
            check(item, nested[1], where)
    elif nested:
        for name, item in _require(data, dict, where).items():
            check(item, nested[2], f"{where}.{name}")
    elif kind == "str":
        # 64-bit integers are text in proto's JSON, but numbers are taken too.
        _require(data, (str, int), where)
    elif kind in ("bool", "int"):
        _require(data, {"bool": bool, "int": int}[kind], where)
    elif kind == "datetime":
        try:
            assert isoparse(_require(data, str, where)).tzinfo is not None
        except (ValueError, AssertionError):
            raise NotInTheApiError(f"{where}: {data!r} is no RFC 3339 time") from None
    elif kind != "object":
        _check_model(data, getattr(kfp_server_api, kind), where)


def _check_model(data: Any, model: Any, where: str) -> None:
    if hasattr(model, "allowable_values"):
        if data not in model.allowable_values:
            raise NotInTheApiError(f"{where}: {data!r} is not one of {model.allowable_values}")
        return
    kinds = {model.attribute_map[name]: kind for name, kind in model.openapi_types.items()}
    for name, item in _require(data, dict, where).items():
        if name not in kinds:
            raise NotInTheApiError(f"{where}: unknown field {name!r}")
        if item is not None:
            check(item, kinds[name], f"{where}.{name}")


def _require(data: Any, kind: Any, where: str) -> Any:
    if not isinstance(data, kind):
        raise NotInTheApiError(f"{where}: {data!r} is not of the kind {kind}")
    return data
