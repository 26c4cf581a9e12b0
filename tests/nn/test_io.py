import ast
import io
import os
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from told import tells

import autograd_lite as al
import nn


@pytest.fixture
def model():
    return nn.MLP([3, 4, 2], rng=0)


def test_what_is_saved_is_loaded(model, tmp_path):
    nn.save(model, tmp_path / "model.npz")
    other = nn.MLP([3, 4, 2], rng=1)
    nn.load(other, tmp_path / "model.npz")
    for (name, a), (_, b) in zip(model.named_parameters(), other.named_parameters(), strict=True):
        np.testing.assert_array_equal(a.data, b.data, err_msg=name)
    with np.load(tmp_path / "model.npz", allow_pickle=False) as file:
        assert sorted(file.files) == sorted(model.state_dict())


def npy(array, allow_pickle=False):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=allow_pickle)
    return file.getvalue()


def write(path, entries):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def good(model):
    return {f"{name}.npy": npy(value) for name, value in model.state_dict().items()}


def too_short(entries):
    entries["layers.0.W.npy"] = entries["layers.0.W.npy"][:-8]


def too_long(entries):
    entries["layers.0.W.npy"] += b"\0" * 8


def pickled(entries):
    entries["layers.0.W.npy"] = npy(np.array([[print] * 4] * 3, object), allow_pickle=True)


def huge(entries):
    content = entries["layers.0.W.npy"]
    entries["layers.0.W.npy"] = content.replace(b"(3, 4), }   ", b"(3, 400000)}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e: e.pop("layers.0.b.npy"), "layers.0.b is missing"),
        (lambda e: e.update({"../../evil.npy": npy(np.ones(3))}), "evil is unknown"),
        (lambda e: e.update({"layers.0.W.npy": npy(np.ones((4, 3)))}), r"\(4, 3\) float64, not"),
        (lambda e: e.update({"layers.0.W.npy": npy(np.ones((3, 4), "f4"))}), "float32, not"),
        (lambda e: e.update({"layers.0.W.npy": b"not an array"}), "magic"),
        (lambda e: e.update({"layers.0.W.npy": b""}), "magic"),
        (too_short, "88 bytes"),
        (too_long, "104 bytes"),
        (pickled, "bytes for"),
        (huge, "96 bytes for"),
    ],
)
def test_a_bad_file_changes_nothing(model, tmp_path, change, message):
    entries = good(model)
    change(entries)
    write(tmp_path / "bad.npz", entries)
    before = model.state_dict()
    with pytest.raises(ValueError, match=message):
        nn.load(model, tmp_path / "bad.npz")
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_a_damaged_file_changes_nothing(model, tmp_path):
    path = tmp_path / "model.npz"
    nn.save(model, path)
    whole = path.read_bytes()
    before = model.state_dict()
    rng = np.random.default_rng(0)
    for kept in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:kept])
        with pytest.raises(ValueError, match="cannot be read"):
            nn.load(model, path)
    refused = 0
    for place in rng.integers(0, len(whole), 200):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        try:
            nn.load(model, path)
        except ValueError:
            refused += 1
        for name, value in model.state_dict().items():
            np.testing.assert_array_equal(value, before[name])
    assert refused > 100  # the rest hit bytes that carry nothing, such as dates


