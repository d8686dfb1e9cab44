"""The power fails at the first start, while the settings file is written, or while a token is written into it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_lib.settings.file import FILE_NAME
from agent_lib.settings.template import template
from tests.support.native import MISSING, compiler
from tests.support.power_cut.files import content_after_the_end, contents_after_cuts

PROGRAM = """
import sys
from pathlib import Path
from agent_lib.settings.file import load
from agent_lib.settings.edit import set_values
load({"instance": Path(sys.argv[1])}, {})
set_values(Path(sys.argv[1]) / "agent.toml", "hub", {"token": "of-the-hub"})
"""


@pytest.mark.skipif(compiler() is None, reason=MISSING)
def test_the_settings_file_is_whole_or_absent(tmp_path: Path) -> None:
    found = contents_after_cuts(tmp_path, FILE_NAME, PROGRAM)
    last = content_after_the_end(tmp_path, FILE_NAME)
    assert last is not None and b'token = "of-the-hub"' in last
    assert found == {None, template().replace("\n", os.linesep).encode(), last}
