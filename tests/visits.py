"""What the tests in a browser share: a server for the built site, and visits to it.

A plugin, not a conftest.py: the session that runs these tests lacks the machinery of
the book, which the other tests need. A file of such tests says
``pytest_plugins = ["visits"]``.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urljoin

import pytest

ROOT = Path(__file__).parents[1]
SITE = Path(os.environ.get("NN_TUTORIAL_SITE", ROOT / "site"))
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and does not report every one of them."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served() -> Iterator[str]:
    """Serve the site, from a folder as on a shared host; yield its address."""
    assert (SITE / "index.html").exists(), f"no site in {SITE}: run `nox -s docs` first"
    handler = partial(QuietHandler, directory=SITE)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@contextmanager
def browser() -> Iterator:
    """Start a Chromium without a window."""
    from playwright.sync_api import sync_playwright

    found = [os.environ.get("CHROMIUM"), *map(shutil.which, CHROMIUMS)]
    arguments = ["--disable-gpu", "--no-first-run", "--disable-background-networking"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--no-sandbox")  # root has none
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=next(filter(None, found), None), args=arguments
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def url():
    with served() as address:
        yield address


@pytest.fixture(scope="session")
def chromium():
    with browser() as started:
        yield started


def wait_for_function(tab, function: str, *, arg: object = None) -> None:
    """Wait until JavaScript is true on the page in a tab, for 30 s at most.

    Playwright's own function calls `eval` from a timer of the page, which the policy
    of every page forbids.
    """
    from playwright.sync_api import Error

    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            if tab.evaluate(function, arg):
                return
        except Error as error:  # the page was left meanwhile: ask the next one
            if "context was destroyed" not in str(error):
                raise
        tab.wait_for_timeout(20)
    raise TimeoutError(f"never true: {function}")


class Visit:
    """A page that is open in a tab of its own, and what went wrong on it so far."""

    def __init__(self, chromium, url: str, **options) -> None:
        self.context = chromium.new_context(**options)
        self.tab = self.context.new_page()
        self.tab.wait_for_function = partial(wait_for_function, self.tab)
        self.url = url
        self.faults: list[str] = []
        self.tab.on("console", self.note_message)
        self.tab.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.tab.on("request", self.note_request)
        self.tab.on("response", self.note_response)
        self.tab.on("requestfailed", self.note_failure)

    def note_message(self, message) -> None:
        """Remember what a page complains about in the console."""
        if message.type in ("error", "warning"):
            self.faults.append(f"console {message.type}: {message.text}")

    def note_request(self, request) -> None:
        """Remember a request to anybody but us."""
        if not request.url.startswith((self.url, "data:")):
            self.faults.append(f"request to a third party: {request.url}")

    def note_response(self, response) -> None:
        """Remember what the server did not have."""
        if response.status >= 400:
            self.faults.append(f"status {response.status}: {response.url}")

    def note_failure(self, request) -> None:
        """Remember what could not be had. (A page that is left aborts its requests.)"""
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"failed: {request.url}: {request.failure}")

    def open(self, page: str):
        """Open a page and return its tab."""
        self.tab.goto(urljoin(self.url, page))
        return self.tab


@pytest.fixture
def visit(chromium, url):
    """Make visits; a fault on any of their pages fails the test."""
    visits = []

    def start(**options) -> Visit:
        visits.append(Visit(chromium, url, **options))
        return visits[-1]

    yield start
    for one in visits:
        one.context.close()
    assert [fault for one in visits for fault in one.faults] == []
