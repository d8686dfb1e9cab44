"""Fixtures: an app for Flask's test client, a real hub process; profiles of tests with generated input."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

# Before Hypothesis is used: it writes its tables of characters into a folder, and into the tree where none is named.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(Path(tempfile.gettempdir()) / "gatehouse-hypothesis"))

# Hundreds of processes import the same modules: where none may be written beside the sources, they share a folder.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    folder = str(Path(__file__).resolve().parents[1] / ".pytest_cache" / "bytecode")
    sys.pycache_prefix = os.environ.setdefault("PYTHONPYCACHEPREFIX", folder)
    sys.dont_write_bytecode = False

import hypothesis
import pytest

from tests.support import stores
from tests.support.alone import WORKER, machine
from tests.support.helpers import HubProcess
from tests.support.starts import starts

# The same examples in every run and everywhere; no deadline for one of them, since CI shares its processor.
hypothesis.settings.register_profile("fixed", derandomize=True, max_examples=50, database=None, deadline=None)
# Others in every run: `./run_tests.sh --hypothesis-profile explore tests/hub/contract`.
hypothesis.settings.register_profile("explore", max_examples=5000, database=None, deadline=None)
hypothesis.settings.load_profile("fixed")

SLOW_FOLDERS = (
    "browser",
    "hub/fast_paths",
    "hub/hardening",
    "hub/pages",
)  # real hubs, attacks, a browser

SLOW_WEIGHT = 50  # about how many other tests take as long as one that is marked slow


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--real-starts", action="store_true", help="start each hub as a new process, which is slower")


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--real-starts"):
        starts.enable()


def pytest_collection_finish() -> None:
    """Prepare for the many hubs that tests make in this process."""
    if "hub" in sys.modules:
        from tests.support.templates import share_compiled_templates

        share_compiled_templates()
    # Modules and tests stay: the garbage collector need not look through them again and again.
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    starts.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of the slow folders as slow; for several processes sort the files.

    Each process takes a whole file at a time. Those with tests that run alone come first: they wait for each other
    then, and not for a long test beside them. Then come those that take longest, since a long one at the end would
    leave the other processes without work.
    """
    folders = [Path(__file__).parent / folder for folder in SLOW_FOLDERS]
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in folders):
            item.add_marker(pytest.mark.slow)
    if WORKER in os.environ:
        weights = Counter[Path]()
        alone = {item.path for item in items if item.get_closest_marker("alone")}
        for item in items:
            weights[item.path] += SLOW_WEIGHT if item.get_closest_marker("slow") else 1
        items.sort(key=lambda item: (item.path not in alone, -weights[item.path]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Run a test with its fixtures beside others, or alone where it is marked so."""
    with machine(alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Tell gevent the time: it counts a timeout from when its event loop ran last, which may be minutes ago here."""
    if "gevent" in sys.modules:
        sys.modules["gevent"].get_hub().loop.update_now()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests with the marker `stores` on every database."""
    if metafunc.definition.get_closest_marker("stores"):
        if "store" not in metafunc.fixturenames:
            metafunc.fixturenames.append("store")
        metafunc.parametrize("store", stores.STORES, indirect=True, scope="module")


@pytest.fixture(scope="module")
def store(request: pytest.FixtureRequest) -> Iterator[str]:
    """The database of hubs that begin after this: "sqlite", or "postgresql" too where the tests have that marker."""
    kind = getattr(request, "param", stores.DEFAULT)
    if kind == "postgresql" and not stores.has_server():
        pytest.skip(stores.NO_SERVER)
    with stores.using(kind):
        yield kind


@contextmanager
def made_app(folder: Path) -> Iterator[object]:
    """A hub in this process, without a listener, that is closed at the end."""
    from hub import close, create_app
    from hub.settings.file import load

    application = create_app(load(folder / "instance", {}, stores.environ(folder / "instance")))
    yield application
    close(application)
    stores.drop(folder / "instance")


@pytest.fixture
def app(tmp_path: Path, store: str) -> Iterator[object]:
    with made_app(tmp_path) as application:
        yield application


@pytest.fixture
def client(app: object) -> object:
    return app.test_client()


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory, store: str) -> Iterator[object]:
    """One for the tests of a module, which leave nothing in it that others would see."""
    with made_app(tmp_path_factory.mktemp("shared")) as application:
        yield application


@pytest.fixture
def shared_client(shared_app: object) -> object:
    """For requests that are refused or only read."""
    return shared_app.test_client()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, store: str) -> Iterator[HubProcess]:
    """One hub for the tests of a module."""
    with HubProcess(tmp_path_factory.mktemp("hub") / "instance") as process:
        yield process
