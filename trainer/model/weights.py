"""Weights files: where they come from, whether they are what they should be, and loading them.

Only HDF5 is read, which holds numbers and nothing that can run.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from components.contract import ConfigError
from components.uri import is_uri
from serving.first_line import first_line
from trainer.model.settings import BackboneSettings

if TYPE_CHECKING:
    import keras

# The first bytes of every HDF5 file (HDF5 File Format Specification 3.0, section II.A).
_HDF5: Final = b"\x89HDF\r\n\x1a\n"


def load_weights(network: keras.Model, settings: BackboneSettings, key: str) -> None:
    """Loads the weights file of a backbone into it.

    Args:
        network: changed in place.
        settings: `weights` is a path or a URI.
        key: of these settings in the configuration, such as `model` or `model.fused_with.0`.

    Raises:
        ConfigError: the file cannot be read, is another one, is not HDF5, or does not fit the network.
    """
    if not is_uri(settings.weights):
        _load(network, Path(settings.weights), settings, key)
        return
    with tempfile.TemporaryDirectory() as folder:
        # The end of the name tells Keras which of its two layouts it is.
        copy = Path(folder, settings.weights.rpartition("/")[2] or "weights")
        _fetch(settings.weights, copy, key)
        _load(network, copy, settings, key)


def _fetch(uri: str, copy: Path, key: str) -> None:
    import tensorflow as tf

    try:
        with tf.io.gfile.GFile(uri, "rb") as remote, copy.open("wb") as local:
            while block := remote.read(2**20):
                local.write(block)
    except (tf.errors.OpError, OSError) as error:
        raise ConfigError(
            f"{key}.weights: {uri} cannot be read: {first_line(str(error))} Mend the URI, or give a "
            "local file."
        ) from error


def _load(network: keras.Model, path: Path, settings: BackboneSettings, key: str) -> None:
    check_weights_file(path, settings, key)
    try:
        network.load_weights(path)
    except Exception as error:
        # Keras and h5py raise many kinds here, and all mean the same to a user.
        alpha = f" with {key}.alpha={settings.width:g}" if settings.spec.has_alpha else ""
        raise ConfigError(
            f"{key}.weights: {settings.weights} does not fit {key}.backbone={settings.backbone}{alpha}: "
            f"{_what_does_not_fit(error)} Give the weights of this backbone, without the top, or change "
            f"{key}.backbone{f' or {key}.alpha' if alpha else ''}."
        ) from error


def _what_does_not_fit(error: Exception) -> str:
    """The sentences of Keras that name the layer and the shapes, on one line."""
    text = " ".join(str(error).split())
    return text if text.endswith(".") else f"{text}."


def check_weights_file(path: Path, settings: BackboneSettings, key: str) -> str:
    """Reads the file through, without Keras.

    Args:
        path: where it is now.
        settings: what the user calls it, and what its hash should be.
        key: of these settings in the configuration.

    Returns:
        Its SHA-256, hexadecimal.

    Raises:
        ConfigError: the file cannot be read, is another one, or is not HDF5.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(_HDF5))
            digest = hashlib.sha256(start)
            while block := file.read(2**20):
                digest.update(block)
    except OSError as error:
        raise ConfigError(
            f"{key}.weights: {path} cannot be read: {error.strerror}. Give a file that is there, 'imagenet' "
            "or 'none'."
        ) from error
    expected = settings.weights_sha256
    if expected is not None and digest.hexdigest() != expected:
        raise ConfigError(
            f"{key}.weights: {settings.weights} is not the file it should be: its SHA-256 is "
            f"{digest.hexdigest()}, {key}.weights_sha256 says {expected}."
        )
    if start != _HDF5 or path.suffix != ".h5":
        raise ConfigError(
            f"{key}.weights: {settings.weights} is not an HDF5 file whose name ends in .h5, and no other "
            "kind of weights is read; write one with Keras' model.save_weights('NAME.weights.h5')."
        )
    return digest.hexdigest()
