import nox


@nox.session(python=["3.12", "3.13"])
def tests(session):
    session.install("-e", ".")
    session.run("python", "-m", "pytest", "test")


@nox.session(name="mypy")
def test_mypy(session):
    session.run("pytest", "-m", "mypy")


@nox.session(name="pep484")
def check_types(session):
    session.run("mypy", "--version")
    session.run("mypy", "./lib/granary")


@nox.session(name="pep8")
def check_style(session):
    session.run("flake8p", "./lib/", "./test/")
    session.run("black", "--check", "./lib/", "./test/")
    session.run("slotscheck", "-m", "granary")
