"""`imgclf data convert`: copy images from one layout into another."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import typer

from components.contract import SPLITS, ConfigError, DataError
from components.image_folder.files.file_names import has_image_extension
from components.image_folder.files.image_store import FileChangedError, ImageStore
from components.image_folder.files.list_images import list_images
from components.image_folder.files.listing import ImageFile, Listing
from components.image_folder.files.open_store import open_store
from components.image_folder.findings import Finding, action_of, printable
from components.image_folder.policies import PolicySettings
from components.uri import is_uri
from pipeline.commands.layout_writer import LayoutWriter, gives_splits
from pipeline.commands.target_layout import TargetLayout
from pipeline.config import load_config

_PASSED_OVER_SHOWN: Final = 10


def convert(source: str, dest: Path, target: TargetLayout, overrides: Sequence[str]) -> None:
    """Copies the images of `source` to `dest`, laid out anew, and says what came of it.

    Bytes, labels and given splits stay as they are; the source is only read.
    All is written beside `dest` first, in `<dest>.partial`, so that `dest` is
    complete or not there.

    Args:
        source: anything that `data.images` can be.
        dest: a folder that is not there, or empty.
        target: the layout to write.
        overrides: `key=value`, for how the source is to be read.

    Raises:
        ConfigError: `dest` cannot be written to, or the layout cannot hold the splits.
        DataError: images that are refused, or labels that the layout cannot hold.
    """
    settings = load_config(None, overrides).data.model_copy(update={"images": source})
    dest = _require_free(dest)
    listing = list_images(settings)
    if not is_uri(listing.root) and dest.is_relative_to(Path(listing.root).resolve()):
        raise ConfigError(
            f"{dest} lies in {listing.root}, which is only read. Choose a folder outside of it."
        )
    if gives_splits(listing) and not target.has_splits:
        raise ConfigError(
            f"The images of {source} have given splits, which {target.value} cannot hold. "
            "Use --to split-folders, csv or jsonl."
        )
    passed_over = [finding for finding in listing.findings if finding.action != "kept"]
    _refuse(passed_over)
    with _complete_or_absent(dest) as folder:
        writer = LayoutWriter(folder, target, listing, settings.splits)
        for file, data in _contents(listing, target, settings.policies):
            if isinstance(data, Finding):
                _refuse([data])
                passed_over.append(data)
            else:
                writer.add(file, data)
        if writer.written == 0:
            raise DataError(f"No image of {source} can be copied: {passed_over[-1].reason}.")
        writer.finish()
    typer.echo(
        f"{writer.written} images of {len(listing.labels)} classes copied from {source} ({listing.layout}) "
        f"to {dest} ({target.value})"
    )
    if writer.assigned:
        told = ", ".join(f"{writer.assigned[split]} {split}" for split in SPLITS)
        typer.echo(f"Split by content, where no split was given: {told}")
    _print_passed_over(passed_over)


def _contents(
    listing: Listing, target: TargetLayout, policies: PolicySettings
) -> Iterator[tuple[ImageFile, bytes | Finding]]:
    """Every file with its bytes, or with why it is passed over."""
    store = open_store(listing.root)
    read = _reader(store, target, policies)
    # Twice as many as are read at a time bound the memory that images take.
    window = 2 * store.workers
    with ThreadPoolExecutor(store.workers) as pool:
        for start in range(0, len(listing.files), window):
            files = listing.files[start : start + window]
            yield from zip(files, pool.map(read, files), strict=True)


def _reader(
    store: ImageStore, target: TargetLayout, policies: PolicySettings
) -> Callable[[ImageFile], bytes | Finding]:
    def read(file: ImageFile) -> bytes | Finding:
        try:
            if has_image_extension(file.path) or target.has_manifest:
                return store.read(file)
            kind, reason = "other_file", "no image's extension, which only csv and jsonl can do without"
        except FileChangedError as error:
            kind, reason = "changed", str(error)
        except OSError as error:
            kind, reason = "unreadable", str(error.strerror)
        return Finding(printable(file.path), kind, reason, action_of(policies.of(kind)))

    return read


def _require_free(dest: Path) -> Path:
    if is_uri(str(dest).replace(":/", "://", 1)):
        raise ConfigError(f"{dest}: images are written to a local folder only.")
    try:
        dest = dest.resolve()
    except RuntimeError as error:  # So Python says of links that lead in a circle.
        raise ConfigError(
            f"{dest} is a link that leads nowhere. Name a folder that is not there yet."
        ) from error
    if dest.exists() and not dest.is_dir():
        raise ConfigError(f"{dest} is a file. Name a folder that is not there yet.")
    if dest.is_dir() and any(dest.iterdir()):
        raise ConfigError(f"{dest} is not empty. Name a folder that is not there yet, or is empty.")
    if dest.is_mount():
        raise ConfigError(
            f"Something is mounted on {dest}, so no other folder can take its place. Name one in it, such as "
            f"{dest / 'images'}."
        )
    partial = _partial(dest)
    if partial.exists():
        raise ConfigError(f"{partial} is left over from a conversion that was interrupted. Remove it.")
    return dest


def _partial(dest: Path) -> Path:
    return dest.with_name(f"{dest.name}.partial")


@contextmanager
def _complete_or_absent(dest: Path) -> Iterator[Path]:
    """A folder to write to, which becomes `dest` at the end, or vanishes if something goes wrong."""
    partial = _partial(dest)
    partial.mkdir(parents=True)
    try:
        yield partial
        partial.rename(dest)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _refuse(findings: Sequence[Finding]) -> None:
    refused = [finding for finding in findings if finding.action == "refused"]
    if refused:
        first = refused[0]
        more = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
        raise DataError(
            f"{first.file}: {first.reason}{more}. data.policies.{first.kind} is 'fail': "
            "mend it, or choose another policy with --set."
        )


def _print_passed_over(findings: Sequence[Finding]) -> None:
    if not findings:
        return
    counts = Counter(finding.kind for finding in findings)
    typer.echo(f"Passed over: {', '.join(f'{count} {kind}' for kind, count in sorted(counts.items()))}")
    for finding in findings[:_PASSED_OVER_SHOWN]:
        typer.echo(f"  {finding.file}: {finding.reason}")
    if len(findings) > _PASSED_OVER_SHOWN:
        typer.echo(f"  and {len(findings) - _PASSED_OVER_SHOWN} more")