def test_an_older_file_survives_a_failed_save(model, tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    nn.save(model, path)
    before = path.read_bytes()

    def fail(file, *args, **options):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np.lib.format, "write_array", fail)
    with pytest.raises(OSError, match="disk full"):
        nn.save(model, path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model.npz"]


def test_an_error_names_the_path_that_was_given(model, tmp_path):
    folder = tmp_path / "missing"
    (tmp_path / "file").touch()
    for path, error in (
        (folder / "model.npz", FileNotFoundError),
        (tmp_path / "file" / "model.npz", NotADirectoryError),
    ):
        tells(lambda: nn.save(model, path), error, "written", "a folder that exists", f"'{path}'")
    for path in (tmp_path, ".", ""):
        tells(
            lambda: nn.save(model, path), IsADirectoryError, "is a folder", "a file", "add a name"
        )
    tells(
        lambda: nn.load(model, folder),
        FileNotFoundError, f"{folder} does not exist", "nn.save", "look at the path",
    )  # fmt: skip
    np.savez(tmp_path / "other.npz", q=np.ones(3))
    with pytest.raises(ValueError, match=r"other\.npz: the state does not fit: .* q is unknown"):
        nn.load(model, tmp_path / "other.npz")
    assert {p.name for p in tmp_path.iterdir()} == {"file", "other.npz"}


@pytest.mark.parametrize("call", [nn.save, nn.load])
def test_arguments_that_were_swapped(model, tmp_path, call):
    right = f"write nn.{call.__name__}(model, path)"
    for first in (tmp_path / "model.npz", nn.MLP, model.state_dict(), model.parameters(), None):
        tells(lambda: call(first, model), TypeError, "what comes first is ", "a Module", right)
    for path in (None, 3, model):
        tells(lambda: call(model, path), TypeError, "the path is ", "a string or Path", right)


def test_a_missing_file_is_the_usual_error(model, tmp_path):
    with pytest.raises(FileNotFoundError):
        nn.load(model, tmp_path / "nowhere.npz")


def test_any_attribute_name_can_be_saved(tmp_path):
    class Odd(nn.Module):
        def __init__(self):
            self.file, self.allow_pickle = nn.Linear(1, 1, rng=0), al.Tensor([1.0, 2.0])

    model, other = Odd(), Odd()
    other.allow_pickle.data[:] = 0
    nn.save(model, tmp_path / "odd.npz")
    nn.load(other, tmp_path / "odd.npz")
    assert other.allow_pickle.tolist() == [1, 2]


def test_a_state_tells_whose_it_is(tmp_path):
    p = al.Tensor([1.0])
    nn.save(nn.Adam([p]), tmp_path / "adam.npz")
    with pytest.raises(ValueError, match=r"AdamW.steps is missing; Adam.steps is unknown"):
        nn.load(nn.AdamW([p]), tmp_path / "adam.npz")
    nn.save(nn.SGD([p], momentum=0.9, nesterov=True), tmp_path / "sgd.npz")
    sgd = nn.SGD([p], momentum=0.5)
    nn.load(sgd, tmp_path / "sgd.npz")
    assert (sgd.momentum, sgd.nesterov) == (0.9, True)


def test_two_entries_of_one_name_are_refused(model, tmp_path):
    entries = good(model)
    entries["layers.0.W"] = entries["layers.0.W.npy"]
    write(tmp_path / "twice.npz", entries)
    with pytest.raises(ValueError, match="two entries of one name"):
        nn.load(model, tmp_path / "twice.npz")


# What is refused before it costs anything --------------------------------------------------------


def refused_quickly(model, path, message):
    """Refused within a second and 20 MB, with three parts, and nothing is changed."""
    before = model.state_dict()
    tracemalloc.start()
    start = time.perf_counter()
    try:
        with pytest.raises(ValueError, match=message) as error:
            nn.load(model, path)
        seconds, (_, peak) = time.perf_counter() - start, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20e6
    assert seconds < 1
    assert len(str(error.value)) < 1000
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def endless(path):
    path.symlink_to("/dev/zero")


def pipe(path):
    os.mkfifo(path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs devices and pipes that have paths")
@pytest.mark.parametrize("make", [endless, pipe, Path.mkdir])
def test_what_is_no_file_is_not_read(model, tmp_path, make):
    """A device has no end, and a pipe without a writer would wait for ever."""
    make(tmp_path / "odd.npz")
    refused_quickly(model, tmp_path / "odd.npz", r"odd\.npz is no regular file; .*; ")


def test_a_path_that_leads_to_a_file_is_followed(model, tmp_path):
    nn.save(model, tmp_path / "model.npz")
    (tmp_path / "link.npz").symlink_to(tmp_path / "model.npz")
    other = nn.MLP([3, 4, 2], rng=1)
    nn.load(other, str(tmp_path / "link.npz"))
    np.testing.assert_array_equal(other.state_dict()["layers.0.W"], model.layers[0].W.data)


def test_many_unknown_entries_are_counted_and_not_read(model, tmp_path):
    entries = good(model) | {f"x{i}.npy": b"" for i in range(10_000)}
    write(tmp_path / "many.npz", entries)
    opened = []
    original = zipfile.ZipFile.open

    def watched(self, *args, **options):
        opened.append(args)
        return original(self, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "open", watched)
        with pytest.raises(
            ValueError, match=r"x0 is unknown; x1 is unknown; .*; and 9,995 more"
        ) as e:
            nn.load(model, tmp_path / "many.npz")
    assert opened == []
    assert len(str(e.value)) < 500


def headed(shape, body=b""):
    """An .npy file whose header claims a shape."""
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + body


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
@pytest.mark.parametrize("shape", ["(3, 4)", "(3, 8388608)"])
def test_a_zip_bomb_is_not_unpacked(model, tmp_path, method, shape):
    """An entry of the right name that unpacks to 40 MB, whatever its header says."""
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", method) as archive:
        for name, content in good(model).items():
            with archive.open(name, "w") as entry:
                entry.write(headed(shape) if name == "layers.0.W.npy" else content)
                for _ in range(40 * (name == "layers.0.W.npy")):
                    entry.write(bytes(2**20))
    refused_quickly(model, tmp_path / "bomb.npz", r"layers\.0\.W")


@pytest.mark.parametrize(
    "shape", ["(3, 4000000)", f"({10**18},)", "(3, -4, -1)", f"({'1, ' * 3000})"]
)
@pytest.mark.parametrize("agreeing", [False, True])
def test_a_header_that_claims_too_much_is_refused(model, tmp_path, shape, agreeing):
    """Also where the directory of the archive claims a size that agrees."""
    content = headed(shape, bytes(96))
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        for name, whole in good(model).items():
            archive.writestr(name, content if name == "layers.0.W.npy" else whole)
        if agreeing:
            size = 8 * np.prod(ast.literal_eval(shape), dtype=object)
            archive.getinfo("layers.0.W.npy").file_size = len(content) - 96 + max(size, 0)
    refused_quickly(model, tmp_path / "huge.npz", r"layers\.0\.W.* \(")
