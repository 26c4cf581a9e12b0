"""Saving and loading: .npz files of plain arrays, never pickle."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import numpy as np

from .module import check_names, check_state, short


def save(source: Any, path: str | os.PathLike[str]) -> None:
    """Write the `state_dict()` of a module or optimizer to `path`, as .npz.

    The file appears whole or not at all: an older one stays until the new one is complete. Random
    generators are not in it; where a run with shuffling or dropout is to be resumed exactly, keep
    `rng.bit_generator.state` too.
    """
    path = Path(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(unfinished, "w") as archive:
            for name, array in source.state_dict().items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as content:
                    np.lib.format.write_array(content, array, (1, 0), allow_pickle=False)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def load(target: Any, path: str | os.PathLike[str]) -> None:
    """Set a module or optimizer to the state in a file that `save` wrote.

    Names, shapes, dtypes and sizes are checked before an array is read and before anything is
    assigned. Raises ValueError, and changes nothing, if the file does not fit or is damaged, or is
    no file but a folder, a device or a pipe.
    """
    expected, owner = target.state_dict(), type(target).__name__
    if not stat.S_ISREG(os.stat(path).st_mode):  # a device has no end, and a pipe makes one wait
        raise ValueError(
            f"{path} is no regular file; a file that nn.save wrote is needed; look at the path"
        )
    with open(path, "rb") as file:
        try:
            state = _read(file, expected, owner)
        except ValueError:
            raise
        except Exception as error:  # a damaged archive can raise almost anything
            raise ValueError(
                f"{path} cannot be read ({error}); a file that nn.save wrote is needed; save it "
                "again"
            ) from error
    target.load_state_dict(state)


def _read(file: BinaryIO, expected: dict[str, np.ndarray], owner: str) -> dict[str, np.ndarray]:
    """The arrays of an archive whose headers have been checked against `expected`."""
    with zipfile.ZipFile(file) as archive:
        entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
        if len(entries) < len(archive.infolist()):
            raise ValueError(
                f"{owner} got a file with two entries of one name; one for each array is needed; "
                "save it again"
            )
        check_names(entries, expected, owner)  # before there is anything to unpack
        headers = {name: _header(archive, entry) for name, entry in entries.items()}
        check_state(headers, expected, owner)
        state = {}
        for name, entry in entries.items():
            with archive.open(entry) as content:
                state[name] = np.lib.format.read_array(content, allow_pickle=False)
        return state


def _header(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> SimpleNamespace:
    """The shape and dtype of an array in the archive, with its size checked against them."""
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(  # the others unpack to any size when a first byte is read
            f"{entry.filename} is compressed by method {entry.compress_type}; an array as nn.save "
            "writes it is needed; save it again"
        )
    with archive.open(entry) as file:
        if np.lib.format.read_magic(file) != (1, 0):
            raise ValueError(
                f"{entry.filename} is of another version of the format; an array as nn.save writes "
                "it is needed; save it again"
            )
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        body = entry.file_size - file.tell()
    if dtype.hasobject or body != dtype.itemsize * int(np.prod(shape, dtype=object)):
        raise ValueError(
            f"{entry.filename} has {body} bytes for {short(str(shape))} {dtype}; a plain array of "
            "its stated size is needed; save it again"
        )
    return SimpleNamespace(shape=shape, dtype=dtype)
