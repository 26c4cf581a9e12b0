"""The house: imports go one way, rooms are entered by their door, and importing loads little."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograd_lite
import nn

ENGINE = Path(autograd_lite.__file__).parent
NETWORKS = Path(nn.__file__).parent
TESTS = Path(__file__).parent

# The engine's files in their order, and the catalogue's: each imports those before it only.
FILES = ["mode", "graph", "views", "names", "trees", "showing"]
FILES += ["op", "ops", "reverse", "lazy", "tensor", "func"]
DOORS = {"__init__", "__main__"}  # of the package
DOCTOR = "doctor"  # looks into all rooms, and into nn; only the door of the shell opens on it
OPS = ["elementwise", "shapes", "reductions", "linear", "losses", "namesakes"]
# The rooms, each with the rooms that it may enter, by what their `__init__` gives.
ROOMS: dict[str, set[str]] = {
    "terms": set(),
    "reading": {"terms"},
    "compiling": {"terms"},
    "drawing": {"terms", "reading"},
    "comparing": {"terms", "reading"},
    "reviewing": {"comparing"},
}
SOURCES = [*ENGINE.rglob("*.py"), *NETWORKS.rglob("*.py")]


def imported(path: Path) -> Iterator[tuple[str, ...]]:
    """The modules that a file imports, as their parts: ('autograd_lite', 'terms', 'term')."""
    package = path.relative_to(ENGINE.parent).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            base = (*above, *(node.module or "").split(".")) if node.module else above
            if node.module and base != ("autograd_lite",):
                yield base
            else:
                yield from ((*base, alias.name) for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ENGINE.parent)))
def test_imports_go_one_way(path: Path) -> None:
    place = path.relative_to(ENGINE.parent).with_suffix("").parts
    for name in imported(path):
        if name[0] not in ("autograd_lite", "nn") or place[1] in {*DOORS, DOCTOR}:
            continue
        if place[0] == "nn":
            assert name[0] == "nn" or name[1:] == () or name[1] in autograd_lite.__all__, name
            continue
        assert name[0] == "autograd_lite", name
        room, other = place[1], name[1]
        if room == other == "ops":
            assert place[2] == "__init__" or OPS.index(name[2]) < OPS.index(place[2]), name
        elif room != other and room in FILES:
            assert FILES.index(other) < FILES.index(room), name
        elif room != other:
            assert other in FILES or (other in ROOMS[room] and len(name) == 2), name


def test_a_room_has_no_circles() -> None:
    for room in ROOMS:
        needs = {
            path.stem: {name[2] for name in imported(path) if name[1:2] == (room,) and name[2:]}
            for path in (ENGINE / room).glob("*.py")
            if path.stem != "__init__"
        }
        while needs:
            free = {name for name, its in needs.items() if not its & needs.keys()}
            assert free, f"{room}: {needs}"
            needs = {name: its for name, its in needs.items() if name not in free}


def test_the_house_is_these_folders() -> None:
    here = {path.stem for path in ENGINE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert here - {"__pycache__"} == {*FILES, *ROOMS, *DOORS, DOCTOR}
    assert {path.stem for path in (ENGINE / "ops").glob("*.py")} == {"__init__", *OPS}


def test_every_public_name_exists() -> None:
    assert len(set(autograd_lite.__all__)) == len(autograd_lite.__all__)
    for name in autograd_lite.__all__:
        assert hasattr(autograd_lite, name)
    assert {*autograd_lite.__all__} <= {*dir(autograd_lite)}
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        autograd_lite.nothing  # noqa: B018


@pytest.mark.parametrize("package", ["autograd_lite", "nn"])
def test_importing_imports_little(package: str) -> None:
    heavy = ["graphviz", "pygraphviz", "matplotlib", "sklearn", "scipy", "sympy", "torch", "tqdm"]
    heavy += ["dask", "distributed", "autograd_lite.doctor"]
    heavy += [f"autograd_lite.{room}" for room in ROOMS]
    code = f"import sys, {package}; print(*[m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_it_depends_on_numpy_and_the_standard_library_alone() -> None:
    """At the top of a file; what is optional is imported where it is used."""
    allowed = {"numpy", "autograd_lite", "nn", *sys.stdlib_module_names}
    for path in SOURCES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                assert {alias.name.split(".")[0] for alias in node.names} <= allowed, path
            elif isinstance(node, ast.ImportFrom) and not node.level:
                assert (node.module or "").split(".")[0] in allowed, path


def test_every_module_has_its_test_file() -> None:
    """By its folder and name; and no two test files have one name, for pytest imports by name."""
    roots = {ENGINE: TESTS, NETWORKS: TESTS / "nn"}
    for root, tests in roots.items():
        for path in root.rglob("*.py"):
            place = path.relative_to(root).with_suffix("")
            if path.stem not in DOORS:
                assert (tests / place.with_name(f"test_{path.name}")).exists(), place
    names = [path.name for path in TESTS.rglob("test_*.py")]
    assert len(set(names)) == len(names)
