"""The frame of the pages: what stands around the text, in the reader's language."""

import ast
import json
import pkgutil
import re
import sys
from itertools import product
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import tinycss2
from bs4 import BeautifulSoup
from nn_book.publish.finishing import Origin
from nn_book.render.links import place_of
from nn_book.render.search import SYNONYMS, messages, read_parts
from nn_book.render.weight import (
    WeightError,
    icons,
    purge,
    without_unused_properties,
    words_of,
)

import nn_tutorial

DOCS = Path(__file__).parents[1] / "docs"
CONF = f"""\
import os
extensions = ["nn_book.source.bilingual", "nn_book.render.layout", "myst_nb"]
extensions += ["nn_book.render.mathml", "nn_book.render.search", "sphinx_book_theme"]
extensions += ["nn_book.render.weight"]
myst_enable_extensions = ["dollarmath"]
language = "zh_CN" if tags.has("zh") else "en"
project = html_title = "书" if tags.has("zh") else "Book"
project_copyright = "作者" if tags.has("zh") else "authors"
html_theme = "theme"
html_theme_path = [{str(DOCS)!r}]
templates_path = [{str(DOCS / "theme/components")!r}]
locale_dirs = [{str(DOCS / "theme/locale")!r}]
html_static_path = [{str(DOCS / "_static")!r}]
html_use_index = False
html_baseurl = os.environ.get("TEST_BASE_URL", "")
"""
PAGES = {
    "index.md": """\
(front)=
% zh
# 首页

第一句话。第二句话里有公式 $x^2$，所以不算。
% en
# Front page

A first sentence.
A second one, with a formula $x^2$, is left out.
% all

```{toctree}
chapters/net
terms
```
""",
    "chapters/net.md": r"""
(net)=
% zh
# 网络

见 {eq}`eq-line` 和 {term}`激活函数 <activation function>`。
% en
# A network

See {eq}`eq-line` and {term}`activation function`.
% all

```{math}
:label: eq-line
y = w x + b
```

| a | b |
|---|---|
| 1 | 2 |
""",
    "terms.md": """\
(terms)=
% zh
# 词汇表
% en
# Glossary
% all

```{glossary}
激活函数
activation function
% zh
    加权和之后的函数。
% en
    The function after the sum.
```
""",
}


@pytest.fixture(scope="module")
def pages(make_book):
    """The book above in both languages: ``pages["zh"].html("terms")`` is its HTML."""
    books = {"zh": make_book(PAGES), "en": make_book(PAGES)}
    for language, book in books.items():
        book.write("conf.py", CONF)
        assert book.build(language).warnings() == ""
    return books


# -- The frame --------------------------------------------------------------------


def test_every_page_says_its_language(pages):
    for language, tag in (("zh", "zh-CN"), ("en", "en")):
        for page in ("index", "chapters/net", "search"):
            assert pages[language].html(page).html["lang"] == tag


@pytest.mark.parametrize(
    ("page", "root"),
    [("index", "."), ("search", "."), ("chapters/net", "..")],
)
def test_the_switch_leads_to_the_same_page_in_the_other_language(pages, page, root):
    for here, there, name, tag in (
        ("zh", "en", "English", "en"),
        ("en", "zh", "中文", "zh-CN"),
    ):
        (link,) = pages[here].html(page).select("a.language")
        assert link["href"] == f"{root}/../{there}/{page}.html"
        assert (link.text, link["lang"], link["hreflang"]) == (name, tag, tag)


def test_a_chinese_page_has_no_english_interface_word(pages):
    for page in ("index", "chapters/net", "search"):
        html = pages["zh"].html(page)
        ours = (
            "article.bd-article, script, .logo__title, .bd-links a, #pst-page-toc-nav"
        )
        for part in html.select(ours):
            part.extract()
        parts = [html.body]
        said = [part.get_text(" ") for part in parts]
        for name, element in product(
            ("aria-label", "title", "placeholder", "alt"),
            html.find_all(True),
        ):
            said.append(element.get(name) or "")
        said += [
            html.body[name] for name in html.body.attrs if name.startswith("data-")
        ]
        words = set(re.findall("[A-Za-z]{2,}", " ".join(said)))
        assert words <= {"English", "Ctrl"}


