"""One board and one game, connected over raw WebSockets to the `hub` of the test module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.helpers import HubProcess
from tests.support.tags import BOARD_KNOWN, Board, GameClient


@pytest.fixture
def board(hub: HubProcess) -> Iterator[Board]:
    with Board(hub) as board:
        assert board.known == BOARD_KNOWN
        yield board


@pytest.fixture
def game(hub: HubProcess) -> Iterator[GameClient]:
    with GameClient(hub) as game:
        yield game
