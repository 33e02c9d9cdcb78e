"""Every piece that readers can move, on its own page and in the chapters."""

import gzip
import os
import re
from functools import cache
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

pytestmark = pytest.mark.browser
pytest_plugins = ["visits"]

SITE = Path(os.environ.get("NN_TUTORIAL_SITE", Path(__file__).parents[1] / "site"))
LANGUAGES = ("zh", "en")
PIECES = sorted(
    path.stem for path in (SITE / "en/pieces").glob("*.html") if path.stem != "index"
)
OWN_PAGES = [f"{lang}/pieces/{name}.html" for lang in LANGUAGES for name in PIECES]
# What a browser needs besides the weights of a network and the still picture.
LIMIT_BYTES = 90_000


@cache
def html(page: str) -> BeautifulSoup:
    return BeautifulSoup((SITE / page).read_text(encoding="utf8"), "html.parser")


CHAPTERS = [
    path.relative_to(SITE).as_posix()
    for lang in LANGUAGES
    for path in sorted((SITE / lang / "chapters").glob("*.html"))
    if "data-piece=" in path.read_text(encoding="utf8")
]


def test_there_are_pieces_and_chapters_that_hold_them():
    assert PIECES
    held = {
        piece["data-piece"]
        for page in CHAPTERS
        for piece in html(page).select(".piece")
    }
    assert held == set(PIECES)


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_loads_a_piece_only_when_the_reader_comes_near(visit, page):
    visitor = visit()
    asked: list[str] = []
    visitor.tab.on("request", lambda request: asked.append(request.url))
    tab = visitor.open(page)
    tab.wait_for_timeout(300)
    assert [url for url in asked if "/pieces/" in url] == []
    tab.locator("[data-piece]").first.scroll_into_view_if_needed()
    tab.wait_for_selector("[data-piece] .piece-box button")
    assert [url for url in asked if url.endswith("/pieces/piece.js")] != []


@pytest.mark.parametrize("page", OWN_PAGES)
def test_a_piece_works_from_a_disk(chromium, page):
    context = chromium.new_context()
    tab = context.new_page()
    faults: list[object] = []
    tab.on("pageerror", lambda error: faults.append(error))
    tab.goto((SITE / page).as_uri())
    tab.wait_for_selector(".piece-box button")
    context.close()
    assert faults == []


@pytest.mark.parametrize("page", OWN_PAGES + CHAPTERS)
def test_without_scripts_a_piece_is_a_picture_and_a_sentence(visit, page):
    tab = visit(java_script_enabled=False).open(page)
    for piece in tab.locator(".piece").all():
        pictures = piece.locator("img:visible")
        assert pictures.count() == 1
        assert len(pictures.first.get_attribute("alt")) > 20
        assert "JavaScript" in piece.inner_text()
        assert len(piece.locator("p").first.inner_text()) > 20


@pytest.mark.parametrize("page", OWN_PAGES)
def test_a_piece_locks_nobody_out(visit, page):
    from axe_playwright_python.base import AXE_SCRIPT

    tab = visit().open(page)
    tab.wait_for_selector(".piece-box button")
    tab.evaluate(AXE_SCRIPT)
    faults = []
    for theme in ("light", "dark"):
        tab.emulate_media(color_scheme=theme)
        for width in (360, 1440):
            tab.set_viewport_size({"width": width, "height": 800})
            tab.wait_for_timeout(100)
            if tab.evaluate("document.documentElement.scrollWidth") > width:
                faults.append(f"{theme}, {width} px: wider than the page")
            for violation in tab.evaluate("axe.run('.piece')")["violations"]:
                for node in violation["nodes"]:
                    where = f"{theme}, {width} px: {violation['id']}"
                    faults.append(f"{where}: {node['html'][:160]}")
    assert faults == []


@pytest.mark.parametrize("name", PIECES)
def test_a_piece_has_every_word_in_both_languages(visit, name):
    tab = visit().open(f"en/pieces/{name}.html")
    tab.wait_for_selector(".piece-box button")
    words = tab.evaluate(f"pieces.{name}.words")
    assert words["zh"].keys() == words["en"].keys()
    blanks = {
        lang: {key: sorted(re.findall(r"\{\w+\}", text)) for key, text in table.items()}
        for lang, table in words.items()
    }
    assert blanks["zh"] == blanks["en"]
    chinese = re.compile("[\u3000-\u303f\u3400-\u9fff\uff01-\uff60]")
    assert [text for text in words["en"].values() if chinese.search(text)] == []


def test_all_pieces_together_are_light():
    files = [
        path
        for path in (SITE / "en/_static/pieces").iterdir()
        if "weights" not in path.name
    ]
    weights = {path.name: len(gzip.compress(path.read_bytes())) for path in files}
    assert sum(weights.values()) <= LIMIT_BYTES, weights
