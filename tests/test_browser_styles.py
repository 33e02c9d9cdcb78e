"""No page of the site has lost a rule of the theme's style sheets, or of ours.

The build leaves out what nothing can match (``nn_book.render.weight``). The oracle is
the browser: it parses the whole sheets, too, and says which of their selectors match an
element of a page, also after scripts and readers have changed it.
"""

import importlib.util
from pathlib import Path

import pytest
from test_browser import PAGES, ROOT

pytestmark = pytest.mark.browser
pytest_plugins = ["visits"]

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 360, "height": 740}
# The selectors of a sheet, each with the conditions around it; of those in `asked` only
# what matches an element, whatever the state that it is in. Custom properties that
# nothing reads may go, and the letters of the icon font, which are drawn as pictures.
SELECTORS = """(asked) => {
  const states = /::?(before|after|hover|focus[-\\w]*|active|visited|backdrop|marker)/g;
  const matches = (selector) => {
    const bare = selector.replace(states, "").replace(/[\\s>+~]+$/, "$& *");
    try { return document.querySelector(bare || "*"); } catch { return false; }
  };
  function* walk(rules, around) {
    for (const rule of rules)
      if (rule.selectorText) {
        if ([...rule.style].every((name) => name.startsWith("--"))) continue;
        for (const selector of rule.selectorText.split(/,(?![^(]*\\))/))
          yield [around, selector.trim()];
      } else if (rule.conditionText)
        yield* walk(rule.cssRules, around + rule.conditionText);
  }
  const kept = new Set([...document.styleSheets].flatMap(({ cssRules }) =>
    [...walk(cssRules, "")].map(String)));
  const lost = [];
  let seen = 0;
  for (const css of asked) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    for (const one of walk(sheet.cssRules, "")) {
      if (/\\.fa[bsr]?\\b/.test(one[1]) || !matches(one[1])) continue;
      seen += 1;
      if (!kept.has(String(one))) lost.push(one.join(" { "));
    }
  }
  return { seen, lost };
}"""

# What stands before an element as a letter of an icon font, which readers do not get.
UNKNOWN_LETTERS = """() => [...document.querySelectorAll("body *")]
  .filter((e) => /[\\ue000-\\uf8ff]/.test(getComputedStyle(e, "::before").content))
  .map((e) => e.outerHTML.slice(0, 120))"""


def sheets() -> list[str]:
    """Return the style sheets that the build begins with."""
    found = [ROOT / "docs" / "theme" / "static" / "frame.css"]
    for package in ("pydata_sphinx_theme", "sphinx_book_theme"):
        folder = Path(*importlib.util.find_spec(package).submodule_search_locations)
        name = package.replace("_", "-")
        found += folder.glob(f"theme/*/static/styles/{name}.css")
    assert len(found) == 3
    return [path.read_text(encoding="utf8") for path in found]


WHOLE = sheets()


def lost_on(tab) -> list[str]:
    told = tab.evaluate(SELECTORS, WHOLE)
    assert told["seen"] > 150
    return told["lost"]


@pytest.mark.parametrize("page", PAGES)
def test_no_rule_that_matches_an_element_of_a_page_is_lost(visit, page):
    tab = visit(viewport=WIDE).open(page)
    for piece in tab.locator("[data-piece]").all():
        piece.scroll_into_view_if_needed()
        piece.locator(".piece-box > *").first.wait_for()
    assert lost_on(tab) == []
    assert tab.evaluate(UNKNOWN_LETTERS) == []


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_no_rule_is_lost_for_what_a_reader_opens(visit, viewport):
    visitor = visit(viewport=viewport)
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = visitor.open("en/chapters/regression.html?highlight=loss")
    tab.locator("button.copy").first.click()
    tab.locator("details.solution summary").first.click()
    tab.click("[popovertarget=menu-downloads]")
    lost = lost_on(tab)
    tab.keyboard.press("Escape")
    tab.click("button.primary-toggle")  # a menu, or the sidebar hides
    lost += lost_on(tab)
    tab.keyboard.press("Escape")
    tab.keyboard.press("/")
    tab.keyboard.type("gradient")
    tab.locator("dialog .search-results a").first.wait_for()
    lost += lost_on(tab)
    tab.keyboard.press("Escape")
    if viewport is NARROW:
        tab.locator("button.zoom").first.click()
        lost += lost_on(tab)
    assert lost == []
