"""Imports go one way, and importing the engine imports little."""

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

# Each module of the engine may import those of the groups before its own.
GROUPS = [
    {"node", "memory"},
    {"op", "trees"},
    {"ops"},
    {"reverse"},
    {"tensor"},
    {"func", "terms"},
    {"lower", "notation", "reading"},
    {"derive", "source"},
    {"faster"},
    {"layout"},
    {"plan"},
    {"entry"},
    {"compiled"},
    {"draw", "check"},
    {"compare"},
]
WITHIN = {("plan", "source")}  # in one group, and allowed
OPS = ["elementwise", "shapes", "reductions", "linear", "losses"]  # the same for the catalogue


def imports(path: Path, package: str) -> Iterator[str]:
    """The full names of the modules and names that a file imports, relative ones resolved."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) + 1 - node.level]
                base = ".".join([*parents, *filter(None, [node.module])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def module(path: Path, root: Path) -> tuple[str, str]:
    """The file's package and its own name, as in ('autograd_lite.ops', 'linear')."""
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1]), parts[-1]


def engine_imports(path: Path) -> set[str]:
    """The engine's modules that one of its files imports."""
    package, _ = module(path, ENGINE)
    found = set()
    for name in imports(path, package):
        if name.split(".")[0] == "autograd_lite":
            found.add(name.split(".")[1] if "." in name else "")
    return found


def place(name: str) -> int:
    return next(i for i, group in enumerate(GROUPS) if name in group)


ENGINE_FILES = [path for path in files(ENGINE) if path != ENGINE / "__init__.py"]


@pytest.mark.parametrize("path", ENGINE_FILES, ids=lambda p: str(p.relative_to(ENGINE)))
def test_the_engine_imports_one_way(path: Path) -> None:
    name = path.relative_to(ENGINE).parts[0].removesuffix(".py")
    for imported in engine_imports(path) - {name}:
        assert place(imported) < place(name) or (name, imported) in WITHIN, imported


@pytest.mark.parametrize("name", OPS)
def test_the_catalogue_imports_one_way(name: str) -> None:
    allowed = OPS[: OPS.index(name)]
    for full in imports(ENGINE / "ops" / f"{name}.py", "autograd_lite.ops"):
        parts = full.split(".")
        if parts[:2] == ["autograd_lite", "ops"]:
            assert parts[2] in allowed, full


def test_the_catalogue_is_these_files() -> None:
    assert {p.stem for p in files(ENGINE / "ops")} == {"__init__", *OPS}


@pytest.mark.parametrize("path", files(NETWORKS), ids=lambda p: p.name)
def test_networks_import_public_names_only(path: Path) -> None:
    package, _ = module(path, NETWORKS)
    public = {"autograd_lite", *(f"autograd_lite.{name}" for name in autograd_lite.__all__)}
    for name in imports(path, package):
        if name.split(".")[0] == "autograd_lite":
            assert name in public
    tree = ast.parse(path.read_text(encoding="utf-8"))
    aliases = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name == "autograd_lite"
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in aliases
        ):
            assert node.attr in autograd_lite.__all__


def test_the_engine_does_not_import_networks() -> None:
    for path in files(ENGINE):
        package, _ = module(path, ENGINE)
        assert not {name for name in imports(path, package) if name.split(".")[0] == "nn"}


def test_every_public_name_exists() -> None:
    assert len(set(autograd_lite.__all__)) == len(autograd_lite.__all__)
    for name in autograd_lite.__all__:
        assert hasattr(autograd_lite, name)


@pytest.mark.parametrize("package", ["autograd_lite", "nn"])
def test_importing_imports_little(package: str) -> None:
    heavy = ["graphviz", "pygraphviz", "matplotlib", "sklearn", "scipy", "sympy", "torch", "tqdm"]
    code = f"import sys, {package}; print(*[m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_engine_depends_on_numpy_and_the_standard_library_alone() -> None:
    """At the top of a file; what is optional is imported where it is used."""
    allowed = {"numpy", "autograd_lite", *sys.stdlib_module_names}
    for path in files(ENGINE):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                assert {alias.name.split(".")[0] for alias in node.names} <= allowed, path
            elif isinstance(node, ast.ImportFrom) and not node.level:
                assert (node.module or "").split(".")[0] in allowed, path
