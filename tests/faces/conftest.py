from pathlib import Path

import pytest

from seatrial.engine.schema import read_run
from seatrial.model.run import Run

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew", action="store_true", help="write the golden files anew: pytest tests/faces --renew")


@pytest.fixture(scope="session")
def run() -> Run:
    return read_run(HERE / "run.json")


@pytest.fixture
def renew(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--renew", default=False))
