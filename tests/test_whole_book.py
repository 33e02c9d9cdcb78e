"""The whole book in one file: pages as print needs them, EPUB, zip, notebooks."""

# ruff: noqa: E501  (HTML as it is written)

import posixpath
import re
import tomllib
import zipfile
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin
from xml.etree import ElementTree

import pytest
import yaml
from bs4 import BeautifulSoup
from nn_book.publish import epub, whole_book
from nn_book.publish import notebooks as branch

ROOT = Path(__file__).parents[1]
ADDRESS = "https://example.org/book/"
FRAME = """\
<!DOCTYPE html>
<html lang="zh-CN">
<head><title>书</title><meta name="description" content="一本小书。">{head}</head>
<body>
<a href="{root}index.html"><p class="logo__title">小书</p></a>
<a class="btn btn-sm language" href="{root}../en/{name}.html" lang="en" hreflang="en" \
data-language="en">English</a>{menu}
<nav class="bd-docs-nav"><ul>
<li class="toctree-l1"><a href="{root}chapters/b.html"><span>02</span> 乙</a></li>
<li class="toctree-l1"><a href="{root}chapters/a.html"><span>01</span> 甲</a></li>
<li class="toctree-l1"><a href="{root}pieces/index.html">动手</a></li>
</ul></nav>
<main><article class="bd-article">{main}</article></main>
<footer><div class="about"><p>© 作者</p><p><a class="mistake" href="#">报告</a></p>
<p class="built">由提交 <code>abc</code> 制作。</p></div></footer>
</body></html>
"""
MENU = """
<button type="button" popovertarget="menu-downloads">下载全书</button>
<div class="dropdown-menu" id="menu-downloads" popover>
<a class="dropdown-item whole-book" href="../download/x.zip" download>网页</a></div>
"""
INDEX = """\
<section id="front"><h1>小书<a class="headerlink" href="#front">#</a></h1>
<p>读<a href="chapters/a.html#net">这里</a>，<a href="search.html">搜索</a>。</p></section>
"""
FIRST = """\
<p class="chapter"><b>第 01 章</b> <span class="minutes">5 分钟</span></p>
<section id="ch"><h1>甲 &amp; 乙<a class="headerlink" href="#ch">#</a></h1>
<section id="net"><h2>网络<a class="headerlink" href="#net">#</a></h2>
<p>回到<a class="reference" href="../index.html#front">首页</a>，<a href="#net">本节</a>，
取<a href="a.py" download>脚本</a>，看<a href="https://pytorch.org">网站</a>。</p>
<figure id="fig"><img class="only-light" src="../_images/a.svg" alt="线" loading="lazy">
<img class="only-dark" src="../_images/b.svg" alt="线"><figcaption>图 1.1</figcaption></figure>
<div role="group" aria-label="一段片子"><div class="nn-film"><style>.x{}</style>
<svg viewBox="0 0 2 2"><defs><clipPath id="c"><path d="M0 0"/></clipPath></defs>
<g data-frames="0" display="none"><text>first</text></g>
<g data-frames="1"><text>last</text></g></svg>
<div class="nn-film-controls" hidden><button>Play</button></div>
<output class="nn-film-label">last</output><script>start();</script></div></div>
<p>式 <math><mrow><mi>x</mi><mo>&lt;</mo><mi /></mrow></math></p>
<pre>a\x1bb</pre>
<details class="solution" id="solution-01-1"><summary>解答</summary><p>42</p></details>
<div class="piece"><p>一句话。</p><p class="own-page"><a href="../pieces/p.html">单独</a></p></div>
</section></section>
"""
SECOND = '<section id="ch"><h1>乙</h1><p>文字<br>两行</p></section>\n'
PAGES = {"index": INDEX, "chapters/a": FIRST, "chapters/b": SECOND}
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="1pt" height="1pt"/>'
XHTML = "{http://www.w3.org/1999/xhtml}"
MATH = "{http://www.w3.org/1998/Math/MathML}"
OPF = "{http://www.idpf.org/2007/opf}"
DC = "{http://purl.org/dc/elements/1.1/}"
DRAWING = "{http://www.w3.org/2000/svg}"


