"""The page to step through a backward pass: what it tells is what the engine computes.

It is opened in Chromium, without a window, where that is installed.
"""

import json
import re
import shutil
import subprocess
import time

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Tensor

rng = np.random.default_rng(4)
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
in_chromium = pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")


def network():
    x, t = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    W1, b1 = Tensor(rng.normal(size=(3, 4)), name="W1"), Tensor(np.zeros(4), name="b1")
    W2 = Tensor(rng.normal(size=(4, 2)), name="W2")
    a1 = np.tanh(x @ W1 + b1)
    loss = ((a1 @ W2 + (a1**2).mean() - t) ** 2).mean()
    return loss, {"x": x, "t": t}, [W1, b1, W2], a1


def data_of(page):
    (text,) = re.findall(
        r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL
    )
    return json.loads(text)


def numbers(told):
    rows = told.get("table") or told["map"]
    return np.array([[float(str(n).replace("−", "-")) for n in row] for row in rows])


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    loss, names, leaves, a1 = network()
    path = al.draw(loss, names).save(tmp_path_factory.mktemp("page") / "x.html")
    return path, loss, leaves, a1


def test_gradients_are_those_of_the_engine(saved):
    path, loss, leaves, a1 = saved
    data = data_of(path.read_text(encoding="utf-8"))
    found = {s["incoming"]["name"]: s for s in data["steps"] if s["phase"] == "backward"}
    for x, name in zip([*leaves, a1], ("W1", "b1", "W2", "a1"), strict=True):
        step = found[f"∂loss/∂{name}"]
        g = al.grad(loss, x)
        told = numbers(data["arrays"][step["incoming"]["array"]]).reshape(g.shape)
        np.testing.assert_allclose(told, g, rtol=1e-2)
        parts = [
            numbers(data["arrays"][p["array"]]).reshape(g.shape) for p in step["incoming"]["parts"]
        ]
        assert len(parts) == (2 if name == "a1" else 0)
        if parts:
            np.testing.assert_allclose(sum(parts), g, rtol=2e-2, atol=1e-4)


def test_each_value_is_computed_once_and_handed_back_once(saved):
    path, _, leaves, _ = saved
    steps = data_of(path.read_text(encoding="utf-8"))["steps"]
    forward = [s["formula"] for s in steps if s["phase"] == "forward"]
    assert forward == [
        "x @ W1",
        "z1 = (x @ W1) + b1",
        "a1 = tanh(z1)",
        "a1 @ W2",
        "a1²",
        "1/20 Σ (a1²)",
        "(a1 @ W2) + (1/20 Σ ·²)",
        "h1 = ((a1 @ W2) + (1/20 Σ)) − t",
        "h1²",
        "loss = 1/10 Σ (h1²)",
    ]
    backward = [s["vertex"] for s in steps if s["phase"] == "backward"]
    assert len(backward) == len(set(backward)) == len(forward) + len(leaves)
    assert [s["vertex"] for s in steps if s["phase"] == "forward"][-1] == backward[0]


def test_lines_of_the_derivation_are_lit(saved):
    path, *_ = saved
    data = data_of(path.read_text(encoding="utf-8"))
    lit = {s["formula"]: [data["lines"][i] for i in s["lines"]] for s in data["steps"][:10]}
    assert lit["x @ W1"] == lit["z1 = (x @ W1) + b1"] == ["z1 = x W1 + b1"]
    last = data["steps"][-1]
    assert [data["lines"][i].split(" = ")[0] for i in last["lines"]] == [last["formula"]]


def test_rules_stand_at_what_is_handed_on(saved):
    path, *_ = saved
    data = data_of(path.read_text(encoding="utf-8"))
    told = {
        r["name"]: r["rule"]
        for s in data["steps"]
        if s["phase"] == "backward"
        for r in s["results"]
    }
    assert told["∂loss/∂z1"] == "d ⊙ (1 − a1²)"
    assert told["∂loss/∂W1"] == "xᵀ d"
    assert told["∂loss/∂b1"] == "Σ over axis 0 of d"
    assert all(told.values())
    backward = [step for step in data["steps"] if step["phase"] == "backward"]
    reads = {step["formula"]: [x["name"] for x in step["reads"]] for step in backward}
    assert reads["x @ W1"] == ["x"]
    assert reads["a1 = tanh(z1)"] == ["a1"]
    assert reads["a1 @ W2"] == ["a1", "W2"]


