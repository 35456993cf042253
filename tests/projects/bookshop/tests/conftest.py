import pytest

from shop.stores import MemoryCache, SqlStore, reset


@pytest.fixture
def store() -> SqlStore:
    return SqlStore()


@pytest.fixture(name="cache")
def memory_cache() -> MemoryCache:
    return MemoryCache()


@pytest.fixture(autouse=True)
def clean():
    yield
    reset()