def write_site(folder, *, published=False):
    """Write a site of three pages, as our layout makes them."""
    for name, main in PAGES.items():
        head = ""
        if published:
            head = (
                f'<link rel="canonical" href="{ADDRESS}zh/{name}.html">'
                f'<link rel="alternate" hreflang="en" href="{ADDRESS}en/{name}.html">'
            )
        path = folder / f"{name}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        root = "../" * name.count("/")
        menu = MENU if name == "index" else ""
        text = FRAME.format(head=head, root=root, name=name, menu=menu, main=main)
        path.write_text(text, encoding="utf8")
    for name, text in {
        "_images/a.svg": SVG,
        "_images/b.svg": SVG,
        "404.html": "<title>没有</title>",
        "search.html": "<title>搜索</title>",
        "chapters/a.py": "print(42)\n",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf8")
    return folder


@pytest.fixture
def site(tmp_path):
    return write_site(tmp_path / "zh")


@pytest.fixture
def published(tmp_path):
    return write_site(tmp_path / "published" / "zh", published=True)


def bind(folder, path):
    """Write the EPUB of a site and return it, opened."""
    epub.write_epub(whole_book.read_book(folder), path, date="2026-11-21")
    return zipfile.ZipFile(path)


# -- Pages for print ------------------------------------------------------------------


def test_the_pages_follow_the_contents_and_chapters_have_their_numbers(site):
    book = whole_book.read_book(site)
    assert [(page.name, page.number, page.title) for page in book.pages] == [
        ("index", "", "小书"),
        ("chapters/b", "02", "乙"),
        ("chapters/a", "01", "甲 & 乙"),
    ]
    assert (book.language, book.tag, book.title) == ("zh", "zh-CN", "小书")
    assert book.description == "一本小书。"
    assert book.about == "© 作者\n由提交 abc 制作。"


def test_what_only_a_screen_can_do_is_left_out_and_a_film_stays_at_its_last_frame(site):
    main = whole_book.read_book(site).pages[2].main
    assert main.select_one("p.chapter").get_text(strip=True) == "第 01 章"
    assert not main.select("script, style, button, output, .headerlink")
    assert [image["src"] for image in main.select("img")] == ["../_images/a.svg"]
    assert [text.string for text in main.select("svg text")] == ["last"]
    assert main.select_one("details").get_text() == "解答42"
    assert "一句话。" in main.get_text()


def test_a_book_that_is_not_built_is_missed_in_words(tmp_path):
    with pytest.raises(whole_book.BookError, match=r"no book in .*zh.*`nox -s docs`"):
        whole_book.read_book(tmp_path / "zh")


# -- EPUB -----------------------------------------------------------------------------


def test_an_epub_begins_with_its_type_and_lists_every_file_once(site, tmp_path):
    with bind(site, tmp_path / "book.epub") as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype") == b"application/epub+zip"
        package = ElementTree.fromstring(archive.read("book/package.opf"))
        items = [item.attrib for item in package.iter(f"{OPF}item")]
        listed = [f"book/{unquote(item['href'])}" for item in items]
        frame = ["mimetype", "META-INF/container.xml", "book/package.opf"]
        assert sorted([*listed, *frame]) == sorted(archive.namelist())
    assert {item["media-type"] for item in items} == {
        *("application/xhtml+xml", "image/svg+xml", "image/png", "text/css")
    }
    properties = {item["href"]: item.get("properties") for item in items}
    assert properties["chapters/a.xhtml"] == "mathml svg"
    assert properties["chapters/b.xhtml"] is None
    names = {item["id"]: item["href"] for item in items}
    assert [names[item.get("idref")] for item in package.iter(f"{OPF}itemref")] == [
        *("cover.xhtml", "nav.xhtml", "index.xhtml"),
        *("chapters/b.xhtml", "chapters/a.xhtml"),
    ]
    assert package.find(f".//{DC}language").text == "zh-CN"
    assert package.find(f".//{DC}title").text == "小书"


def test_pages_of_an_epub_are_xml_and_all_their_links_lead_somewhere(site, tmp_path):
    with bind(site, tmp_path / "book.epub") as archive:
        names = [name for name in archive.namelist() if name.endswith(".xhtml")]
        trees = {name: ElementTree.fromstring(archive.read(name)) for name in names}
        links = 0
        for name, tree in trees.items():
            for tag in tree.iter():
                link = tag.get("href") or tag.get("src")
                if link and not link.startswith("https://"):
                    links += 1
                    path, fragment = urldefrag(urljoin(name, link))
                    assert path in archive.namelist(), (name, link)
                    if fragment:
                        ids = {tag.get("id") for tag in trees[path].iter()}
                        assert unquote(fragment) in ids, (name, link)
        assert links > 10
        page = trees["book/chapters/a.xhtml"]
        assert page.find(f".//{MATH}mo").text == "<"
        assert page.find(f".//{DRAWING}clipPath") is not None
        assert page.find(f".//{DRAWING}svg").get("viewBox") == "0 0 2 2"
        assert page.find(f".//{XHTML}pre").text == "a\N{REPLACEMENT CHARACTER}b"


def test_a_link_out_of_the_book_leads_to_the_web_or_leaves_its_words(
    site, published, tmp_path
):
    def links(folder):
        with bind(folder, tmp_path / "book.epub") as archive:
            text = archive.read("book/chapters/a.xhtml").decode()
            assert "取" in text and "脚本" in text
            found = re.findall(r'<a [^>]*href="([^"]*)"', text)
            return found, "单独" in text  # a paragraph that only names a link

    inside = ["../index.xhtml#front", "a.xhtml#net"]
    web = "https://pytorch.org"
    assert links(site) == ([*inside, web], False)
    script, piece = f"{ADDRESS}zh/chapters/a.py", f"{ADDRESS}zh/pieces/p.html"
    assert links(published) == ([*inside, script, web, piece], True)


def test_the_contents_of_an_epub_name_chapters_and_their_sections(site, tmp_path):
    with bind(site, tmp_path / "book.epub") as archive:
        nav = BeautifulSoup(archive.read("book/nav.xhtml"), "html.parser").nav
    assert nav["epub:type"] == "toc"
    assert [(link.text, link["href"]) for link in nav("a")] == [
        ("小书", "index.xhtml"),
        ("02 乙", "chapters/b.xhtml"),
        ("01 甲 & 乙", "chapters/a.xhtml"),
        ("网络", "chapters/a.xhtml#net"),
    ]


def test_the_same_pages_make_the_same_files(site, tmp_path):
    for path in (tmp_path / "one.epub", tmp_path / "two.epub"):
        bind(site, path).close()
        whole_book.write_zip(site, path.with_suffix(".zip"))
    for kind in ("epub", "zip"):
        first, second = tmp_path / f"one.{kind}", tmp_path / f"two.{kind}"
        assert first.read_bytes().replace(b"one", b"two") == second.read_bytes()
        with zipfile.ZipFile(first) as archive:  # later as well
            assert {info.date_time for info in archive.infolist()} == {whole_book.EPOCH}


@pytest.mark.parametrize("language", whole_book.LANGUAGES)
def test_every_language_has_a_cover_as_high_as_shelves_like_it(language):
    data = (ROOT / "docs" / "covers" / f"{language}.png").read_bytes()
    assert data[1:4] == b"PNG"
    width, height = (int.from_bytes(data[at : at + 4]) for at in (16, 20))
    assert height == 1.6 * width


# -- The zip --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["site", "published"])
def test_an_unpacked_zip_has_whatever_its_pages_link_to(kind, request, tmp_path):
    path = tmp_path / "book-zh.zip"
    whole_book.write_zip(request.getfixturevalue(kind), path)
    with zipfile.ZipFile(path) as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {"book-zh"}
        assert "book-zh/404.html" not in archive.namelist()
        for name in archive.namelist():
            if name.endswith(".html"):
                html = BeautifulSoup(archive.read(name), "html.parser")
                for tag in html.select("[href], [src]"):
                    link = tag.get("href") or tag["src"]
                    inside = posixpath.join("/", posixpath.dirname(name), link)
                    if not link.startswith(("https://", "#")) and "pieces" not in link:
                        target = posixpath.normpath(inside.partition("#")[0])[1:]
                        assert target in archive.namelist(), (name, link)
        switch = BeautifulSoup(archive.read("book-zh/chapters/a.html"), "html.parser")
    language = switch.select_one("a.language")
    if kind == "published":
        assert language["href"] == f"{ADDRESS}en/chapters/a.html"
    else:
        assert language.has_attr("hidden") and not language.has_attr("href")
    assert language["data-language"] == "en"


# -- Notebooks for Colab and Binder ---------------------------------------------------


WHEEL = "https://some-one.example/download/nn_tutorial-0-py3-none-any.whl"


@pytest.fixture
def notebooks(tmp_path):
    """The branch for a site with one notebook in each language."""
    for language in whole_book.LANGUAGES:
        chapters = tmp_path / "site" / language / "chapters"
        chapters.mkdir(parents=True)
        (chapters / "a.ipynb").write_text("{}")
    folder = tmp_path / "notebooks"
    (folder / "zh").mkdir(parents=True)
    (folder / "zh" / "00-old.ipynb").write_text("{}")
    branch.write_notebooks(tmp_path / "site", folder, "some-one/book.py", WHEEL)
    return folder


def test_the_branch_has_the_notebooks_of_both_languages_and_no_old_ones(notebooks):
    files = {p.relative_to(notebooks).as_posix() for p in notebooks.rglob("*.*")}
    assert files == {
        *("README.md", "binder/environment.yml"),
        *("zh/a.ipynb", "en/a.ipynb"),
    }


def test_binder_gets_the_wheel_of_the_site_and_all_it_needs(notebooks):
    text = (notebooks / "binder" / "environment.yml").read_text(encoding="utf8")
    *conda, by_pip = yaml.safe_load(text)["dependencies"]
    assert by_pip == {"pip": [f"nn_tutorial[all] @ {WHEEL}"]}

    # Else pip would fetch them, PyTorch with gigabytes of CUDA first of all.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))
    extras = project["project"]["optional-dependencies"]
    needed = [*project["project"]["dependencies"]]
    needed += [one for name in extras if name != "all" for one in extras[name]]
    names = {re.match(r"[\w-]+", one)[0] for one in needed}
    assert "torch" in names
    assert {"pytorch-cpu" if name == "torch" else name for name in names} <= set(conda)


@pytest.mark.parametrize("name", ["book", "https://github.com/a/b", "a/b c", "a/b/c"])
def test_a_repository_by_another_name_is_refused(name):
    with pytest.raises(
        whole_book.BookError, match=r"NN_TUTORIAL_REPOSITORY is .*owner/name"
    ):
        branch.checked_repository(name)
