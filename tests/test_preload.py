"""Holds what speaks against a pytest that is kept warm: each case hides a failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.preload import CASES, Case, hidden


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_preloaded_module_hides_a_failure(case: Case, tmp_path: Path) -> None:
    usual, ahead = hidden(case, tmp_path)
    assert usual != 0
    assert ahead == 0
