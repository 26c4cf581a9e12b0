"""Saving and loading: .npz files of plain arrays, never pickle."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from .module import check_state


def save(source: Any, path: str | os.PathLike[str]) -> None:
    """Write the `state_dict()` of a module or optimizer to `path`, as .npz.

    The file appears whole or not at all: an older one stays until the new one is complete.
    """
    path = Path(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(unfinished, "wb") as file:
            np.savez(file, **source.state_dict())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def load(target: Any, path: str | os.PathLike[str]) -> None:
    """Set a module or optimizer to the state in a file that `save` wrote.

    Names, shapes, dtypes and sizes are checked before an array is read and before anything is
    assigned. Raises ValueError, and changes nothing, if the file does not fit or is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
            headers = {name: _header(archive, entry) for name, entry in entries.items()}
            check_state(headers, target.state_dict(), type(target).__name__)
            with np.load(path, allow_pickle=False) as file:
                state = {name: file[name] for name in headers}
    except (zipfile.BadZipFile, EOFError, KeyError) as error:
        raise ValueError(
            f"{path} cannot be read ({error}); a file that nn.save wrote is needed; save it again"
        ) from error
    target.load_state_dict(state)


def _header(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> SimpleNamespace:
    """The shape and dtype of an array in the archive, with its size checked against them."""
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, _, dtype = read(file)
        body = entry.file_size - file.tell()
    if dtype.hasobject or body != dtype.itemsize * int(np.prod(shape, dtype=object)):
        raise ValueError(
            f"{entry.filename} has {body} bytes for {shape} {dtype}; a plain array of its stated "
            "size is needed; save it again"
        )
    return SimpleNamespace(shape=shape, dtype=dtype)
