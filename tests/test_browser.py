"""The built site in a real Chromium: every page, both languages, both themes.

Needs ``site/`` (or the folder that NN_TUTORIAL_SITE names) and a Chromium: the one that
CHROMIUM names, the first of the usual commands, or else Playwright's own.
"""

import gzip
import os
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

import pytest
from bs4 import BeautifulSoup

pytestmark = pytest.mark.browser
pytest_plugins = ["visits"]  # the fixtures `visit`, `url` and `chromium`

ROOT = Path(__file__).parents[1]
SITE = Path(os.environ.get("NN_TUTORIAL_SITE", ROOT / "site"))
LANGUAGES = {"zh": "zh-CN", "en": "en"}
PAGES = sorted(
    path.relative_to(SITE).as_posix()
    for language in LANGUAGES
    for path in (SITE / language).rglob("*.html")
    if 'http-equiv="refresh"' not in path.read_text(encoding="utf8")
)
WIDTHS = (360, 1440)
THEMES = ("light", "dark")


def pages_with(text: str) -> list[str]:
    """Return the pages whose HTML has a text. (Parsing all at import would be slow.)"""
    return [page for page in PAGES if text in (SITE / page).read_text(encoding="utf8")]


@cache
def html(page: str) -> BeautifulSoup:
    """Return a page of the site as it lies on the disk."""
    return BeautifulSoup((SITE / page).read_text(encoding="utf8"), "html.parser")


def twin_of(page: str) -> str:
    """Return the same page in the other language."""
    language, _, rest = page.partition("/")
    return {"zh": "en/", "en": "zh/"}[language] + rest


# -- Every page, every theme, phone and desktop -----------------------------------

NEXT_FRAME = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
# The elements that stick out of the page, unless a box around them scrolls.
STICKING_OUT = """() => {
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  const scrolls = (e) => e && (getComputedStyle(e).overflowX !== "visible"
                               || scrolls(e.parentElement));
  return [...document.body.querySelectorAll("*")]
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
    .filter((e) => !scrolls(e.parentElement))
    .slice(0, 3).map((e) => e.outerHTML.slice(0, 120));
}"""
UNLOADED = """() => [...document.images]
  .filter((i) => i.checkVisibility() && i.complete && !i.naturalWidth)
  .map((i) => i.outerHTML.slice(0, 120))"""
# Of a figure drawn for both themes, the reader sees one.
SEEN_TWINS = """() => [...document.querySelectorAll("figure, .cell_output")].map(
    (box) => ["only-light", "only-dark"].map((kind) =>
      [...box.querySelectorAll("." + kind)].filter((e) => e.checkVisibility()).length))
  .filter(([light, dark]) => light || dark)"""


AXE = 'axe.run(document, {resultTypes: ["violations"]})'


@pytest.mark.parametrize("page", PAGES)
def test_a_page_works_on_every_screen_for_everyone(visit, page):
    from axe_playwright_python.base import AXE_SCRIPT

    visitor = visit()
    tab = visitor.open(page)
    tab.evaluate(AXE_SCRIPT)
    faults = []
    if (tag := tab.evaluate("document.documentElement.lang")) != LANGUAGES[page[:2]]:
        faults.append(f"the language of the page is {tag!r}")
    for theme in THEMES:
        tab.emulate_media(color_scheme=theme)
        for width in WIDTHS:
            tab.set_viewport_size({"width": width, "height": 800})
            tab.evaluate(NEXT_FRAME)  # scripts that follow the size have done so
            where = f"{theme}, {width} px"
            for element in tab.evaluate(STICKING_OUT):
                faults.append(f"{where}: wider than the page: {element}")
            for element in tab.evaluate(UNLOADED):
                faults.append(f"{where}: shows no picture: {element}")
            for light, dark in tab.evaluate(SEEN_TWINS):
                if (light > 0, dark > 0) != (theme == "light", theme == "dark"):
                    faults.append(f"{where}: {light} light and {dark} dark figures")
            # Two of the four combinations: each theme once, and each width once.
            if (theme == "light") != (width == WIDTHS[0]):
                continue
            for violation in tab.evaluate(AXE)["violations"]:
                for node in violation["nodes"]:
                    rule = f"{violation['id']} ({violation['impact']})"
                    faults.append(f"{where}: {rule}: {node['html'][:160]}")
    assert faults == [], page


@pytest.mark.parametrize("page", PAGES)
def test_a_page_works_under_a_strict_policy(visit, page):
    _, _, policy = (SITE / "_headers").read_text("utf8").partition("Policy: ")
    assert "'unsafe-eval'" not in policy  # 'wasm-unsafe-eval' runs the kernels
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    visitor = visit()

    def strict(route):
        answer = route.fetch()
        headers = {**answer.headers, "content-security-policy": policy.strip()}
        route.fulfill(response=answer, headers=headers)

    visitor.tab.route("**/*.html", strict)
    tab = visitor.open(page)  # a complaint of the console is a fault
    assert tab.evaluate("!!document.documentElement.dataset.mode")  # scripts have run
    for piece in tab.locator("[data-piece]").all():
        piece.scroll_into_view_if_needed()
        piece.locator(".piece-box > *").first.wait_for()
    tab.keyboard.press("/")
    tab.wait_for_function("typeof search === 'object' && search.parts?.length")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_inside_the_site_leads_somewhere(page):
    dead = []
    for link in html(page).select("[href], [src]"):
        target = link.get("href") or link["src"]
        if re.match(r"[a-z]+:", target):
            continue
        path, anchor = urldefrag(urljoin(page, target))
        file = SITE / unquote(path or page)
        if not file.is_file():
            dead.append(f"no file: {target}")
        elif anchor and file.suffix == ".html":
            name = file.relative_to(SITE).as_posix()
            if unquote(anchor) not in ids(name):
                dead.append(f"no such place: {target}")
    assert dead == [], page


