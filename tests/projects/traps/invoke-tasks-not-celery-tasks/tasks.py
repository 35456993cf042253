from celery import shared_task


@shared_task
def lint(c):
    c.run("flake8 parcels")


@shared_task
def test(c):
    c.run("pytest -k nothing")
