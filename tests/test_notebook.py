"""A real notebook, run by a real kernel: what each object shows there, and that it is safe."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from typing import Any

import pytest

import autograd_lite

SETUP = """
import numpy as np
import autograd_lite as al
import nn
x, t = np.ones((4, 2)), np.zeros((4, 1))
W = al.Tensor([[0.5], [1.5]], name='<b>&"')
loss = al.mse(x @ W, t)
model = nn.MLP([2, 3, 1], rng=0)
sgd = nn.SGD(model.parameters(), lr=0.01)
double = al.compile(lambda x: 2 * x)
double(x)
def traced(x):
    display(x)
    return x
history = nn.History([2.0, 1.0], [3.0, 2.0], {'<b>&"': [0.5, 1.0]})
"""
# What each line is to show: the type, and what is in it.
SHOWN = {
    "W": ("text/html", "</b> (2, 1) float64"),
    "al.Tensor(np.zeros((2,) * 22))": ("text/html", "..."),
    "al.compare(loss, {'<b>&\"': 1 + x.T @ x @ W.data})": ("text/html", "✗"),
    "al.compare(loss, {'<b>&\"': x.T @ x @ W.data / 2})": ("text/html", "✓"),
    "al.check_grad(loss, '<b>&\"')": ("text/html", "✓"),
    "al.source(loss)": ("text/markdown", "```python\nimport numpy as np"),
    "al.derive(loss)": ("text/latex", "aligned"),
    "double": ("text/markdown", "```python\n# <compiled <lambda>>\nimport numpy as np"),
    "model": ("text/html", "layers.0</td>"),
    "nn.summary(model)": ("text/html", "layers.0</td>"),
    "history": ("text/html", "loss (validation)</th>"),
    "history.plot()": ("image/png", ""),
}
QUIET = "nn.fit(model, nn.mse, x, t, sgd, epochs=2, progress=False)"
INLINE = "%matplotlib inline\nhistory.plot()"
TRACED = "_ = al.compile(traced)(np.ones(3))"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What each cell of a notebook put out, by its source."""
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    pytest.importorskip("matplotlib")
    from nbformat.v4 import new_code_cell, new_notebook

    cells = [SETUP, *SHOWN, QUIET, TRACED, INLINE]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    root = str(Path(autograd_lite.__file__).parents[1])
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]),
        "IPYTHONDIR": str(tmp_path_factory.mktemp("ipython")),  # nobody's own settings
    }
    nbclient.NotebookClient(notebook, timeout=60).execute(env=environment)
    return {cell.source: cell.outputs for cell in notebook.cells}


@pytest.mark.filterwarnings("default")  # those of Jupyter's own packages
@pytest.mark.parametrize("line", SHOWN)
def test_it_shows_itself(line: str, outputs: dict[str, list[Any]]) -> None:
    kind, part = SHOWN[line]
    (output,) = outputs[line]
    assert output["output_type"] == "execute_result"
    assert set(output["data"]) == {kind, "text/plain"}
    shown = output["data"][kind]
    assert part in shown
    assert len(shown) < 100_000
    if kind == "text/html":
        assert '<b>&"' not in shown
        assert ("&lt;b&gt;&amp;&quot;" in shown) == ("&" in line or line in ("W", "history"))
    if kind == "image/png":
        assert base64.b64decode(shown).startswith(b"\x89PNG")


def test_a_summary_is_plain_text_with_lines(outputs: dict[str, list[Any]]) -> None:
    (output,) = outputs["nn.summary(model)"]
    first, second, *_ = output["data"]["text/plain"].splitlines()
    assert first.split() == ["module", "kind", "parameters", "number"]
    assert second.startswith("layers.0  Linear")


def test_training_shows_its_history_and_the_curves(outputs: dict[str, list[Any]]) -> None:
    (output,) = outputs[QUIET]
    html = output["data"]["text/html"]
    assert "History of 2 epochs" in html
    (picture,) = re.findall('<img src="data:image/png;base64,([^"]*)"', html)
    assert base64.b64decode(picture).startswith(b"\x89PNG")


def test_a_picture_is_shown_once_with_pyplot_too(outputs: dict[str, list[Any]]) -> None:
    (output,) = outputs[INLINE]
    assert set(output["data"]) == {"image/png", "text/plain"}


def test_a_traced_tensor_is_shown_without_an_error(outputs: dict[str, list[Any]]) -> None:
    shown = outputs[TRACED]
    assert shown
    for output in shown:
        assert output["output_type"] == "display_data"
        assert "not known" in output["data"]["text/html"]
        assert output["data"]["text/plain"] == "Tensor(..., shape=(3,))"