@cache
def ids(page: str) -> set[str]:
    """Return the anchors of a page."""
    return {element["id"] for element in html(page).select("[id]")}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_its_figures_is_light(page):
    texts = [SITE / page]
    for element in html(page).select("script[src], link[rel=stylesheet]"):
        source = element.get("src") or element["href"]
        texts.append(SITE / urldefrag(urljoin(page, source)).url)
    weight = sum(len(gzip.compress(text.read_bytes())) for text in texts)
    assert weight <= 110_000, f"{page} weighs {weight} bytes over a gzip server"


# -- Language ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("languages", "opened"),
    [("zh-CN", "zh"), ("zh-TW", "zh"), ("en-GB", "en"), ("de-DE", "en")],
)
def test_the_door_opens_in_the_language_of_the_browser(visit, languages, opened):
    tab = visit(locale=languages).open("")
    tab.wait_for_url(f"**/{opened}/index.html")


def test_the_door_remembers_what_the_reader_chose(visit):
    reader = visit(locale="zh-CN")
    tab = reader.open("zh/glossary.html")
    tab.click("a.language")
    tab.wait_for_url("**/en/glossary.html")
    tab = reader.open("")
    tab.wait_for_url("**/en/index.html")


def test_a_deep_link_is_never_redirected(visit):
    tab = visit(locale="zh-CN").open("en/glossary.html")
    tab.wait_for_timeout(300)
    assert tab.url.endswith("/en/glossary.html")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("logistic.html#logistic-stable", "logistic-network.html#logistic-stable"),
        ("mnist.html#mnist-loader", "mnist-data.html#mnist-loader"),
        ("batchnorm.html#batchnorm-clock", "gpu.html#batchnorm-clock"),
        ("logistic.html#logistic-boundary", "logistic.html#logistic-boundary"),
    ],
)
def test_link_to_a_section_leads_to_the_page_it_is_on_now(visit, before, after):
    tab = visit().open(f"en/chapters/{before}")
    tab.wait_for_url(f"**/en/chapters/{after}")
    tab.wait_for_selector(f"#{after.partition('#')[2]}")


def test_the_door_offers_both_languages_without_scripts(visit):
    for language, heading in (
        ("zh", "PyTorch 神经网络教程"),
        ("en", "Neural networks"),
    ):
        tab = visit(java_script_enabled=False).open("")
        tab.click(f'a[href="{language}/index.html"]')
        tab.wait_for_url(f"**/{language}/index.html")
        assert heading in tab.text_content("h1")


def test_the_door_and_the_switch_work_from_a_disk(chromium):
    context = chromium.new_context(locale="zh-CN")
    tab = context.new_page()
    tab.goto((SITE / "index.html").as_uri())
    tab.wait_for_url("**/zh/index.html")
    tab.click("a.language")
    tab.wait_for_url("**/en/index.html")
    assert tab.text_content("h1").startswith("Neural networks")
    context.close()


@pytest.mark.parametrize("page", PAGES)
def test_the_switch_leads_to_the_same_place_of_the_same_page(visit, page):
    places = [element["id"] for element in html(page).select("article section[id]")]
    anchor = f"#{places[-1]}" if places else ""
    tab = visit().open(page + anchor)
    tab.focus("a.language")
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"**/{twin_of(page)}{anchor}")
    if anchor:
        assert tab.locator(f'[id="{places[-1]}"]').count() == 1