def test_the_catalog_has_every_word_of_the_components():
    catalog = (DOCS / "theme/locale/zh_CN/LC_MESSAGES/sphinx.po").read_text("utf8")
    sources = [
        *DOCS.glob("theme/**/*.html"),
        DOCS / "machinery/nn_book/render/layout.py",
        DOCS / "machinery/nn_book/render/front_page.py",
    ]
    texts = "\n".join(path.read_text("utf8") for path in sources)
    words = {word for _, word in re.findall(r"""\b_\((['"])(.+?)\1\)""", texts)}
    assert len(words) > 20
    for word in words:
        entry = f'msgid "{re.escape(word)}"\nmsgstr ".*[\u4e00-\u9fff]'
        assert re.search(entry, catalog), word


def test_the_contents_number_the_chapters_and_mark_the_page(pages):
    def entries(page):
        items = pages["en"].html(page).select(".bd-docs-nav li.toctree-l1")
        return [
            (item.a.text.strip(), item.a["href"], "current" in item["class"])
            for item in items
        ]

    assert entries("index")[0] == ("1A network", "chapters/net.html", False)
    assert entries("chapters/net")[0] == ("1A network", "#", True)
    assert entries("chapters/net")[1] == ("Glossary", "../terms.html", False)
    assert entries("terms")[1] == ("Glossary", "#", True)
    assert pages["zh"].html("chapters/net").select_one(".chapter b").text == "第 1 章"
    assert not pages["zh"].html("terms").select(".chapter")


def test_a_page_asks_for_one_style_sheet_and_one_script(pages):
    html = pages["en"].html("chapters/net")
    assert [link["href"] for link in html.select("link[rel=stylesheet]")] == [
        "../_static/book.css"
    ]
    scripts = [script for script in html.select("script") if script.get("src")]
    assert [script["src"] for script in scripts] == ["../_static/book.js"]
    assert scripts[0].has_attr("defer")


def test_nothing_in_a_page_needs_a_lax_policy(pages):
    """A strict policy knows inline scripts by their hash: all pages have the same."""
    inline = set()
    for language, page in product(("zh", "en"), ("index", "search", "chapters/net")):
        html = pages[language].html(page)
        inline |= {s.text for s in html.select("script") if not s.get("src")}
        for element in html.find_all(True):
            assert not [name for name in element.attrs if name.startswith("on")]
    assert len(inline) == 1


def test_nothing_that_is_loaded_lies_on_another_host(pages):
    sources = [*DOCS.glob("_static/**/*.*"), *DOCS.glob("root/*.html")]
    sources += [pages["en"].file(f"_static/book.{kind}") for kind in ("css", "js")]
    for text in [path.read_text("utf8") for path in sources]:
        assert not re.search(
            r"""(url\(|@import|src=|fetch\()["']?\s*(https?:)?//""", text
        )
    for language, page in product(("zh", "en"), ("index", "search")):
        for element in pages[language].html(page).select("[src], link[href]"):
            assert "//" not in (element.get("src") or element["href"])


def test_a_page_describes_itself_by_its_first_whole_sentences(pages):
    def description(html):
        return html.select_one("meta[name=description]")["content"]

    assert description(pages["zh"].html("index")) == "第一句话。"
    assert description(pages["en"].html("index")) == "A first sentence."


def test_a_beginning_without_a_sentence_is_cut_between_words(make_book):
    book = make_book({"index.md": "# Page\n\n" + "many words " * 30 + "\n"})
    book.write("conf.py", CONF)
    head = book.build().html().head
    said = head.select_one("meta[name=description]")["content"]
    assert re.fullmatch(r"(many words )+many…|(many words )*many words…", said)
    assert 140 < len(said) <= 160


def test_a_chapter_is_described_by_what_the_front_page_says_of_it(make_book):
    entry = "- {{doc}}`{} <chapters/net>`{}\n".format
    list_of_chapters = (
        f"\n% zh\n{entry('网络', '：拆开一个网络。')}"
        f"% en\n{entry('A network', ': take a network apart.')}% all\n"
    )
    book = make_book({**PAGES, "index.md": PAGES["index.md"] + list_of_chapters})
    book.write("conf.py", CONF)
    for language, said in (("zh", "拆开一个网络。"), ("en", "Take a network apart.")):
        head = book.build(language).html("chapters/net").head
        assert head.select_one("meta[name=description]")["content"] == said
        assert head.select_one("[property='og:description']")["content"] == said

    # ... also when only the front page changes.
    index = (book.docs / "index.md").read_text("utf8")
    book.write("index.md", index.replace("apart", "to pieces"))
    head = book.build("en").html("chapters/net").head
    said = head.select_one("meta[name=description]")["content"]
    assert said == "Take a network to pieces."


