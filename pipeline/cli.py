"""The `imgclf` command. Imports nothing heavy until a command needs it."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.further_commands import CommandGroup
from pipeline.commands.target_layout import TargetLayout
from pipeline.workspace import DEFAULT_WORKSPACE, Workspace

app = typer.Typer(
    name="imgclf",
    cls=CommandGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

data_app = typer.Typer(no_args_is_help=True)
app.add_typer(data_app, name="data")
augment_app = typer.Typer(no_args_is_help=True)
app.add_typer(augment_app, name="augment")

_Images = Annotated[str | None, typer.Option("--images", help="The images: folder, manifest file or URI.")]
_Config = Annotated[Path | None, typer.Option("--config", help="A YAML configuration.")]
_Workspace = Annotated[
    Path, typer.Option("--workspace", help="Where metadata, artifacts and pushed models are kept.")
]
_Name = Annotated[
    str | None, typer.Option("--name", help="Which model, when the workspace holds more than one.")
]


def _print_version(wanted: bool) -> None:
    if wanted:
        import importlib.metadata

        typer.echo(f"imgclf {importlib.metadata.version('imgclf')}")
        raise typer.Exit


@app.callback()
def imgclf(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A folder of images in; a validated, evaluated and served image classifier out."""


@app.command()
def run(
    images: _Images = None,
    config: _Config = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change one setting, as training.epochs=3."),
    ] = None,
    workspace: _Workspace = DEFAULT_WORKSPACE,
    json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON, and nothing else.")
    ] = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Run every stage, even those where nothing has changed.")
    ] = False,
) -> None:
    """Train, evaluate, check and push a model.

    Exit code: 0 pushed or up to date, 2 command line or configuration, 3 images
    refused, 4 not blessed, 130 interrupted, 1 anything else.
    """
    from pipeline.commands.run import RunRequest
    from pipeline.commands.run import run as run_request

    request = RunRequest(images, config, tuple(overrides or ()), workspace, json, not no_cache)
    raise typer.Exit(run_request(request))


@app.command()
def demo(folder: Annotated[Path, typer.Argument(help="Where to write the images.")]) -> None:
    """Write 1,797 handwritten digits as an image folder to try things on."""
    from pipeline.commands.demo import write_digits

    typer.echo(f"{write_digits(folder)} images of handwritten digits are in {folder}")


@app.command()
def predict(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Image files.")],
    workspace: _Workspace = DEFAULT_WORKSPACE,
    name: _Name = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", help="Folder of a model or of one version, instead of the workspace's."),
    ] = None,
    server: Annotated[
        str | None, typer.Option("--server", metavar="HOST:PORT", help="Ask a model server instead.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a file, and nothing else.")
    ] = False,
) -> None:
    """Classify image files with the pushed model."""
    from pipeline.commands.predict import predict as predict_images

    predict_images(images, Workspace(workspace.absolute()), name, model, server, json=json)


@app.command()
def serve(
    workspace: _Workspace = DEFAULT_WORKSPACE,
    name: _Name = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="Folder of a model's versions, instead of the workspace's.")
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            "--host",
            help="Address that the embedded server listens on; tensorflow_model_server listens on all.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="gRPC port; 0 takes a free one.")
    ] = 8500,
) -> None:
    """Serve the pushed model on TensorFlow Serving's gRPC API."""
    from pipeline.commands.serve import serve as serve_model

    serve_model(Workspace(workspace.absolute()), name, model, host, port)


@app.command()
def doctor(workspace: _Workspace = DEFAULT_WORKSPACE) -> None:
    """Check Python, packages, accelerators, disk and memory, and say how to mend what is amiss."""
    from pipeline.commands.doctor import doctor as examine

    raise typer.Exit(0 if examine(workspace) else 1)


@data_app.callback()
def data() -> None:
    """Look at images and lay them out anew."""


@data_app.command()
def check(
    images: Annotated[str | None, typer.Argument(help="The images: folder, manifest file or URI.")] = None,
    config: _Config = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change one setting, as data.odd.blurry=50."),
    ] = None,
    workspace: _Workspace = DEFAULT_WORKSPACE,
    page: Annotated[
        Path | None, typer.Option("--page", help="Write the whole report as an HTML page to this file.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON, and nothing else.")] = False,
) -> None:
    """Look at every image and say what is amiss. Nothing is trained, or compared with earlier runs.

    Exit code: 0 fit to train on, 2 command line or configuration, 3 the images would be refused.
    """
    from pipeline.commands.data_check import CheckRequest, check_data

    request = CheckRequest(images, config, tuple(overrides or ()), workspace, page, json)
    raise typer.Exit(check_data(request))


@data_app.command()
def convert(
    source: Annotated[str, typer.Argument(help="The images: folder, manifest file or URI.")],
    dest: Annotated[
        Path, typer.Argument(help="Where to copy them to: a folder that is not there, or empty.")
    ],
    to: Annotated[TargetLayout, typer.Option("--to", help="The layout to write.")],
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="How to read them, as data.layout=sidecar."),
    ] = None,
) -> None:
    """Copy images from one layout into another. The source is only read."""
    from pipeline.commands.data_convert import convert as convert_images

    convert_images(source, dest, to, tuple(overrides or ()))


@augment_app.callback()
def augment() -> None:
    """Look at the random changes that are made to training images."""


@augment_app.command()
def preview(
    images: _Images = None,
    config: _Config = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change one setting, as training.augmentation.preset=strong."
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", help="The PNG file to write.")] = Path(
        "augmentation.png"
    ),
    count: Annotated[int, typer.Option("--count", min=1, max=64, help="How many images to show.")] = 4,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            metavar="N",
            min=0,
            max=2**32 - 1,
            help="For other images, changed in other ways; else the setting's.",
        ),
    ] = None,
) -> None:
    """Write a sheet of images, changed by each op alone and by all together."""
    from pipeline.commands.augment_preview import PreviewRequest
    from pipeline.commands.augment_preview import preview as write_preview

    write_preview(PreviewRequest(images, config, tuple(overrides or ()), output, count, seed))


def main() -> None:
    """Entry point: a user's mistake ends in one sentence and exit code 2 or 3."""
    from pipeline.home_folder import have_home
    from pipeline.terminal.mistakes import MISTAKES, explain
    from pipeline.terminal.standard_streams import drop_output, flush_output, open_closed_streams, use_utf8

    open_closed_streams()
    use_utf8()
    have_home()
    try:
        try:
            app()
        except SystemExit:  # As every command ends that comes to its end.
            flush_output()
            raise
    except MISTAKES as error:
        sentence, exit_code = explain(error)
        print(f"Error: {sentence}", file=sys.stderr)
        sys.exit(exit_code)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)
    finally:
        # Python ends with a last search for garbage, in a second or two once TensorFlow is loaded.
        gc.freeze()
        drop_output()


if __name__ == "__main__":
    main()