def test_the_switch_keeps_what_was_searched(visit):
    tab = visit().open("zh/search.html?q=tensor")
    tab.click("a.language")
    tab.wait_for_url("**/en/search.html?q=tensor")
    tab.wait_for_selector(".search-results a")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_switch_keeps_the_place_of_a_reader_who_has_scrolled(visit, language):
    tab = visit().open(f"{language}/chapters/regression.html")
    tab.evaluate(
        "document.querySelectorAll('article h2')[3]"
        ".scrollIntoView({ behavior: 'instant' })"
    )
    place = tab.evaluate("document.querySelectorAll('article h2')[3].parentElement.id")
    # A click of the driver scrolls first, which no reader's click does.
    tab.evaluate("document.querySelector('a.language').click()")
    tab.wait_for_url(f"**/chapters/regression.html#{place}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_for_lost_readers_works_at_any_address(visit, url, language):
    """A host shows it in the place of any page that does not exist."""
    visitor = visit()
    lost = f"{url}{language}/chapters/deep/gone.html"
    text = (SITE / "404.html").read_text(encoding="utf8")
    visitor.tab.route(lost, lambda route: route.fulfill(body=text, status=200))
    tab = visitor.open(f"{language}/chapters/deep/gone.html")
    tab.click(f'main a[href^="{language}/index.html"]')
    tab.wait_for_url(f"{url}{language}/index.html*")


# -- Search -----------------------------------------------------------------------


def glossary_terms(language: str) -> list[str]:
    terms = html(f"{language}/glossary.html").select("dl.glossary > dt")
    return [term.find(string=True) for term in terms]


def searching(visit, language: str):
    """Open the page of the search, and wait until it can answer."""
    tab = visit().open(f"{language}/search.html?q=")
    tab.wait_for_function("typeof search === 'object' && search.parts?.length")
    return tab


def first_results(tab, queries: list[str], count: int = 2) -> list[list[str]]:
    """Return, for each query, the addresses of the first results."""
    return tab.evaluate(
        """([queries, count]) => queries.map((query) => search.find(query)
             .slice(0, count).map((part) => `${part.name}#${part.anchor}`))""",
        [queries, count],
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_of_the_glossary_is_found_in_chinese_and_in_english(visit, language):
    tab = searching(visit, language)
    terms = glossary_terms(language)
    assert len(terms) > 60
    assert len({bool(re.search("[\u3400-\u9fff]", term)) for term in terms}) == 2
    found = first_results(tab, terms, 10)
    lost = [
        term
        for term, places in zip(terms, found, strict=True)
        if not any(place.startswith("glossary#") for place in places)
    ]
    assert lost == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("keys", ["Control+k", "/"])
def test_a_search_begins_with_a_key_and_shows_results_while_typing(
    visit, language, keys
):
    visitor = visit()
    fetched = []
    visitor.tab.on("request", lambda request: fetched.append(request.url))
    tab = visitor.open(f"{language}/index.html")
    assert not [url for url in fetched if "search" in url]  # not before it is needed
    tab.keyboard.press(keys)
    tab.locator("dialog .bd-search input:focus").wait_for()
    tab.keyboard.type("activation")
    found = tab.locator("dialog .search-results a")
    found.first.wait_for()
    assert found.first.locator("mark").count() > 0
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**highlight=activation#*")
    tab.wait_for_function("CSS.highlights.get('search')?.size > 0")
    place = tab.evaluate("decodeURIComponent(location.hash.slice(1))")
    top = "document.getElementById(place).getBoundingClientRect().top"
    tab.wait_for_function(f"(place) => {top} >= 0 && {top} < innerHeight", arg=place)


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_while_the_search_is_open(visit, language):
    from axe_playwright_python.base import AXE_SCRIPT

    tab = visit().open(f"{language}/glossary.html")
    tab.keyboard.press("/")
    tab.locator("dialog .bd-search input:focus").wait_for()
    tab.keyboard.type("loss")
    tab.locator("dialog .search-results a").first.wait_for()
    tab.evaluate(AXE_SCRIPT)
    for theme in THEMES:
        tab.emulate_media(color_scheme=theme)
        tab.evaluate(NEXT_FRAME)
        assert tab.evaluate("axe.run()")["violations"] == []


def test_a_part_is_found_only_if_it_has_every_word_of_the_query(visit):
    tab = visit().open("zh/search.html?q=tensor+没有这个词")
    tab.wait_for_selector(".search-said:not(:empty)")
    assert tab.locator(".search-results li").count() == 0
    assert not re.search("[A-Za-z]{3,}", tab.inner_text(".search-said")[:5])


# -- Hands on: theme, contents, code, solutions, films ----------------------------


def test_the_theme_changes_by_keyboard_and_is_remembered(visit):
    reader = visit(color_scheme="light")
    tab = reader.open("en/index.html")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = tab.evaluate(ground)
    dark_button = tab.locator(".theme-change-button[data-mode=dark]")
    assert not dark_button.is_visible()
    tab.focus("[popovertarget=menu-theme]")
    tab.keyboard.press("Enter")
    assert dark_button.get_attribute("aria-pressed") == "false"
    dark_button.press("Enter")
    assert dark_button.get_attribute("aria-pressed") == "true"
    dark = tab.evaluate(ground)
    assert dark != light
    tab = reader.open("zh/glossary.html")
    assert tab.evaluate(ground) == dark
    tab.click("[popovertarget=menu-theme]")
    tab.click(".theme-change-button[data-mode=auto]")
    assert tab.evaluate(ground) == light


def test_the_contents_open_on_a_phone_by_keyboard(visit):
    tab = visit(viewport={"width": 360, "height": 640}).open("zh/index.html")
    entry = tab.locator('.bd-docs-nav a[href="glossary.html"]')
    assert not entry.is_visible()
    tab.focus("button.primary-toggle")
    tab.keyboard.press("Enter")
    entry.wait_for()
    tab.keyboard.press("Escape")
    entry.wait_for(state="hidden")
    tab.keyboard.press("Enter")
    entry.click()
    tab.wait_for_url("**/zh/glossary.html")


def test_the_menu_of_a_phone_closes_when_a_section_is_chosen(visit):
    phone = visit(viewport={"width": 360, "height": 640})
    tab = phone.open("zh/chapters/regression.html")
    tab.click("button.secondary-toggle")
    sections = tab.locator("dialog .page-toc a")
    sections.nth(2).wait_for()
    scrolls = "getComputedStyle(document.documentElement).overflowY"
    assert tab.evaluate(scrolls) == "hidden"  # the page behind it stays
    sections.nth(2).click()
    tab.wait_for_function("!document.querySelector('dialog[open]')")
    assert tab.evaluate(scrolls) != "hidden"
    assert tab.evaluate("location.hash.length > 1")


def test_the_contents_of_the_page_mark_where_the_reader_is(visit):
    tab = visit().open("en/chapters/regression.html")
    wanted = tab.evaluate(
        """() => {
          const heading = document.querySelectorAll("article h2")[2];
          heading.scrollIntoView({ behavior: "instant" });
          return `#${heading.parentElement.id}`;
        }"""
    )
    tab.wait_for_selector(f'.page-toc a.active[href="{wanted}"]')
    levels = tab.locator(".page-toc .toc-h3")
    assert levels.first.is_visible()


def test_the_contents_follow_the_reader_down_a_long_page(visit):
    tab = visit(viewport={"width": 1440, "height": 600}).open(
        "en/chapters/old-code.html"
    )
    tab.evaluate(
        "[...document.querySelectorAll('article h3')].at(-8)"
        ".scrollIntoView({ behavior: 'instant' })"
    )
    tab.wait_for_function(
        """() => {
          const link = document.querySelector(".page-toc a.active");
          const { top, bottom } = link?.getBoundingClientRect() ?? { top: -1 };
          return top >= 0 && bottom <= innerHeight;
        }"""
    )


def test_a_card_leads_to_its_page_and_a_link_inside_it_elsewhere(visit):
    tab = visit().open("en/pieces/index.html")
    card = tab.locator(".cards > li", has_text="Draw a digit")
    card.locator("p:not(.name) a").click()
    tab.wait_for_url("**/chapters/mnist.html")
    tab.go_back()
    card.click(position={"x": 5, "y": 5})
    tab.wait_for_url("**/pieces/digit.html")


def test_a_page_can_be_read_without_scripts(visit):
    for width in WIDTHS:
        reader = visit(
            java_script_enabled=False, viewport={"width": width, "height": 900}
        )
        tab = reader.open("zh/glossary.html")
        assert tab.is_visible("article dl.glossary")
        assert tab.locator(".bd-docs-nav a").first.is_visible()
        assert not tab.is_visible(".search-button")


def test_a_figure_opens_large_on_a_phone(visit):
    tab = visit(viewport={"width": 360, "height": 640}).open(
        "en/chapters/regression.html"
    )
    for picture in ("#fig-regression-points", "#fig-regression-film"):
        tab.locator(f"{picture} button.zoom").click()
        large = tab.locator("dialog.large :is(img, svg)")
        assert large.first.bounding_box()["width"] > 800
        tab.keyboard.press("Escape")
        tab.wait_for_function("!document.querySelector('dialog.large')")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_the_picture_of_the_front_page_moves_where_motion_is_welcome(visit, motion):
    tab = visit(reduced_motion=motion).open("en/index.html")
    label = tab.locator(".nn-film output")
    last = label.inner_text()
    label.scroll_into_view_if_needed()
    if motion == "reduce":
        tab.wait_for_timeout(1000)
        assert label.inner_text() == last
    else:
        tab.wait_for_function(
            "!document.querySelector('output').textContent.match(/200/)"
        )


def test_every_copy_button_has_a_name_of_its_own(visit):
    tab = visit().open(CHAPTERS[0])
    names = tab.locator("button.copy").evaluate_all(
        "(all) => all.map((b) => b.ariaLabel)"
    )
    assert len(names) > 3
    assert len(set(names)) == len(names)


# Wider than its box, and the box does not scroll or wrap.
CUT_OFF = """() => [...document.querySelectorAll(".cell_output pre")]
  .filter((e) => e.scrollWidth > e.clientWidth + 1)
  .map((e) => e.textContent.slice(0, 80))"""


@pytest.mark.parametrize("page", pages_with('class="cell_output'))
@pytest.mark.parametrize("width", WIDTHS)
def test_no_output_is_cut_off_at_the_side(visit, page, width):
    tab = visit(viewport={"width": width, "height": 900}).open(page)
    assert tab.evaluate(CUT_OFF) == []


@pytest.mark.parametrize(
    "page", [p for p in pages_with('class="formula') if "en/" in p]
)
def test_no_sum_scrolls_for_a_pixel(visit, page):
    boxes = """() => [...document.querySelectorAll(".formula")]
      .filter((e) => e.scrollHeight > e.clientHeight || e.tabIndex === 0).length"""
    assert (
        visit(viewport={"width": 1440, "height": 900}).open(page).evaluate(boxes) == 0
    )


def test_the_messages_are_a_list_on_a_phone(visit):
    tab = visit(viewport={"width": 360, "height": 640}).open(
        "en/chapters/old-code.html"
    )
    cell = tab.locator("tr:has(td code) td").first
    assert cell.evaluate("(e) => getComputedStyle(e).display") == "block"
    assert cell.bounding_box()["width"] > 280


@pytest.mark.parametrize("page", pages_with('class="cell_input'))
def test_the_copy_button_copies_the_code_of_its_cell_only(visit, page):
    visitor = visit()
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = visitor.open(page)
    cells = tab.locator(".cell_input .highlight:visible")
    copied = [0, cells.count() - 1]
    for number in copied:
        cell = cells.nth(number)
        cell.hover()
        cell.locator("button.copy").click()
        cell.locator("button.copy.done").wait_for()
        code = cell.locator("pre").inner_text()
        assert tab.evaluate("navigator.clipboard.readText()").strip() == code.strip()
    assert tab.locator(".cell_output button.copy").count() == 0


@pytest.mark.parametrize("page", pages_with('class="solution'))
def test_a_solution_opens_by_keyboard(visit, page):
    tab = visit().open(page)
    for solution in tab.locator("details.solution").all():
        assert solution.get_attribute("open") is None
        solution.locator("summary").focus()
        tab.keyboard.press("Enter")
        assert solution.get_attribute("open") is not None


@pytest.mark.parametrize("page", pages_with('class="nn-film"'))
def test_a_film_moves_by_keyboard_and_says_where_it_is(visit, page):
    tab = visit(reduced_motion="reduce").open(page)
    for film in tab.locator(".nn-film").all():
        slider, label = film.locator("input[type=range]"), film.locator("output")
        last = label.inner_text()
        slider.focus()
        tab.keyboard.press("Home")
        assert label.inner_text() != last
        assert slider.get_attribute("aria-valuetext") == label.inner_text()
        tab.keyboard.press("End")
        assert label.inner_text() == last


# -- From an error message to its cure --------------------------------------------

OLD_CODE = "chapters/old-code"
SAID = re.compile(r"\w+(?:Error|Warning): ")
# As readers paste them: with a path, with the names of their own program, in the words
# of an older version, or only a part. Then the section that explains it.
PASTED = {
    "IndexError: invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
    "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number": "data-index",
    "invalid index of a 0-dim tensor": "data-index",
    "~/old/mnist.py:41: UserWarning: Implicit dimension choice for softmax has "
    "been deprecated. Change the call to include dim=X as an argument.": "softmax-dim",
    "UserWarning: Implicit dimension choice for log_softmax has been deprecated. "
    "Change the call to include dim=X as an argument.": "softmax-dim",
    "D:\\code\\cnn.py:8: UserWarning: volatile was removed and now has no effect. "
    "Use `with torch.no_grad():` instead.": "volatile",
    "_pickle.UnpicklingError: Weights only load failed. This file can still be loaded, "
    "to do so you have two options, do those steps only if you trust the source of the "
    "checkpoint.": "load-model",
    "AttributeError: '_MultiProcessingDataLoaderIter' object has no attribute 'next'":
        "iterator-next",
    "AttributeError: module 'numpy' has no attribute 'int'. `np.int` was a deprecated "
    "alias for the builtin `int`.": "numpy-alias",
    "TypeError: CosineAnnealingLR.__init__() got an unexpected keyword argument "
    "'verbose'": "scheduler-verbose",
    "NameError: name 'raw_input' is not defined": "python-2",
    "SyntaxError: invalid character '（' (U+FF08)": "full-width",
    "UserWarning: nn.init.normal is now deprecated in favor of nn.init.normal_.":
        "init-underscore",
    "super(type, obj): obj must be an instance or subtype of type": "super-arguments",
    "TypeError: super(type, obj): obj (instance of Mine) is not an instance or subtype "
    "of type (Copied).": "super-arguments",
    "RuntimeError: Found no NVIDIA driver on your system. Please check that you have "
    "an NVIDIA GPU and installed a driver from "
    "http://www.nvidia.com/Download/index.aspx": "cuda-call",
    "AssertionError: Torch not compiled with CUDA enabled": "cuda-call",
    "TypeError: empty(): argument 'size' failed to unpack the object at pos 2 with "
    'error "type must be tuple of ints,but got float"': "float-size",
    "RuntimeError: Subtraction, the `-` operator, with a bool tensor is not supported. "
    "If you are trying to invert a mask, use the `~` or `logical_not()` operator "
    "instead.": "bool-minus",
    "SyntaxError: Non-UTF-8 code starting with '\\xd6' in file old.py on line 1, but "
    "no encoding declared; see https://peps.python.org/pep-0263/ for details":
        "encoding",
}  # fmt: skip


def said_in_sections(language: str) -> list[tuple[str, list[str]]]:
    """Every message that a cell of the chapter printed, and the sections around it."""
    said = []
    for output in html(f"{language}/{OLD_CODE}.html").select(".cell_output pre"):
        around = [section.get("id") for section in output.find_parents("section")]
        if "old-one-command" not in around:  # its messages come again, each in its own
            lines = output.get_text().splitlines()
            said += [(line, around) for line in lines if SAID.search(line)]
    return said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_of_the_chapter_on_old_code_leads_to_its_section(visit, language):
    said = said_in_sections(language)
    assert len(said) > 40
    tab = searching(visit, language)

    results = first_results(tab, [line for line, _ in said])

    lost = [
        (line, found)
        for (line, around), found in zip(said, results, strict=True)
        if not {f"{OLD_CODE}#{label}" for label in around} & set(found)
    ]
    assert lost == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pasted_message_leads_to_its_section(visit, language):
    tab = searching(visit, language)

    found = first_results(tab, list(PASTED))

    expected = [f"{OLD_CODE}#{label}" for label in PASTED.values()]
    first = [results[0] if results else "" for results in found]
    assert dict(zip(PASTED, first, strict=True)) == dict(
        zip(PASTED, expected, strict=True)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reader_pastes_a_message_and_comes_to_its_section(visit, language):
    message = (
        "Traceback: IndexError: invalid index of a 0-dim tensor. Use `tensor.item()`"
    )
    tab = visit().open(f"{language}/search.html")
    tab.fill("main input[name=q]", message)
    tab.press("main input[name=q]", "Enter")
    first = tab.locator("main .search-results li").first
    first.wait_for()

    first.locator("a").click()

    tab.wait_for_url(f"**/{language}/{OLD_CODE}.html*#data-index")
    tab.wait_for_function(
        """() => {
          const { top } = document.querySelector("#data-index").getBoundingClientRect();
          return top >= 0 && top < innerHeight / 2;
        }"""
    )


def test_a_long_line_finds_the_pages_that_have_most_of_it(visit):
    line = "RuntimeError: mat1 and mat2 shapes cannot be multiplied (7x123 and 45x6)"
    tab = searching(visit, "en")

    page = first_results(tab, [line])[0][0].partition("#")[0].removesuffix(".html")
    text = (SITE / "en" / f"{page}.html").read_text(encoding="utf8")
    assert "shapes cannot be multiplied" in text


@pytest.mark.parametrize("query", ["tensor"])
def test_a_few_words_are_not_taken_for_a_message(visit, query):
    tab = searching(visit, "en")

    [found] = first_results(tab, [query])

    assert not [place for place in found if place.startswith(f"{OLD_CODE}#")]


# -- The site as a product ----------------------------------------------------------

PUBLISHED = (SITE / "sitemap.xml").exists()  # only where the address is known
CHAPTERS = [page for page in PAGES if "/chapters/" in page]
# Words of a link that say nothing to somebody who hears only the links of a page.
EMPTY_WORDS = {"here", "this", "link", "more", "read more", "click here", "see here"}
EMPTY_WORDS |= {"这里", "此处", "链接", "点击这里", "点这里", "更多", "详情"}


def shown(element) -> str:
    """Return an element as a message names it."""
    return str(element)[:160]


def test_there_are_pages_in_both_languages():
    assert len(CHAPTERS) >= 20
    assert {twin_of(page) for page in PAGES} == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_it_is(page):
    html_of = html(page)
    language = page[:2]
    faults = []
    if html_of.html.get("lang") != LANGUAGES[language]:
        faults.append(f"lang: {html_of.html.get('lang')!r} on <html>")
    if not (html_of.title and html_of.title.text.strip()):
        faults.append("title: missing in <head>")

    found = html_of.select('meta[name="description"]')
    said = found[0].get("content", "") if found else ""
    if len(found) != 1:
        faults.append(f"description: {len(found)} in <head>, not one")
    elif not re.search(r"[。？.?…]$", said):
        faults.append(f"description: no whole sentence: {shown(found[0])}")
    elif bool(re.search("[\u4e00-\u9fff]", said)) != (language == "zh"):
        faults.append(f"description: in the wrong language: {shown(found[0])}")
    else:
        for other in PAGES:
            told = html(other).select_one('meta[name="description"]')
            if other != page and told and told.get("content") == said:
                faults.append(f"description: the same as on {other}: {said!r}")

    told = {m["property"]: m["content"] for m in html_of.select("meta[property]")}
    wanted = {"og:title", "og:description", "og:locale", "og:type", "og:site_name"}
    wanted |= {"og:url", "og:image"} if PUBLISHED else set()
    for name in sorted(wanted - told.keys()):
        faults.append(f"Open Graph: no {name} in <head>")
    if PUBLISHED:
        tags = {link.get("hreflang") for link in html_of.select("[rel=alternate]")}
        if tags != {*LANGUAGES.values(), "x-default"}:
            faults.append(f"hreflang: {sorted(tags)} in <head>")
        if not html_of.select("link[rel=canonical]"):
            faults.append("canonical: missing in <head>")
    assert faults == [], page


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_built_for_everyone(page):
    faults = []
    headings = html(page).select("article :is(h1, h2, h3, h4, h5, h6)")
    before = 0
    for heading in headings:
        level = int(heading.name[1])
        if level > before + 1:
            faults.append(f"heading level: h{before}, then {shown(heading)}")
        before = level
    if [heading.name for heading in headings].count("h1") != 1:
        faults.append("heading level: not exactly one h1 in <main>")
    if len(html(page).select(".secondary-toggle, #pst-secondary-sidebar")) == 1:
        faults.append("contents without their button, or a button without contents")
    for picture in html(page).select("img"):
        if not picture.get("alt", "").strip():
            faults.append(f"alt text: missing on {shown(picture)}")
        if not (picture.get("width") and picture.get("height")):
            faults.append(f"picture without a size: {shown(picture)}")
        if picture.get("loading") != "lazy":
            faults.append(f"picture that does not wait: {shown(picture)}")
    for link in html(page).select("a[href]"):
        words = link.text.strip() or link.get("aria-label", "")
        if not words or words.lower() in EMPTY_WORDS:
            faults.append(f"link that says nothing: {shown(link)}")
    assert faults == [], page


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_for_little_and_nobody_else(page):
    loaded = html(page).select(
        "script[src], link[rel=stylesheet], link[rel=icon], link[rel=preload], "
        "img, iframe, video, audio, source, object[data], embed"
    )
    faults = []
    for element in loaded:
        source = element.get("src") or element.get("href") or element.get("data", "")
        if re.match(r"(https?:)?//", source):
            faults.append(f"third party: {shown(element)}")
    own = html(page).select("script[src], link[rel=stylesheet]")
    if len(own) > 2:
        faults.append(f"{len(own)} style sheets and scripts: {[*map(shown, own)]}")
    for script in html(page).select("script[src]:not([defer], [async])"):
        faults.append(f"a script that blocks the page: {shown(script)}")
    assert faults == [], page


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_where_it_comes_from(page):
    said = html(page).select("footer .built")
    assert len(said) == 1, f"{page}: {len(said)} times .built in <footer>"
    for what, pattern in {
        "date": r"\b\d{4}-\d\d-\d\d\b",
        "commit or version": r"\b[0-9a-f]{7}\b|\b\d+\.\d+\.\d+ ",
        "version of PyTorch": r"PyTorch \d+\.\d+",
        "version of Python": r"Python 3\.\d+",
    }.items():
        assert re.search(pattern, said[0].text), f"{page}: no {what}: {said[0]}"
    changes = html(page).select(".bd-docs-nav a[href$='changes.html']")
    assert changes or page.endswith("/changes.html"), f"{page}: no way to the changes"
    for link in html(page).select("a.mistake"):
        assert f"language={page[:2]}" in link["href"], f"{page}: {shown(link)}"
        assert page[3:].replace("/", "%2F") in link["href"], f"{page}: {shown(link)}"


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_says_how_long_it_is_and_what_comes_before_it(page):
    order = [
        number.parent["href"]
        for number in html(page).select(".bd-docs-nav .toctree-l1 > a > .number")
    ]
    names = [Path(href).stem for href in order]
    place = order.index("#")
    needs = html(page).select("main p.needs")
    assert len(needs) == 1, f"{page}: {len(needs)} times p.needs in <main>"
    stems = [Path(link["href"]).stem for link in needs[0]("a")]  # terms, too
    linked = [names.index(stem) for stem in stems if stem in names]
    assert not linked or min(linked) < place, f"{page}: {shown(needs[0])}"
    minutes = html(page).select_one(".minutes")
    assert minutes, f"{page}: no .minutes"
    assert 5 <= int(re.search(r"\d+", minutes.text)[0]) <= 90, f"{page}: {minutes}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_next_leads_through_the_whole_book(language):
    page, visited = f"{language}/index.html", []
    while page not in visited:
        visited.append(page)
        following = html(page).select_one("a.right-next")
        if following is None:
            break
        page = urldefrag(urljoin(page, following["href"])).url
    listed = {
        urldefrag(urljoin(f"{language}/index.html", link["href"])).url
        for link in html(f"{language}/index.html").select(".bd-docs-nav li > a")
        if not link["href"].startswith("#")
    }
    assert {page for page in CHAPTERS if page[:2] == language} <= set(visited)
    assert listed <= set(visited), sorted(listed - set(visited))


def test_the_map_names_every_page_that_is_to_be_found():
    hidden = {page for page in PAGES if html(page).select('meta[content="noindex"]')}
    assert hidden == {f"{x}/search.html" for x in LANGUAGES}
    if PUBLISHED:
        text = (SITE / "sitemap.xml").read_text(encoding="utf8")
        found = re.findall(r"<loc>\S*?/((?:zh|en)/\S+?)</loc>", text)
        assert sorted(found) == sorted(set(PAGES) - hidden)
        assert "sitemap.xml" in (SITE / "robots.txt").read_text()
    else:
        addressed = [page for page in PAGES if html(page).select("[rel=canonical]")]
        assert addressed == []


# The observer is told of every shift, with the elements that moved.
NOTE_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries())
    for (const { node } of entry.sources)
      shifts.push(`${entry.value.toFixed(3)}: ${node?.outerHTML?.slice(0, 120)}`);
}).observe({ type: "layout-shift", buffered: true });
"""
SCROLL = """async () => {
  const frame = () =>
    new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  document.documentElement.style.scrollBehavior = "auto";
  const awaited = new Set(document.querySelectorAll("[data-piece]"));
  for (let y = 0; y < document.documentElement.scrollHeight; y += 300) {
    scrollTo(0, y);
    let near;
    do {
      await frame();
      near = [...awaited].filter((piece) =>
        piece.getBoundingClientRect().top < innerHeight + 400);
      // One that has come is drawn in the next frame, before the reader scrolls on.
      for (const piece of near)
        if (piece.querySelector(".piece-box > *")) awaited.delete(piece);
    } while (near.length);
  }
  document.documentElement.style.overflowAnchor = "none"; // as in Safari
  document.querySelector("main img")?.scrollIntoView();
  await frame();
}"""
PICTURES_SHOWN = """() => [...document.images]
  .every((i) => !i.checkVisibility() || (i.complete && i.naturalWidth))"""


@pytest.mark.parametrize("page", PAGES)
def test_nothing_jumps_while_a_page_loads_and_is_scrolled(visit, page):
    visitor = visit(viewport={"width": 360, "height": 640})
    visitor.tab.add_init_script(NOTE_SHIFTS)
    late = []  # a slow line: the pictures come when the reader is there already
    visitor.tab.route("**/_images/*", lambda picture: late.append(picture))
    tab = visitor.open(page)
    tab.evaluate(SCROLL)
    visitor.tab.route("**/_images/*", lambda picture: picture.continue_())
    for picture in late:
        picture.continue_()
    tab.wait_for_function(PICTURES_SHOWN)
    tab.evaluate(NEXT_FRAME)
    assert tab.evaluate("shifts") == [], page


@pytest.mark.parametrize("page", ["zh/index.html", "en/chapters/regression.html"])
@pytest.mark.parametrize("width", [412, 1440])
def test_nothing_jumps_while_a_page_comes_over_a_slow_line(visit, page, width):
    visitor = visit(viewport={"width": width, "height": 900})
    visitor.tab.add_init_script(NOTE_SHIFTS)
    line = visitor.context.new_cdp_session(visitor.tab)
    line.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 150,
            "downloadThroughput": 200_000,  # bytes a second: a page comes in parts
            "uploadThroughput": 90_000,
        },
    )
    tab = visitor.open(page)
    tab.evaluate(NEXT_FRAME)
    assert tab.evaluate("shifts") == []


# What a page is on A4: 180 mm of text are 680 pixels, 265 mm of height 1000.
ON_PAPER = """() => {
  const seen = (e) => e.checkVisibility({ visibilityProperty: true });
  const faults = [];
  const blame = (what, e) => faults.push(`${what}: ${e.outerHTML.slice(0, 120)}`);
  for (const e of document.querySelectorAll(
      ".bd-header-article, nav, button, input, select, [role=search]," +
      " .only-dark, .headerlink"))
    if (seen(e)) blame("on paper", e);
  for (const e of document.querySelectorAll("main details > :not(summary)"))
    if (!seen(e) && !e.matches("script, style")) blame("folded away on paper", e);
  for (const e of document.querySelectorAll("main :is(pre, table, .formula, img)")) {
    if (!seen(e)) continue;
    if (e.getBoundingClientRect().right > innerWidth + 1) blame("beyond the margin", e);
    if (e.scrollWidth > e.clientWidth + 1) blame("cut off in its box", e);
    if (e.scrollHeight > e.clientHeight + 1) blame("cut off below", e);
  }
  for (const e of document.querySelectorAll("main figure"))
    if (e.getBoundingClientRect().height > 1000) blame("higher than a sheet", e);
  for (const e of document.querySelectorAll("main :is(h1, h2, h3, h4), main summary"))
    if (getComputedStyle(e).breakAfter !== "avoid") blame("can end a sheet", e);
  return faults;
}"""


@pytest.mark.parametrize("page", PAGES)
def test_a_page_prints_well_also_for_a_reader_in_the_dark(visit, page):
    tab = visit(viewport={"width": 680, "height": 1000}).open(page)
    tab.emulate_media(media="print", color_scheme="dark")
    tab.evaluate("document.documentElement.dataset.theme = 'dark'")
    ink, ground = tab.evaluate(
        "[getComputedStyle(document.body).color,"
        " getComputedStyle(document.body).backgroundColor]"
        ".map((c) => c.match(/\\d+/g).slice(0, 3).map(Number))"
    )
    assert max(ink) < 80, f"{page}: text in {ink} on paper"
    assert min(ground) > 240, f"{page}: paper in {ground}"
    assert tab.evaluate(ON_PAPER) == [], page


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p[3:] in ("index.html", "api.html")]
)
def test_the_keyboard_begins_with_the_way_to_the_text(visit, page):
    tab = visit().open(page)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.matches('#pst-skip-link a')")
    box = tab.locator("#pst-skip-link a").bounding_box()
    assert box["x"] >= 0  # it shows itself
    tab.keyboard.press("Enter")
    tab.wait_for_url("**#main-content")
    tab.keyboard.press("Tab")
    assert tab.evaluate("!!document.activeElement.closest('main')")


def test_code_is_copied_by_keyboard(visit):
    visitor = visit()
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = visitor.open(CHAPTERS[0])
    button = tab.locator(".cell_input button.copy").first
    button.focus()
    assert button.evaluate("(e) => getComputedStyle(e).opacity") == "1"
    tab.keyboard.press("Enter")
    tab.wait_for_selector("button.copy.done")
    code = tab.locator(".cell_input pre").first.inner_text()
    assert tab.evaluate("navigator.clipboard.readText()").strip() == code.strip()


def from_disk(chromium, page: str, query: str):
    """Open a page without any server, and return its tab and its complaints."""
    tab = chromium.new_context().new_page()
    complaints = []
    tab.on(
        "console", lambda m: complaints.append(m.text) if m.type == "error" else None
    )
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(f"{(SITE / page).as_uri()}?q={query}")
    return tab, complaints


@pytest.mark.parametrize(
    ("language", "query", "said"),
    [
        ("zh", "反向传播", "反向传播"),
        ("zh", "混淆矩阵", "混淆矩阵"),
        ("en", "confusion matrix", "confusion"),
        ("en", "Backpropagation", "back"),
    ],
)
@pytest.mark.parametrize("place", ["disk", "server"])
def test_a_search_shows_what_was_sought_in_its_context(
    visit, chromium, place, language, query, said
):
    page, complaints = f"{language}/search.html", []
    if place == "disk":
        tab, complaints = from_disk(chromium, page, query)
    else:
        tab = visit().open(f"{page}?q={query}")
    found = tab.locator("main .search-results li")
    found.first.wait_for()
    assert said in found.first.inner_text().lower()
    assert found.first.locator("mark").count() > 0
    assert complaints == []
    tab.context.close()