NASTY = "</script><script>alert(1)</script>"


def test_text_of_a_user_is_data(tmp_path):
    w = Tensor([1.0, 2.0], name=NASTY)
    page = al.draw((w * w).sum().named('"><img src=x onerror=alert(1)>')).save(tmp_path / "x.html")
    text = page.read_text(encoding="utf-8")
    assert NASTY not in text
    assert "<img" not in text
    assert NASTY in str(data_of(text)["vertices"].values())


def test_a_comparison_is_shown_at_its_steps(tmp_path):
    loss, names, (W1, *_), a1 = network()
    da1 = al.grad(loss, a1)
    report = al.compare(loss, {"a1": da1, "W1": 2 * al.grad(loss, W1)}, names={**names, "a1": a1})
    page = al.draw(loss, {**names, "a1": a1}, marks=report.marks).save(tmp_path / "x.html")
    data = data_of(page.read_text(encoding="utf-8"))
    marks = {
        s["incoming"]["name"]: s["incoming"]["mark"]
        for s in data["steps"]
        if s.get("incoming", {}).get("mark")
    }
    assert {name: mark["status"] for name, mark in marks.items()} == {
        "∂loss/∂a1": "right",
        "∂loss/∂W1": "wrong",
    }
    by_hand = numbers(data["arrays"][marks["∂loss/∂W1"]["array"]])
    np.testing.assert_allclose(by_hand, 2 * al.grad(loss, W1), rtol=1e-2)