def test_a_shared_link_shows_title_and_language_of_the_page(pages):
    for language, title, locales in (
        ("zh", "网络", ["zh_CN", "en_US"]),
        ("en", "A network", ["en_US", "zh_CN"]),
    ):
        head = pages[language].html("chapters/net").head
        told = {m["property"]: m["content"] for m in head.select("meta[property]")}
        assert told["og:title"] == title
        assert [told["og:locale"], told["og:locale:alternate"]] == locales
        assert told["og:type"] == "article"
        assert "og:image" not in told  # it needs an address


def test_the_reading_time_counts_text_and_code_but_no_solution(make_book):
    words = "word " * 2280  # 10 minutes
    lines = "\n".join(f"n{number} = 0" for number in range(75))  # 5 minutes
    cell = f"```{{code-cell}}\n{lines}\n```\n"
    chapter = (
        f"---\nfile_format: mystnb\n---\n# T\n\n{words}\n\n{cell}\n"
        f"```{{solution}} 04-1\n```\n{words}\n\n{cell}```{{solution-end}}\n```\n"
    )
    toctree = "```{toctree}\nchapters/a\nchapters/b\n```\n"
    short = "# T\n\nword\n"
    book = make_book(
        {
            "index.md": f"# Book\n\n{toctree}",
            "chapters/a.md": chapter,
            "chapters/b.md": short,
        }
    )
    options = "extensions.append('nn_book.render.cells')\nnb_execution_mode = 'off'\n"
    book.write("conf.py", CONF + options)
    book.build()
    assert book.html("chapters/a").select_one(".minutes").text == (
        "about 15 min to read"
    )
    assert "about 5 min" in book.html("chapters/b").select_one(".minutes").text
    assert not book.html("index").select(".minutes")


def test_chinese_characters_are_read_at_their_own_speed(make_book):
    chapter = "# T\n\n" + "字" * 2550 + "\n"
    toctree = "```{toctree}\nchapters/a\n```\n"
    book = make_book({"index.md": f"# B\n\n{toctree}", "chapters/a.md": chapter})
    book.write("conf.py", CONF)
    html = book.build("zh").html("chapters/a")
    assert html.select_one(".minutes").text == "阅读约 10 分钟"


NEEDS = """(net)=
% zh
# 网络

先读{ch}`a`；{ch}`b`还会讲到。

先读别的也行。
% en
# A network

Read {ch}`a` first. {Ch}`b` goes on.

Read something else if you like.
% all
"""


def test_what_a_chapter_needs_is_marked_and_linked(make_book):
    toctree = "```{toctree}\nchapters/a\nchapters/b\n```\n"
    book = make_book(
        {
            "index.md": f"# Book\n\n{toctree}",
            "chapters/a.md": "# A\n",
            "chapters/b.md": NEEDS,
        }
    )
    book.write("conf.py", CONF)
    for language, words in (("zh", "第 {} 章"), ("en", "chapter {}")):
        book.build(language)
        assert book.warnings() == ""
        (needs,) = book.html("chapters/b").select("main p.needs")
        first, second = needs("a")
        assert (first.text, first["href"]) == (words.format(1), "a.html")
        assert second.text.lower() == words.format(2)


def test_a_mistake_is_reported_with_page_and_language(pages, make_book):
    assert not pages["en"].html("chapters/net").select("a.mistake")

    book = make_book(PAGES)
    book.write("conf.py", CONF + "repository = 'a/b'\n")
    for language in ("zh", "en"):
        (link,) = book.build(language).html("chapters/net").select("a.mistake")
        address, _, query = link["href"].partition("?")
        assert address == "https://github.com/a/b/issues/new"
        assert parse_qs(query) == {
            "template": ["mistake.yml"],
            "page": [f"{language}/chapters/net.html"],
            "language": [language],
        }


