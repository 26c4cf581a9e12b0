"""Saving and loading: .npz files of plain arrays, never pickle."""

from __future__ import annotations

import os
import stat
import zipfile
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import numpy as np

from autograd_lite import describe

from .checks import check_has
from .module import check_names, check_state, short


def save(source: Any, path: str | os.PathLike[str]) -> None:
    """Write the `state_dict()` of a module or optimizer to `path`, as .npz.

    The file appears whole or not at all: an older one stays until the new one is complete. Raises
    FileNotFoundError where there is no such folder, IsADirectoryError for a folder.
    Random generators are not in it; where a run with shuffling or dropout is to be resumed exactly,
    keep `rng.bit_generator.state` too.
    """
    path = _checked(source, path, "save(model, path)")
    if path.is_dir():
        raise IsADirectoryError(
            f"{path} is a folder; the path of a file is needed; add a name, such as model.npz"
        )
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(unfinished, "w") as archive:
            for name, array in source.state_dict().items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as content:
                    np.lib.format.write_array(content, array, (1, 0), allow_pickle=False)
        os.replace(unfinished, path)
    except OSError as error:
        if str(error.filename) != str(unfinished):
            raise
        raise OSError(  # of the same class, but for the path that was given
            error.errno,
            f"the file cannot be written ({error.strerror}); a folder that exists and takes it is "
            "needed; make it, or choose another",
            str(path),
        ) from error
    finally:
        with suppress(OSError):  # it was renamed, or never made
            unfinished.unlink()


def load(target: Any, path: str | os.PathLike[str]) -> None:
    """Set a module or optimizer to the state in a file that `save` wrote.

    Names, shapes, dtypes and sizes are checked before an array is read and before anything is
    assigned. Raises ValueError, and changes nothing, if the file does not fit or is damaged, or is
    no file but a folder, a device or a pipe; FileNotFoundError if there is none.
    """
    path = _checked(target, path, "load(model, path)")
    expected, owner = target.state_dict(), type(target).__name__
    if not path.exists():
        raise FileNotFoundError(
            f"{path} does not exist in {Path.cwd()}; a file that nn.save wrote is needed; look at "
            "the path"
        )
    if not stat.S_ISREG(os.stat(path).st_mode):  # a device has no end, and a pipe makes one wait
        raise ValueError(
            f"{path} is no regular file; a file that nn.save wrote is needed; look at the path"
        )
    with open(path, "rb") as file:
        try:
            state = _read(file, expected, owner)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        except Exception as error:  # a damaged archive can raise almost anything
            raise ValueError(
                f"{path} cannot be read ({error}); a file that nn.save wrote is needed; save it "
                "again"
            ) from error
    target.load_state_dict(state)


def _checked(owner: Any, path: Any, call: str) -> Path:
    """The path; TypeError unless it is one, and what it is for has a state."""
    check_has(owner, "state_dict", "what comes first", "a Module or Optimizer", f"write nn.{call}")
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(
            f"the path is {describe(path)}; a string or Path is needed; write nn.{call}"
        )
    return Path(path)


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
