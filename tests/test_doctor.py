import builtins
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import doctor as clinic
from autograd_lite.__main__ import main as shell
from autograd_lite.doctor import Finding, doctor

ROOT = Path(al.__file__).parents[1]


def found(what, findings):
    return [(finding.state, finding.text) for finding in findings if finding.what == what]


@pytest.fixture
def quick(monkeypatch):
    """No process of its own to time a matrix product in."""
    monkeypatch.setattr(clinic, "_seconds", lambda kernel: 1.0)


def test_a_whole_installation_is_well(quick):
    findings = doctor(progress=False)
    assert "broken" not in {finding.state for finding in findings}
    (versions,) = found("versions", findings)
    assert f"numpy {np.__version__}" in versions[1]
    assert {text.split(":")[0] for _, text in found("extras", findings)} >= {"draw", "test"}
    assert found("nn", findings) == [("well", "is this project's")]
    tests = found("self-test", findings)
    assert [text for _, text in tests] == [f"{name}: right" for name in clinic.SELF_TEST]


def test_a_wrong_rule_is_found_and_tells_a_script(quick, monkeypatch, capsys):
    assert shell(["doctor"]) == 0
    assert "✗" not in capsys.readouterr().out
    right = al.tanh.op.vjps
    monkeypatch.setattr(al.tanh.op, "vjps", (lambda g, y, x: g * (1 - y),))
    assert shell(["doctor"]) == 1
    assert "✗ self-test gradients: gives wrong numbers; pip install" in capsys.readouterr().out
    monkeypatch.setattr(al.tanh.op, "vjps", right)
    monkeypatch.setattr(al.tanh.op, "forward", None)
    assert shell(["doctor"]) == 1


@pytest.mark.parametrize(
    ("features", "kernel", "wider"),
    [
        ({"X86_V2", "X86_V3", "X86_V4"}, "Haswell", "SkylakeX"),
        ({"AVX2", "AVX512_SKX"}, "Zen", "SkylakeX"),
        ({"X86_V3", "X86_V4"}, "SapphireRapids", None),
        ({"X86_V3"}, "Haswell", None),
        ({"AVX2"}, "Nehalem", "Haswell"),
        ({"X86_V4", "X86_V3"}, "Nehalem", "SkylakeX"),
        ({"NEON"}, "neoversen1", None),
    ],
)
def test_a_kernel_that_is_slower_than_the_cpu_allows(monkeypatch, features, kernel, wider):
    monkeypatch.setattr(np, "show_config", lambda mode: {"SIMD Extensions": {"found": features}})
    monkeypatch.setattr(clinic, "blas", lambda: [(kernel, f"openblas, kernel {kernel}")])
    monkeypatch.setattr(clinic, "_seconds", lambda kernel: 1.0 if kernel else 1.7)
    remarks = [text for state, text in found("BLAS", doctor(progress=False)) if state == "remark"]
    assert len(remarks) == (wider is not None)
    for text in remarks:
        assert "1.7 times as fast" in text
        assert f"OPENBLAS_CORETYPE={wider}" in text
    monkeypatch.setattr(clinic, "_seconds", lambda kernel: 1.0)
    assert len(found("BLAS", doctor(progress=False))) == 1


def test_the_kernel_that_runs_is_the_one_that_is_told():
    """OpenBLAS is asked for another one, by the variable that a remark names."""
    pytest.importorskip("threadpoolctl")
    if not any("openblas" in text for _, text in clinic.blas()):
        pytest.skip("numpy multiplies with another library")
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("its kernels have other names on this processor")
    code = "from autograd_lite.doctor import blas; print(blas()[0][1])"
    kernels = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"OPENBLAS_CORETYPE": name, "OPENBLAS_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in ("Haswell", "Sandybridge")
    }
    assert len(kernels) == 2
    assert all("1 threads" in text for text in kernels)
    assert 0 < clinic._seconds(None) < np.inf
    assert clinic._seconds("Haswell") > 0


def test_what_is_missing_is_named(quick, monkeypatch, tmp_path):
    real = builtins.__import__

    def without(name, *args, **settings):
        if name == "threadpoolctl":
            raise ImportError(name)
        return real(name, *args, **settings)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setenv("PATH", "")
    (tmp_path / "pygraphviz.py").write_text("raise ImportError('hidden')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # of the process that lays out
    monkeypatch.setattr(
        metadata, "requires", lambda name: ["numpy>=2", "no-such-thing>=3; extra == 'draw'"]
    )
    findings = doctor(progress=False)
    assert "pip install threadpoolctl" in found("BLAS", findings)[0][1]
    assert "pip install pygraphviz" in found("pictures", findings)[0][1]
    (extra,) = found("extras", findings)
    assert extra[1] == ("draw: nothing; without no-such-thing; pip install 'autograd-lite[draw]'")
    assert found("BLAS", findings)[0][0] == found("pictures", findings)[0][0] == "remark"


def test_another_nn_is_broken(quick, monkeypatch, tmp_path):
    (tmp_path / "nn.py").write_text("")
    code = "from autograd_lite.doctor import _name_of_nn; print(*_name_of_nn())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,  # the first place where Python looks
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("✗ nn        import nn gives")
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0.1" if name == "nn" else real(name))
    ((state, text),) = found("nn", doctor(progress=False))
    assert state == "broken"
    assert "uninstall nn" in text


def test_a_finding_is_a_line():
    assert str(Finding("nn", "well", "is there")) == "✓ nn        is there"
