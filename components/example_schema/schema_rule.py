"""Which schema do the records have to satisfy?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components import contract
from components.contract import ConfigError

_FORMATS: Final = ("JPEG", "PNG", "GIF", "BMP")
_MOST_CHANNELS: Final = 4
# What Transform leaves out of its inputs.
_UNUSED_STAGES: Final = (
    schema_pb2.PLANNED,
    schema_pb2.ALPHA,
    schema_pb2.DEPRECATED,
    schema_pb2.DEBUG_ONLY,
    schema_pb2.DISABLED,
    schema_pb2.VALIDATION_DERIVED,
)
# What takes other statistics to compare with.
_COMPARED: Final = ("drift_comparator", "skew_comparator")
_COMPARED_AS_A_WHOLE: Final = ("num_examples_drift_comparator", "num_examples_version_comparator")
# What has Transform read other things than one value a feature.
_OTHER_TENSORS: Final = ("sparse_feature", "tensor_representation_group")
_SUPPORTED_FRACTION: Final = "minimum_supported_image_fraction"


def contract_schema(labels: Sequence[str]) -> schema_pb2.Schema:
    """The schema that follows from the tf.Example contract and the label file.

    Every feature is there exactly once in every record. Nothing is said about
    how often a value occurs: small splits and skewed classes are not this
    schema's business.

    Args:
        labels: C label names, in id order.
    """
    text, number = schema_pb2.BYTES, schema_pb2.INT
    return schema_pb2.Schema(
        feature=[
            # Without this domain TFDV takes pixels for text, and counts them as words.
            _feature(contract.IMAGE_ENCODED, text, image_domain=schema_pb2.ImageDomain()),
            _feature(contract.IMAGE_FORMAT, text, string_domain=_one_of(contract.IMAGE_FORMAT, _FORMATS)),
            _feature(contract.IMAGE_HEIGHT, number, int_domain=schema_pb2.IntDomain(min=1)),
            _feature(contract.IMAGE_WIDTH, number, int_domain=schema_pb2.IntDomain(min=1)),
            _feature(
                contract.IMAGE_CHANNELS, number, int_domain=schema_pb2.IntDomain(min=1, max=_MOST_CHANNELS)
            ),
            _feature(contract.IMAGE_FILENAME, text),
            _feature(contract.IMAGE_SHA256, text),
            _feature(contract.CLASS_TEXT, text, string_domain=_one_of(contract.CLASS_TEXT, labels)),
            # Not `is_categorical`: of a number TFDV keeps the smallest and the largest exactly, however
            # many there are; of categories it keeps counts of the most frequent ones.
            _feature(
                contract.CLASS_LABEL, number, int_domain=schema_pb2.IntDomain(min=0, max=len(labels) - 1)
            ),
        ]
    )


def read_curated_schema(path: Path) -> str:
    """Reads a schema that somebody has written, and makes sure that the pipeline can work with it.

    Args:
        path: of a file in protobuf's text format, as in a Schema artifact.

    Returns:
        The file's text as it is.

    Raises:
        ConfigError: no such file, not a schema, or one that Transform cannot read images by.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(
            f"data.schema_file: {path} cannot be read: {reason}. Give a file, or leave it out with "
            "--set data.schema_file=null."
        ) from error
    try:
        schema = text_format.Parse(text, schema_pb2.Schema())
    except text_format.ParseError as error:
        where = f"line {error.GetLine()}: " if error.GetLine() else ""
        what = str(error).removeprefix(f"{error.GetLine()}:{error.GetColumn()} : ")
        raise ConfigError(
            f"data.schema_file: {path} is not a TFDV schema in protobuf's text format: {where}{what}"
        ) from error
    problems = schema_problems(schema)
    if problems:
        raise ConfigError(
            f"data.schema_file: the pipeline cannot work with {path}: {'; '.join(problems)}. "
            "Start from schema.pbtxt of an earlier run's Schema artifact."
        )
    return text


def schema_problems(schema: schema_pb2.Schema) -> list[str]:
    """Why the pipeline cannot read the records by this schema, in words; empty when it can.

    What the schema demands of the values is not judged, but that somebody
    looks at it is: a comparison for which nothing is there would find no fault
    with anything.
    """
    used = {
        feature.name: feature
        for feature in schema.feature
        if not feature.deprecated and feature.lifecycle_stage not in _UNUSED_STAGES
    }
    problems = [
        f"it has no feature '{name}'"
        for name in (contract.IMAGE_ENCODED, contract.CLASS_LABEL)
        if name not in used
    ]
    problems += [
        f"feature '{name}' needs `presence {{ min_fraction: 1 }}` and `shape {{ dim {{ size: 1 }} }}`, "
        "since every record holds it once"
        for name, feature in used.items()
        if not _exactly_once(feature)
    ]
    problems += [
        f"it has a `{key}`, and Transform reads one value of each feature: take it out"
        for key in _OTHER_TENSORS
        if getattr(schema, key)
    ]
    encoded = used.get(contract.IMAGE_ENCODED)
    if encoded is not None and not encoded.HasField("image_domain"):
        problems.append(
            f"feature '{contract.IMAGE_ENCODED}' needs `image_domain {{}}`, or its bytes are taken for text"
        )
    return problems + _unheeded(schema, used)


def _unheeded(schema: schema_pb2.Schema, used: Mapping[str, schema_pb2.Feature]) -> list[str]:
    """What the schema demands, and nobody would look at."""
    problems = [
        f"feature '{name}' is there {times} times, and only the first one would be heeded: make one of them"
        for name, times in Counter(feature.name for feature in schema.feature).items()
        if times > 1
    ]
    problems += [
        f"feature '{name}' has a `{_SUPPORTED_FRACTION}`, which takes statistics that are not made: take it "
        "out, and see data.policies"
        for name, feature in used.items()
        if feature.image_domain.HasField(_SUPPORTED_FRACTION)
    ]
    compared = [
        (f"feature '{name}'", key)
        for name, feature in used.items()
        for key in _COMPARED
        if feature.HasField(key)
    ]
    compared += [("it", key) for key in _COMPARED_AS_A_WHOLE if schema.dataset_constraints.HasField(key)]
    problems += [
        f"{where} has a `{key}`, which nothing here is held against: take it out, and see balance.drift, "
        "which compares with the previous run"
        for where, key in compared
    ]
    return problems


def _exactly_once(feature: schema_pb2.Feature) -> bool:
    """Whether Transform takes the feature for a dense one with one value a record."""
    return feature.presence.min_fraction == 1 and [dim.size for dim in feature.shape.dim] == [1]


def _feature(
    name: str,
    kind: schema_pb2.FeatureType.ValueType,
    *,
    int_domain: schema_pb2.IntDomain | None = None,
    string_domain: schema_pb2.StringDomain | None = None,
    image_domain: schema_pb2.ImageDomain | None = None,
) -> schema_pb2.Feature:
    return schema_pb2.Feature(
        name=name,
        type=kind,
        presence=schema_pb2.FeaturePresence(min_fraction=1),
        shape=schema_pb2.FixedShape(dim=[schema_pb2.FixedShape.Dim(size=1)]),
        int_domain=int_domain,
        string_domain=string_domain,
        image_domain=image_domain,
    )


def _one_of(name: str, values: Sequence[str]) -> schema_pb2.StringDomain:
    return schema_pb2.StringDomain(name=name, value=values)
