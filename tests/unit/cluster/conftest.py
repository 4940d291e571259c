from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.cluster.keys import Authority, Pair
from tests.unit.cluster.server import Server, serving
from tests.unit.cluster.store import Store


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def server_pair(authority: Authority) -> Pair:
    return authority.pair("api.test", addresses=("127.0.0.1",))


@pytest.fixture
async def api(authority: Authority, server_pair: Pair) -> AsyncIterator[Server]:
    async with serving(Server(authority), server_pair) as server:
        yield server


@pytest.fixture
async def store(authority: Authority, server_pair: Pair) -> AsyncIterator[Store]:
    async with serving(Store(authority), server_pair) as server:
        yield server