def losses():
    rng = np.random.default_rng(1)
    A = Tensor(rng.normal(size=(4, 3)), name="A")
    y, t = np.array([0, 2, 1, 0]), np.eye(3)[[0, 2, 1, 0]]
    e = np.exp(A - A.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    q = 1 / (1 + np.exp(-A))
    x = rng.normal(size=(4, 2))
    W = Tensor(rng.normal(size=(2, 3)), name="W")
    return {
        "picked": -np.log(p[np.arange(4), y]).mean(),
        "one-hot": -(t * np.log(p)).sum() / 4,
        "log softmax": -al.log_softmax(A)[np.arange(4), y].mean(),
        "binary": -(t * np.log(q) + (1 - t) * np.log(1 - q)).mean(),
        "computed twice": (al.tanh(x @ W) * al.sigmoid(x @ W)).sum(),
        "one name": (Tensor(A.data, name="w") * Tensor(A.data + 1, name="w")).sum(),
        "a product": (A * np.arange(3.0) ** 2).sum(),
    }


@pytest.mark.parametrize("name", losses())
def test_every_step_has_its_rule_and_its_whole_gradient(name, tmp_path):
    loss = losses()[name]
    page = al.draw(loss).save(tmp_path / "x.html")
    steps = data_of(page.read_text(encoding="utf-8"))["steps"]
    backward = [step for step in steps if step["phase"] == "backward"]
    assert all(result["rule"] for step in backward for result in step["results"])
    assert all("d" in result["rule"] for step in backward for result in step["results"])
    names = [step["incoming"]["name"] for step in backward]
    assert len(names) == len(set(names))


def test_what_is_computed_twice_is_one_value(tmp_path):
    loss = losses()["computed twice"]
    data = data_of(al.draw(loss).save(tmp_path / "x.html").read_text(encoding="utf-8"))
    found = {s["incoming"]["name"]: s for s in data["steps"] if s["phase"] == "backward"}
    z = loss.inputs[0].inputs[0].inputs[0]
    a, b = np.tanh(z.data), 1 / (1 + np.exp(-z.data))
    g = (1 - a**2) * b + a * b * (1 - b)
    step = found["∂loss/∂z1"]["incoming"]
    np.testing.assert_allclose(numbers(data["arrays"][step["array"]]), g, rtol=1e-3)
    assert len(step["parts"]) == 2


def test_large_arrays_are_told_in_words(tmp_path):
    x, W = np.ones((100, 80)), Tensor(np.ones((80, 20)), name="W")
    page = al.draw(((x @ W) ** 2).mean(), {"x": x}).save(tmp_path / "x.html")
    assert page.stat().st_size < 100_000
    told = {a["shape"]: a for a in data_of(page.read_text(encoding="utf-8"))["arrays"]}
    assert set(told["(100, 80)"]) == {"shape", "words"}
    assert set(told["(80, 20)"]) == {"shape", "words", "map"}
    assert set(told[""]) == {"shape", "table"}


def test_nan_is_no_trouble(tmp_path):
    w = Tensor(np.array([np.nan, np.inf, 1.0] * 30), name="w")
    page = al.draw((w * 2).sum()).save(tmp_path / "x.html")
    data_of(page.read_text(encoding="utf-8"))


def test_what_is_no_loss_has_the_forward_pass_alone(tmp_path):
    w = Tensor(np.ones((2, 2)), name="w")
    for y in (al.exp(w), [al.exp(w), al.sin(w)], w > 0):
        page = al.draw(y).save(tmp_path / "x.html")
        assert {s["phase"] for s in data_of(page.read_text(encoding="utf-8"))["steps"]} == {
            "forward"
        }


def test_a_graph_that_is_too_large(tmp_path):
    y = Tensor(1.0)
    for _ in range(600):
        y = y * 1.01
    with pytest.raises(ValueError, match="the graph has 601 values; 500 at most are needed"):
        al.draw(y).save(tmp_path / "x.html")


# In a browser -----------------------------------------------------------------------------------

PROBE = """
<script>
const seen = [];
const count = (what) => document.querySelectorAll(what).length;
const note = () => seen.push([document.body.className, document.querySelector("#where").textContent,
  count("#graph .now"), count("#graph .later")]);
const press = (key) => { dispatchEvent(new KeyboardEvent("keydown", {key})); note(); };
note();
for (const key of ["Right", "Right", "Left"]) press("Arrow" + key);
press("End"); press("ArrowRight"); press("Home");
document.getElementById("turn").click(); note();
const slider = document.getElementById("slider");
slider.value = 4; slider.dispatchEvent(new Event("input")); note();
const cells = [];
for (const i of data.steps.keys()) { show(i); cells.push(count("#step td")); }
const result = {seen, cells, wide: document.documentElement.scrollWidth > innerWidth,
  tabs: [...document.querySelectorAll("nav button, nav input")].every((x) => x.tabIndex >= 0)};
document.body.append(Object.assign(document.createElement("pre"),
  {id: "result", textContent: JSON.stringify(result)}));
</script>
"""


def opened(path, width=1000):
    """What the page has come to, and what it said on the console."""
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    command += [f"--window-size={width},900", "--dump-dom", path.as_uri()]
    for wait in (1, 2, 0):  # a browser that is slow to start is started again
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if "</html>" in done.stdout:
            break
        time.sleep(wait)
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, said


@in_chromium
@pytest.mark.parametrize("width", [400, 1600])
def test_it_is_stepped_through_by_keys(saved, tmp_path, width):
    path, *_ = saved
    probed = tmp_path / "probed.html"
    text = path.read_text(encoding="utf-8")
    probed.write_text(text.replace("</body>", f"{PROBE}</body>"), encoding="utf-8")
    dom, said = opened(probed, width)
    assert said == []
    (result,) = re.findall(r'<pre id="result">(.*?)</pre>', dom, re.DOTALL)
    found = json.loads(result)
    where = [f"{phase} {place.split()[1]}" for phase, place, *_ in found["seen"]]
    assert where == [
        *("forward 1", "forward 2", "forward 3", "forward 2"),
        *("backward 23", "backward 23", "forward 1", "backward 11", "forward 5"),
    ]
    assert [now for *_, now, _ in found["seen"]] == [1] * 9
    assert [later for *_, later in found["seen"]][:3] == [9, 8, 7]
    assert min(found["cells"]) > 0
    assert found["tabs"]
    assert not found["wide"]


@in_chromium
def test_text_of_a_user_stays_text_in_a_browser(tmp_path):
    w = Tensor([1.0, 2.0], name="<b>w</b>" + NASTY)
    page = al.draw((w * w).sum().named("<img src=x onerror=alert(1)>")).save(tmp_path / "x.html")
    dom, said = opened(page)
    assert said == []
    assert "<img" not in dom
    assert "<b>w" not in dom
