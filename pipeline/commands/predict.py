"""`imgclf predict`: ask a pushed model, or a model server, about image files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from json import dumps
from pathlib import Path
from typing import Final, NamedTuple

from PIL import Image
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from components.contract import ConfigError, DataError
from components.image_folder.findings import printable
from components.image_folder.headers.image_header import UnusableImageError
from components.image_folder.inspection.ingested_bytes import as_ingested
from components.image_folder.settings import LimitSettings
from pipeline.commands.pushed_models import PushedModel, find_model
from pipeline.output_capture import quiet_tensorflow
from pipeline.workspace import Workspace


class Answer(NamedTuple):
    """The most probable label, and whether its probability reaches the model's reject threshold."""

    label: str
    probability: float
    accepted: bool


# Columns: into a file or another program goes a line a file, however long its path is.
_WITHOUT_EDGE: Final = 10_000

# Of an image file's bytes.
Ask = Callable[[bytes], Answer]
Show = Callable[[Path, Answer], None]


def predict(
    images: Sequence[Path],
    workspace: Workspace,
    name: str | None,
    model: Path | None,
    server: str | None,
    *,
    json: bool = False,
) -> None:
    """Prints file, label and probability, and which answers the model itself rejects.

    Args:
        images: files; one is in memory at a time.
        workspace: where pushed models are.
        name: of the model.
        model: folder of a model, instead of the workspace's.
        server: HOST:PORT of a model server, instead of a folder.
        json: whether to print a JSON object a file, each as soon as it is known, instead of a table.

    Raises:
        ConfigError: no such model or server, or both are given; or files that cannot be read, after the
            answers for those that can.
        DataError: files that are no images, after the answers for those that are.
    """
    if server is not None:
        _check_server(server, model)
    unreadable = {path: reason for path in images if (reason := _why_unreadable(path))}
    refused = [f"{path}: {reason}" for path, reason in unreadable.items()]
    mistake = ConfigError if refused else DataError
    readable = [path for path in images if path not in unreadable]
    if not readable:
        raise mistake(_told(refused, images))
    with _asker(workspace, name, model, server) as (source, ask):
        with _json_lines() if json else _table(source) as show:
            for path in readable:
                try:
                    answer = ask(as_ingested(path.read_bytes(), LimitSettings().max_pixels))
                except UnusableImageError as error:
                    refused.append(f"{path}: {error}")
                except OSError as error:  # It has gone since.
                    refused.append(f"{path}: {error.strerror}")
                else:
                    show(path, answer)
    if refused:
        raise mistake(_told(refused, images))


@contextmanager
def _json_lines() -> Iterator[Show]:
    def show(path: Path, answer: Answer) -> None:
        print(dumps({"file": str(path), **answer._asdict()}), flush=True)

    yield show


@contextmanager
def _table(title: str) -> Iterator[Show]:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("File", overflow="fold")
    table.add_column("Label", overflow="fold")
    table.add_column("Probability", justify="right")

    def show(path: Path, answer: Answer) -> None:
        # A name may have bytes that are no UTF-8, and a terminal that takes none.
        row = [escape(printable(str(path))), escape(answer.label), f"{answer.probability:.4f}"]
        table.add_row(*row, *([] if answer.accepted else ["below serving.reject_below"]))

    try:
        yield show
    finally:  # Where the server goes away, or the user, too.
        if table.row_count:
            console = Console()
            if not console.is_terminal:
                console.width = _WITHOUT_EDGE
            console.print(table)


def _why_unreadable(path: Path) -> str:
    """Why a file cannot be read; empty if it can. Asked before a model is loaded, which takes seconds."""
    try:
        if not path.is_fifo():  # Whoever writes into a pipe does so once.
            path.open("rb").close()
    except OSError as error:
        return str(error.strerror)
    return ""


def _told(refused: Sequence[str], images: Sequence[Path]) -> str:
    return f"{len(refused)} of {len(images)} files cannot be classified: {'; '.join(refused)}."


def _check_server(server: str, model: Path | None) -> None:
    """Says what is wrong in words; gRPC would take another port, or fail in its own."""
    if model is not None:
        raise ConfigError("--server asks a server, and --model a folder: give one of them.")
    host, _, port = server.rpartition(":")
    # Of ::1:8500 gRPC would take all for the host, and port 443.
    bare = ":" in host and not (host.startswith("[") and host.endswith("]"))
    if not host or bare or "/" in server or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigError(f"--server takes HOST:PORT, such as 127.0.0.1:8500 or [::1]:8500, not '{server}'.")


@contextmanager
def _asker(
    workspace: Workspace, name: str | None, model: Path | None, server: str | None
) -> Iterator[tuple[str, Ask]]:
    """What is asked, in words, and the function that asks it."""
    if server is None:
        found = find_model(workspace, name, model)
        with _saved_model(found) as ask:
            yield f"{found.name} version {found.version}", ask
    else:
        with _model_server(server, name or _only_model(workspace)) as answer:
            yield answer


def _only_model(workspace: Workspace) -> str:
    try:
        return find_model(workspace, None, None).name
    except ConfigError as error:
        raise ConfigError(f"{error} Or say with --name which model the server has.") from error


@contextmanager
def _saved_model(found: PushedModel) -> Iterator[Ask]:
    quiet_tensorflow()
    import numpy as np
    import tensorflow as tf

    from serving import contract
    from serving.first_line import first_line
    from serving.session_model import ModelLoadError, RequestError, SessionModel

    def ask(data: bytes) -> Answer:
        try:
            answer = loaded.run(
                contract.SERVING_DEFAULT,
                {contract.IMAGE_BYTES: np.array([data], object)},
                (contract.LABEL, contract.PROBABILITY, contract.ACCEPTED),
            )
        except tf.errors.InvalidArgumentError as error:
            raise UnusableImageError("corrupt", "truncated or damaged: the decoder refuses it") from error
        except (RequestError, tf.errors.OpError) as error:
            raise ConfigError(f"{found.path} is no working imgclf model: {first_line(str(error))}") from error
        return Answer(
            answer[contract.LABEL][0].decode("utf-8", "replace"),
            float(answer[contract.PROBABILITY][0]),
            bool(answer[contract.ACCEPTED][0]),
        )

    try:
        loaded = SessionModel.load(found.path)
    except ModelLoadError as error:
        raise ConfigError(str(error)) from error
    with loaded:
        yield ask


@contextmanager
def _model_server(address: str, name: str) -> Iterator[tuple[str, Ask]]:
    from serving.client import Client, RequestRefusedError, ServerError

    def ask(data: bytes) -> Answer:
        try:
            (prediction,) = client.predict([data])
        except RequestRefusedError as error:
            client.predict([_picture()])  # Refused as well, it is the model that takes no images.
            raise UnusableImageError(
                "corrupt", "the server refuses it; it may be truncated or damaged"
            ) from error
        return Answer(prediction.label, prediction.probability, prediction.accepted)

    try:
        with Client(address, name) as client:
            yield f"{name} version {client.model_version()} at {address}", ask
    except ServerError as error:
        raise ConfigError(str(error)) from error


def _picture() -> bytes:
    """A file that no image classifier has a reason to refuse."""
    file = BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return file.getvalue()