def test_readers_see_the_changes_in_their_language(make_book):
    book = make_book({"index.md": "# Book\n\n```{changes}\n```\n"})
    book.write("conf.py", CONF + "extensions.append('nn_book.render.changes')\n")
    versions = ["## 0.2\n\n- Newer `x`.\n\n---\n\n- 更新的 `x`。\n"]
    versions += ["## 0.1\n\n- Old.\n\n---\n\n- 旧的。\n"]
    book.write("../CHANGELOG.md", "# Changes\n\n" + "\n".join(versions))
    for language, items in (
        ("zh", ["更新的 x。", "旧的。"]),
        ("en", ["Newer x.", "Old."]),
    ):
        main = book.build(language).html().article
        assert book.warnings() == ""
        assert [item.text.strip() for item in main("li")] == items
        assert [h2.find(string=True) for h2 in main("h2")] == ["0.2", "0.1"]


def test_only_a_published_site_knows_its_address(pages, make_book, monkeypatch):
    assert (
        not pages["zh"].html("chapters/net").select("[rel=canonical], [rel=alternate]")
    )

    monkeypatch.setenv("TEST_BASE_URL", "https://example.org/book/zh/")
    book = make_book(PAGES)
    book.write("conf.py", CONF)
    head = book.build("zh").html("chapters/net").head

    page = "chapters/net.html"
    (canonical,) = head.select("[rel=canonical]")
    assert canonical["href"] == f"https://example.org/book/zh/{page}"
    alternates = {a["hreflang"]: a["href"] for a in head.select("[rel=alternate]")}
    assert alternates == {
        "zh-CN": f"https://example.org/book/zh/{page}",
        "en": f"https://example.org/book/en/{page}",
        "x-default": f"https://example.org/book/en/{page}",
    }
    told = {m["property"]: m["content"] for m in head.select("meta[property]")}
    assert told["og:url"] == canonical["href"]
    assert told["og:image"] == "https://example.org/book/card-zh.png"
    assert (DOCS / "root" / "card-zh.png").is_file()


def test_a_table_scrolls_in_its_own_box(pages):
    html = pages["zh"].html("chapters/net")
    assert html.select("div.pst-scrollable-table-container > table")


def test_formulas_are_numbered_within_their_chapter(make_book):
    formula = "\n\n$$\nx\n$$ ({})\n\n".format
    toctree = "```{toctree}\nchapters/a\nchapters/b\n```\n"
    pages = {
        "index.md": f"# Book{formula('eq-0')}{toctree}",
        "chapters/a.md": f"# A{formula('a')}{formula('b')}See {{eq}}`c`.\n",
        "chapters/b.md": f"# B{formula('c')}",
    }
    book = make_book(pages)
    book.write("conf.py", CONF + "numfig = math_numfig = True\n")
    assert book.build().warnings() == ""

    def numbers(page):
        return [number.find(string=True) for number in book.html(page).select(".eqno")]

    assert numbers("index") == ["(1)"]
    assert numbers("chapters/a") == ["(1.1)", "(1.2)"]
    assert numbers("chapters/b") == ["(2.1)"]
    assert "See (2.1)." in book.html("chapters/a").main.text


