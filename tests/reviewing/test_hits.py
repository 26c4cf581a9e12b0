"""An edit that makes a line's value right is known before the program is run."""

from written import ARGS, NETWORK, module

from autograd_lite.reviewing.arguments import Call
from autograd_lite.reviewing.bench import Bench, aside
from autograd_lite.reviewing.hits import gives_right_value
from autograd_lite.reviewing.known import Known
from autograd_lite.reviewing.rewrites import Edit


def test_a_right_line_is_known_by_its_value(tmp_path):
    m = module(tmp_path, NETWORK.replace("(1 - a1 ** 2)", "(1 - z1 ** 2)"))
    with aside():
        bench = Bench(Call(m.loss, m.gradients, ARGS), None, "gradients", 1.0, None)
        known = Known(bench.case(bench.given).truth, bench.forward)
        (file,) = bench.code.files.values()
        (node,) = [n for n in file.nodes if hasattr(n, "lineno") and file.segment(n) == "z1 ** 2"]
        made = dict.fromkeys([None], ())

        class Nothing(dict):
            def __missing__(self, key):
                return ()

        def hit(text):
            edit = Edit(file, ((node, text),), "", "", 0)
            return gives_right_value(edit, bench.notes, known, Nothing(made))

        assert hit("a1 ** 2")
        assert not hit("z1")
        assert not hit("no_such_name")
