from invoke import run, task


@task
def linters(c):
    """Check the code."""
    run("ruff check tests canal")
    run("ruff format --check --diff tests canal")
    run("vulture canal --min-confidence 80")


@task
def linters_fix(c):
    run("ruff check --fix tests canal")
    run("ruff format tests canal")


@task(name="all-tests", pre=[linters])
def all_tests(c):
    pass


@task
def tests(c, broker_url="redis://localhost"):
    run("pytest --broker-url=redis://localhost tests")
