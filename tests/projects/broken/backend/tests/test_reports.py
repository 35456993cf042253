from app.reports import weekly


def test_weekly():
    assert weekly([]) == {}
