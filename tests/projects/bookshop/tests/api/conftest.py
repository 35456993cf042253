import pytest


@pytest.fixture
def store():
    return object()
