"""One server for all of these tests."""

from collections.abc import Iterator

import pytest

from tests.contract.server import CuttingProxy, serving


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture(scope="session")
def proxy(url: str) -> Iterator[CuttingProxy]:
    started = CuttingProxy(url)
    yield started
    started.stop()