def test_only_figures_of_chapters_are_numbered(make_book):
    page = "# Page\n\n```{figure} /dot.svg\n:name: fig\n:alt: a dot\n\nA dot.\n```\n"
    toctree = "\n```{toctree}\nchapters/a\n```\n"
    book = make_book({"index.md": page + toctree, "chapters/a.md": page})
    book.write("dot.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    book.write("conf.py", CONF + "numfig = True\n")
    book.build()
    captions = {name: book.html(name).figcaption.p for name in ("index", "chapters/a")}
    assert not captions["index"].select(".caption-number")
    assert captions["chapters/a"].select_one(".caption-number").text == "Fig. 1.1 "


def test_a_list_of_pages_becomes_cards_with_a_picture_of_each(make_book):
    figure = "# {}\n\n```{{figure}} /{}.svg\n:alt: a {}\n```\n".format
    pages = {
        "index.md": "# Book\n\n- {doc}`chapters/a`: one `x`.\n"
        "- {doc}`chapters/b`: two.\n\n"
        "* {doc}`chapters/a`\n* no page\n\n"
        "```{toctree}\nchapters/a\nchapters/b\n```\n",
        "chapters/a.md": figure("A", "dot", "dot") + figure("#", "line", "line"),
        "chapters/b.md": "# B\n",
    }
    book = make_book(pages)
    for name in ("dot", "line"):
        book.write(f"{name}.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    book.write("conf.py", CONF)
    first, second = book.build().html().select("ul.cards > li")
    assert [image["alt"] for image in first("img")] == ["a dot"]
    assert [p.text for p in first("p")] == ["Chapter 1", "A", "One x."]
    assert (second("img"), second.a["href"]) == ([], "chapters/b.html")
    plain = book.html().find("p", string="no page").find_parent("ul")
    assert "cards" not in plain.get("class", [])


def test_a_page_whose_source_is_gone_leaves_the_site(make_book):
    book = make_book(
        {"index.md": "# Book\n", "old.md": "---\norphan: true\n---\n# Old\n"}
    )
    book.write("conf.py", CONF)
    assert book.build().file("old.html").exists()
    (book.docs / "old.md").unlink()
    book.build()
    assert not book.file("old.html").exists()
    assert book.file("index.html").exists()
    assert book.file("search.html").exists()


def test_english_beside_a_chinese_term_is_said_to_be_english(make_book):
    text = "训练误差小，叫过拟合（overfitting）；又如提前停止（early stopping，早停）。"
    book = make_book({"index.md": f"# 书\n\n{text}一个参数（参数 w）。\n"})
    book.write("conf.py", CONF)
    marked = book.build("zh").html().select("article p span[lang=en]")
    assert [span.text for span in marked] == ["overfitting", "early stopping"]
    assert text in book.html().article.text
    assert not book.build("en").html().select("article [lang]")


# -- Formulas ---------------------------------------------------------------------


def test_a_formula_with_a_label_has_its_number_and_is_referred_to(pages):
    html = pages["en"].html("chapters/net")
    (formula,) = html.select("div.math#equation-eq-line")
    assert formula.select_one("math[display=block]")
    assert formula.select_one(".eqno").text.startswith("(1)")
    assert html.select_one('main a[href="#equation-eq-line"]').text == "(1)"


def test_a_formula_that_fails_is_reported_with_its_file_and_line(make_book):
    book = make_book(
        {"index.md": "# Title\n\nText\nwith $\\foo{x}$.\n\n$$\n\\bar\n$$\n"}
    )
    book.write("conf.py", CONF)
    complaints = book.build().warnings().splitlines()
    assert len(complaints) == 2
    assert "index.md:3: WARNING: the formula '\\\\foo{x}'" in complaints[0]
    assert 'Unknown command "\\foo"' in complaints[0]
    assert "index.md:6: WARNING: the formula '\\\\bar'" in complaints[1]


# -- Glossary ---------------------------------------------------------------------


def test_a_term_shows_the_readers_word_first_and_marks_the_other(pages):
    def words(language):
        return [
            (dt.find(string=True), dt.get("lang"))
            for dt in pages[language].html("terms")("dt")
        ]

    assert words("zh") == [("激活函数", None), ("activation function", "en")]
    assert words("en") == [("activation function", None), ("激活函数", "zh-CN")]


def test_a_term_has_the_same_anchor_in_both_languages(pages):
    for language, shown in (("zh", "激活函数"), ("en", "activation function")):
        link = pages[language].html("chapters/net").select_one('a[href*="terms.html#"]')
        assert link.text == shown
        assert link["href"] == "../terms.html#term-activation-function"
        assert pages[language].html("terms").select("#term-activation-function")


# -- Reference --------------------------------------------------------------------


def test_the_reference_has_every_module_of_the_package():
    modules = {module.name for module in pkgutil.iter_modules(nn_tutorial.__path__)}
    page = (DOCS / "api.md").read_text("utf8")
    public = {name for name in modules if not name.startswith("_")}
    assert set(re.findall(r"automodule:: nn_tutorial\.(\w+)", page)) == public


TINY = '''\
"""A module that stands alone."""


def multiply(number, factor):
    """Return a multiple of a number.

    Args:
        number: Any `int`.
        factor: Another one.
    """
    return factor * number
'''
REFERENCE = """\
(ref)=
% zh
# 参考

中文。
% en
# Reference

English.
% all

{py:class}`other.Thing`

```{eval-rst}
.. automodule:: tiny
   :members:
```
"""


@pytest.fixture
def reference(make_book, monkeypatch):
    """Build the reference of a tiny module in one language."""

    def build(language, more=""):
        book = make_book({"index.md": REFERENCE})
        extensions = [
            "nn_book.render.links",
            "sphinx.ext.autodoc",
            "sphinx.ext.napoleon",
        ]
        options = (
            f"extensions += {extensions}\nnitpicky = True\ndefault_role = 'code'\n"
        )
        book.write("conf.py", CONF + options + more)
        book.write("tiny.py", TINY)
        address = "https://example.org/docs/"
        book.write(
            "inventories/other.txt", f"{address}\nother.Thing py:class p.html#$\n"
        )
        monkeypatch.syspath_prepend(book.docs)
        assert book.build(language).warnings() == ""
        return book.html().article

    yield build
    sys.modules.pop("tiny", None)


def test_a_docstring_in_the_chinese_reference_is_marked_as_english(reference):
    main = reference("zh")
    english = [part.text for part in main.select("p[lang=en]")]
    assert english == [
        "A module that stands alone.",
        "Return a multiple of a number.",
        "number – Any int.",
        "factor – Another one.",
    ]
    assert main.find("p", string="中文。").get("lang") is None
    assert main.select_one("dl.field-list dt").find(string=True) == "参数"


def test_nothing_is_marked_in_the_english_reference(reference):
    assert not reference("en").select("[lang]")


def test_every_function_of_the_package_is_found_in_its_file():
    root = DOCS.parent
    for module in pkgutil.iter_modules(nn_tutorial.__path__, "nn_tutorial."):
        tree = ast.parse((root / file_of(module)).read_text("utf8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                place = place_of(module.name, node.name)
                assert place == (file_of(module), first), node.name
    assert place_of("nn_tutorial.mnist", "MIRRORS") is None


def file_of(module: pkgutil.ModuleInfo) -> str:
    return module.name.replace(".", "/") + ("/__init__.py" if module.ispkg else ".py")


def test_a_function_links_to_its_source_where_the_repository_is_known(
    reference, monkeypatch
):
    monkeypatch.setattr(
        "nn_book.render.links.find_origin",
        lambda: Origin("2024-05-06", "0123abc"),
    )
    sources = "extensions.append('nn_book.render.links')\n"
    assert not reference("en", sources).select(".viewcode-link")
    html = reference("en", sources + "repository = 'a/b'\n")
    (link,) = html.select("a:has(.viewcode-link)")
    assert link["href"] == "https://github.com/a/b/blob/0123abc/tiny.py#L4"


def test_names_of_others_link_to_their_documentation_without_asking_it(reference):
    link = reference("en").select_one("a.external")
    assert link["href"] == "https://example.org/docs/p.html#other.Thing"


# -- Search -----------------------------------------------------------------------


def test_the_text_of_a_page_is_cut_into_its_parts():
    page = (
        '<section id="a"><h1>One<a class="headerlink" href="#a">#</a></h1>\n'
        "<p>1 &lt; 2</p><svg><text>no</text></svg>\n"
        '<section id="b"><h2>Two</h2><p>more</p></section></section>'
        '<dl><dt id="term-0">激活</dt><dt id="term-relu">ReLU</dt>'
        "<dd><p>函数</p></dd></dl>"
    )
    parts = read_parts(BeautifulSoup(page, "html.parser"))
    assert [(part.anchor, part.kind, part.title, part.text) for part in parts] == [
        ("a", "h1", "One", "1 < 2"),
        ("b", "h2", "Two", "more"),
        ("term-relu", "dt", "激活", "函数"),
        ("term-relu", "dt", "ReLU", "函数"),
    ]


def test_a_row_with_a_message_leads_to_the_section_that_it_links_to():
    rows = (
        "<tr><td><code>IndexError: no <span>x</span></code></td>"
        '<td><a href="#why">why</a></td></tr>'
        '<tr><td><code>fine</code></td><td><a href="#ok">ok</a></td></tr>'
    )
    page = BeautifulSoup(rows, "html.parser")
    assert [(part.title, part.anchor) for part in messages(page)] == [
        ("IndexError: no x", "why")
    ]


def test_the_search_reads_the_text_of_the_book_from_a_script(pages):
    script = pages["zh"].file("_static/search-data.js").read_text("utf8")
    data = json.loads(script.removeprefix("search.data = ").removesuffix(";\n"))
    assert data["pages"][0] == ["chapters/net", "网络"]
    assert data["parts"][0][:4] == [0, "net", "h1", "网络"]
    assert "MathML" not in script
    terms = [part[3] for part in data["parts"] if part[2] == "dt"]
    assert terms == ["激活函数", "activation function"]


def test_sphinx_writes_no_search_of_its_own(pages):
    for name in ("searchindex.js", "_static/searchtools.js", "_static/scripts"):
        assert not pages["en"].file(name).exists()


def test_the_book_says_every_word_that_a_synonym_stands_for():
    texts = [path.read_text("utf8").lower() for path in DOCS.glob("**/*.md")]
    for said, ours in SYNONYMS.items():
        words = ours.split()
        assert any(all(word in text for word in words) for text in texts), said


# -- Weight -----------------------------------------------------------------------


def purged(css: str, words: set[str]) -> str:
    return purge(tinycss2.parse_stylesheet(css), words)


def test_a_rule_goes_only_if_nothing_can_match_it():
    css = ".a .b{x:1}.a:not(.c){x:2}.c,#i{x:3}h1 .c{x:4}@media print{.c{x:5}.a{x:6}}"
    kept = purged(css, {"a", "i"})
    assert kept == ".a:not(.c){x:2}#i{x:3}@media print{.a{x:6}}"


def test_the_words_of_scripts_count_as_classes():
    words = words_of(['<p class="a b" id="c">d</p>'], ["list.add('e-f')"])
    assert {"a", "b", "c", "e-f"} <= words
    assert "d" not in words


def test_a_property_that_nothing_reads_goes_with_all_of_its_value():
    css = '.a{--x:url("a;b");--y:1;color:var(--z)}.b{--z:2}.c{x:--w}'
    assert without_unused_properties(css, "") == ".a{color:var(--z)}.b{--z:2}.c{x:--w}"


def test_a_missing_icon_stops_the_build():
    with pytest.raises(WeightError, match="no-such-icon"):
        icons(['<i class="fa-solid fa-no-such-icon"></i>'], "{}")


def test_code_is_marked_only_where_it_has_a_colour(make_book):
    code = 'for name in names:  # why\n    print(f"{name}", 1)'
    book = make_book({"index.md": f"# B\n\n```python\n{code}\n```\n"})
    book.write("conf.py", CONF)
    block = book.build().html().select_one(".highlight pre")
    assert block.text.strip() == code
    marks = [(span["class"], span.text) for span in block("span") if span.text]
    assert (["k"], "for") in marks
    assert (["ow"], "in") in marks
    assert (["c1"], "# why") in marks
    assert (["nb"], "print") in marks
    assert (["mi"], "1") in marks
    assert not {"name", "names", ":", "(", ")", ","} & {text for _, text in marks}


# -- Colors ----------------------------------------------------------------------


def luminance(color: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return sum(
        weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )


def contrast(one: str, other: str) -> float:
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def test_every_colour_of_text_can_be_read_on_every_ground():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    css = (DOCS / "theme/static/frame.css").read_text("utf8")
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", css)
    colors = {name: themes for name, *themes in found}
    grounds = ("ground", "tint", "line", "mark", "sbt-color-announcement")
    texts = [name for name in colors if name not in grounds]
    assert len(texts) >= 10
    for name, ground, theme in product(texts, ("ground", "tint"), (0, 1)):
        value = contrast(colors[name][theme], colors[ground][theme])
        assert value >= 4.5, (
            f"{name} on {ground}, {('light', 'dark')[theme]}: {value:.2f}"
        )
    for theme in (0, 1):
        assert contrast(colors["text"][theme], colors["mark"][theme]) >= 4.5
        assert contrast("#ffffff", colors["sbt-color-announcement"][theme]) >= 4.5


# -- The door ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["index.html", "404.html"])
def test_the_pages_at_the_door_speak_both_languages_without_a_script(name):
    html = BeautifulSoup((DOCS / "root" / name).read_text("utf8"), "html.parser")
    assert html.title.text
    for language, tag in (("zh", "zh-CN"), ("en", "en")):
        section = html.select_one(f'section[lang="{tag}"]')
        link = section.select_one(f'a[href="{language}/index.html"]')
        assert link["hreflang"] == tag
        assert section.h1.text
