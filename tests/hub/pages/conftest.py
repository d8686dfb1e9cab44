"""What the tests of pages share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser import Page, browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A browser on an operator's screen; what it complains about fails the last test of the file."""
    with browser(tmp_path_factory.mktemp("browser")) as page:
        page.size(1366, 768)
        yield page
        assert page.complaints == []
