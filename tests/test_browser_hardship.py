"""The pages where a browser refuses something: storage, a script, an even clock."""

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
pytest_plugins = ["visits"]

SITE = Path(os.environ.get("NN_TUTORIAL_SITE", Path(__file__).parents[1] / "site"))
LANGUAGES = ("zh", "en")

FORBIDDEN = """for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, {
    configurable: true,
    get() { throw new DOMException("The operation is insecure.", "SecurityError"); },
  });"""
FULL = """Storage.prototype.setItem = () => {
  throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
};"""
PIECES = {"playground": ".pg-plane", "explorer": ".piece-box", "digit": ".digit-paper"}


@pytest.mark.parametrize("storage", [FORBIDDEN, FULL], ids=["forbidden", "full"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_works_without_storage(visit, storage, language):
    visitor = visit(color_scheme="light")
    visitor.tab.add_init_script(storage)
    tab = visitor.open(f"{language}/chapters/regression.html")
    # The color mode changes, though nobody remembers it.
    tab.locator(".theme-change-button[data-mode=dark]").evaluate("b => b.click()")
    assert tab.evaluate("document.documentElement.dataset.theme") == "dark"
    # Search and the way to the other language work; a complaint would be a fault.
    tab.keyboard.press("/")
    tab.keyboard.type("tensor")
    tab.locator("dialog .search-results a").first.wait_for()
    tab.keyboard.press("Escape")
    tab.evaluate("document.querySelector('a.language').click()")
    other = {"zh": "en", "en": "zh"}[language]
    tab.wait_for_url(f"**/{other}/chapters/regression.html*")


@pytest.mark.parametrize("storage", [FORBIDDEN, FULL], ids=["forbidden", "full"])
@pytest.mark.parametrize("piece", PIECES)
def test_a_piece_works_without_storage(visit, storage, piece):
    visitor = visit()
    visitor.tab.add_init_script(storage)
    tab = visitor.open(f"en/pieces/{piece}.html")
    tab.wait_for_selector(PIECES[piece])


@pytest.mark.parametrize("storage", [FORBIDDEN, FULL], ids=["forbidden", "full"])
def test_the_door_opens_without_storage(visit, storage):
    visitor = visit(locale="zh-CN")
    visitor.tab.add_init_script(storage)
    visitor.open("").wait_for_url("**/zh/index.html")


BLOCKED = ("book.js", "book.css", "search.js", "search-data.js", "pieces.css")


@pytest.mark.parametrize(
    "file", [*BLOCKED, "piece.js", *(f"{piece}.js" for piece in PIECES)]
)
def test_a_page_without_one_of_its_files_can_be_read_and_left(chromium, url, file):
    context = chromium.new_context()
    tab = context.new_page()
    tab.route(f"**/{file}", lambda route: route.abort())
    name = file.removesuffix(".js")
    piece = name if name in PIECES else "digit"
    with tab.expect_request(f"**/{file}"):
        tab.goto(f"{url}en/pieces/{piece}.html")
        tab.locator("[data-piece]").first.scroll_into_view_if_needed()
        if "search" in file:
            tab.keyboard.press("/")
    # The page answers: nothing has frozen it.
    assert tab.evaluate("new Promise((done) => setTimeout(() => done(true), 300))")
    tab.keyboard.press("Escape")  # out of the search, if it has begun
    assert tab.locator("h1").is_visible()
    if file in ("book.js", "pieces.css", "piece.js", f"{piece}.js"):
        # In the place of the piece stays its still picture.
        picture = tab.locator("[data-piece] img:visible, .piece img:visible").first
        assert picture.evaluate("image => image.naturalWidth") > 0
    tab.locator("a[href*='index.html']:visible").first.click()
    tab.wait_for_url("**/index.html*")
    context.close()


def test_training_goes_on_when_the_clock_jumps(visit):
    visitor = visit()
    tab = visitor.tab
    tab.clock.install(time="2026-01-01T12:00:00")
    visitor.open("en/pieces/playground.html#speed=1")
    tab.click("[data-press=play]")
    steps = "Number(document.querySelector('.pg-steps').getAttribute('value'))"
    tab.wait_for_function(f"{steps} > 3")
    for jump in (
        lambda: tab.clock.fast_forward("24:00:00"),  # the lid was closed for a day
        lambda: tab.clock.set_system_time("1999-12-31T23:59:59"),  # a clock set back
        lambda: tab.clock.set_system_time("2100-01-01T00:00:00"),
    ):
        jump()
        before = tab.evaluate(steps)
        tab.wait_for_function(f"{steps} > {before + 3}")
    tab.click("[data-press=play]")
    stopped = tab.evaluate(steps)
    assert tab.locator(".pg-loss").get_attribute("value") not in ("", "NaN")
    assert stopped > 12
