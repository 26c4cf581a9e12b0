"""What tests of edits share."""

import ast
import re
from collections import Counter

import pytest
from test_pool import pool
from written import ARGS, NETWORK

from autograd_lite.reviewing.mending import Impossible, mended
from autograd_lite.reviewing.rewrites import edits


@pytest.fixture
def kinds_of(tmp_path):
    """A function: of what kinds the near edits are that make a wrong line of the network right."""

    def found(right, wrong):
        assert NETWORK.count(right) == 1
        program, file, _ = pool(tmp_path, NETWORK.replace(right, wrong))
        goal = ast.dump(ast.parse(NETWORK))
        first = NETWORK[: NETWORK.index(right)].count("\n") + 1
        near = range(first - 1, first + wrong.count("\n") + 2)
        kinds = []
        for node in file.nodes:
            if not isinstance(node, TREE) or node.lineno not in near:
                continue
            for edit in edits(program, file, node):
                if letters_with(edit) != letters(NETWORK):
                    continue
                try:
                    text = mended(program.code, edit)
                except Impossible:
                    continue
                if ast.dump(ast.parse(text)) == goal:
                    kinds.append((edit.rank, edit.kind))
        return [kind for rank, kind in kinds if rank <= min(kinds)[0] + 0.3]

    return found


TREE = (ast.expr, ast.stmt)


def letters(text):
    """How often each stands in a text, the brackets aside: of one program they are the same."""
    return Counter(re.sub(r"[\s()]", "", text))


def letters_with(edit):
    found = letters(edit.file.text)
    for node, text in edit.changes:
        found.subtract(letters(edit.file.segment(node)))
        found.update(letters(text))
    return +found


@pytest.fixture
def texts_of(tmp_path):
    """A function: what the edits write in the places of what has some text in a program."""

    def found(text, source, args=ARGS):
        program, file, _ = pool(tmp_path, text, args)
        nodes = [x for x in file.nodes if isinstance(x, TREE) and file.segment(x) == source]
        assert nodes, source
        its = [edit for x in nodes for edit in edits(program, file, x)]
        return [text for edit in its for _, text in edit.changes]

    return found
