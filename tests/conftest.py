"""Puts the folders of the tests on the import path, for `rows.py` and what else they share."""

import sys
from pathlib import Path

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS), *(str(folder) for folder in TESTS.iterdir() if folder.is_dir())]
collect_ignore_glob = ["*/handwritten/*"]  # programs of others, read as text
