"""The power fails at the first start, while the settings file is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.settings.file import FILE_NAME, template
from tests.support.native import MISSING, compiler
from tests.support.power_cut.files import content_after_the_end, contents_after_cuts

PROGRAM = "import sys; from pathlib import Path; from hub.settings.file import load; load(Path(sys.argv[1]), {}, {})"


@pytest.mark.skipif(compiler() is None, reason=MISSING)
def test_the_settings_file_is_whole_or_absent(tmp_path: Path) -> None:
    whole = template().replace("\n", os.linesep).encode()
    assert contents_after_cuts(tmp_path, FILE_NAME, PROGRAM) == {None, whole}
    assert content_after_the_end(tmp_path, FILE_NAME) == whole
