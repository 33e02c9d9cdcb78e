"""What a site gets as a whole: where it comes from, its map, its cards."""

import json
import platform
import re
import subprocess
from importlib import metadata
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from nn_book.publish import finishing
from nn_book.publish.finishing import Origin, policy
from nn_book.publish.wheel import write_bill
from PIL import Image

DOCS = Path(__file__).parents[1] / "docs"
ADDRESS = "https://example.org/book/"
PAGE = (
    '<html><head><meta charset="utf-8">{}</head><body><!-- built {} --></body></html>\n'
)
NOINDEX = '<meta name="robots" content="noindex">'


def git(folder: Path, *arguments: str) -> str:
    name = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    command = ["git", "-c", "commit.gpgsign=false", *name, *arguments]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, check=True, encoding="utf8"
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A book in a repository with one commit, made west of Greenwich late at night."""
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2024-05-06T23:30:00-05:00")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/conf.py").write_text("")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "one")
    return tmp_path


def make_site(folder: Path) -> Path:
    """Make the pages of a tiny site."""
    for lang in ("zh", "en"):
        (folder / lang / "chapters").mkdir(parents=True)
        pages = {"index": "", "chapters/04-net": "", "search": NOINDEX}
        for name, head in pages.items():
            (folder / lang / f"{name}.html").write_text(PAGE.format(head, lang))
    for name in ("index", "404"):
        text = (DOCS / "root" / f"{name}.html").read_text(encoding="utf8")
        (folder / f"{name}.html").write_text(text, encoding="utf8")
    return folder


# -- Where a page comes from --------------------------------------------------------


def test_a_clean_clone_names_its_commit_and_the_date_in_greenwich(repository):
    commit = git(repository, "rev-parse", "HEAD")
    assert finishing.find_origin(repository) == Origin("2024-05-07", commit)


@pytest.mark.parametrize("changed", ["docs/conf.py", "docs/new.md"])
def test_a_clone_with_changes_says_so(repository, changed):
    (repository / changed).write_text("changed")
    assert finishing.find_origin(repository).changed


def test_a_copy_without_history_claims_no_commit(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/conf.py").write_text("")
    assert finishing.find_origin(tmp_path).commit == ""


def test_a_copy_inside_another_repository_claims_no_commit_of_that(repository):
    copy = repository / "unpacked"
    (copy / "docs").mkdir(parents=True)
    (copy / "docs/conf.py").write_text("")
    assert finishing.find_origin(copy).commit == ""


def test_a_machine_without_git_claims_no_commit(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")
    origin = finishing.find_origin(repository)
    assert origin.commit == ""
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", origin.date)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "origin",
    [
        Origin("2024-05-07", "0123456789abcdef"),
        Origin("2024-05-07", "0123456789abcdef", changed=True),
        Origin("2024-05-07"),
    ],
    ids=["clean", "changed", "copy"],
)
def test_the_sentence_names_date_commit_and_versions(language, origin):
    said = finishing.built(language, origin, repository="")
    assert "2024-05-07" in said
    assert metadata.version("torch") in said
    assert platform.python_version() in said
    assert ("0123456" if origin.commit else metadata.version("nn_tutorial")) in said
    assert any(word in said for word in ("uncommitted", "未提交")) == origin.changed
    assert "{" not in said
    assert "<a" not in said  # nobody knows an address to link to


def test_the_commit_is_linked_where_the_repository_is_known():
    origin = Origin("2024-05-07", "0123456789abcdef")
    said = BeautifulSoup(finishing.built("en", origin, repository="a/b"), "html.parser")
    assert said.a["href"] == "https://github.com/a/b/commit/0123456789abcdef"
    assert said.a.text == "0123456"


def test_both_languages_have_every_sentence():
    assert finishing.BUILT["zh"].keys() == finishing.BUILT["en"].keys()


# -- A whole site -------------------------------------------------------------------


def test_every_page_gets_the_sentence_of_its_language(tmp_path, monkeypatch):
    monkeypatch.delenv("NN_TUTORIAL_SITE_URL", raising=False)
    site = make_site(tmp_path / "site")
    finishing.finish(site)
    for path in site.rglob("*.html"):
        page = path.read_text(encoding="utf8")
        said = BeautifulSoup(page, "html.parser").select("p.built")
        languages = (
            ["zh", "en"] if path.parent == site else [path.relative_to(site).parts[0]]
        )
        chinese = [bool(re.search("[\u4e00-\u9fff]", part.text)) for part in said]
        assert chinese == [language == "zh" for language in languages], path
        assert "<!-- built" not in page
    assert not (site / "sitemap.xml").exists()
    assert not (site / "robots.txt").exists()
    assert "og:image" not in (site / "index.html").read_text(encoding="utf8")


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A site whose address is known."""
    monkeypatch.setenv("NN_TUTORIAL_SITE_URL", ADDRESS)
    site = make_site(tmp_path / "site")
    finishing.finish(site)
    return site


def test_the_map_has_each_page_and_its_twin_and_nothing_that_hides(published):
    names = {
        "s": "http://www.sitemaps.org/schemas/sitemap/0.9",
        "x": "http://www.w3.org/1999/xhtml",
    }
    entries = ElementTree.parse(published / "sitemap.xml").findall("s:url", names)
    found = {
        entry.find("s:loc", names).text: {
            link.get("hreflang"): link.get("href")
            for link in entry.findall("x:link", names)
        }
        for entry in entries
    }
    pages = ["index.html", "chapters/04-net.html"]
    assert found == {
        f"{ADDRESS}{here}/{page}": {
            "zh-CN": f"{ADDRESS}zh/{page}",
            "en": f"{ADDRESS}en/{page}",
        }
        for here in ("zh", "en")
        for page in pages
    }


def test_robots_are_told_where_the_map_is(published):
    lines = (published / "robots.txt").read_text().splitlines()
    assert f"Sitemap: {ADDRESS}sitemap.xml" in lines
    assert "Disallow" not in "".join(lines)


def test_the_door_has_a_card(published):
    head = BeautifulSoup((published / "index.html").read_text("utf8"), "html.parser")
    told = {m["property"]: m["content"] for m in head.select("meta[property]")}
    assert told["og:title"] == head.title.text
    assert told["og:description"] == head.select_one("[name=description]")["content"]
    image = told["og:image"].removeprefix(ADDRESS)
    assert (DOCS / "root" / image).is_file()
    assert head.select_one("[rel=canonical]")["href"] == told["og:url"] == ADDRESS


# -- The pictures -------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_card_shows_the_title_of_the_book_in_real_characters(language):
    door = BeautifulSoup((DOCS / "root/index.html").read_text("utf8"), "html.parser")
    section = door.select_one(f"section[lang^={language}]")
    card = Image.open(DOCS / "root" / f"card-{language}.png")
    assert card.size == (1200, 630)  # what the places that show it ask for
    assert card.text["Title"] == section.h1.text
    assert card.text["Description"] == section.p.text

    boxes = json.loads(card.text["Boxes"])
    assert "".join(character for character, *_ in boxes) == section.h1.text
    gray = card.convert("L").point(lambda value: 255 if value < 128 else 0)
    drawn = {
        character: gray.crop(box).resize((48, 64)).tobytes()
        for character, *box in boxes
        if character != " "
    }
    # Where a font lacks characters, all of them are the same box, or nothing.
    assert all(any(ink) for ink in drawn.values())
    for one, other in combinations(drawn, 2):
        assert drawn[one] != drawn[other], f"{one} looks like {other}"


def test_the_policy_knows_the_scripts_of_the_pages_by_their_hashes():
    # The script and its hash stand in the specification of Content Security Policy.
    said = policy(["<script>alert('Hello, world.');</script>", '<script src="a.js">'])
    scripts = said.partition("script-src ")[2].partition(";")[0]
    # The playground computes in WebAssembly, which needs a permission of its own.
    known = "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
    assert scripts == f"'self' 'wasm-unsafe-eval' {known}"
    assert "'unsafe-eval'" not in said


def test_every_page_carries_the_policy_of_its_own_scripts_before_them(tmp_path):
    site = make_site(tmp_path / "site")
    script = "<script>alert('Hello, world.');</script>"
    page = site / "en" / "index.html"
    page.write_text(page.read_text().replace("</head>", f"{script}</head>"))
    finishing.finish(site)
    known = "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
    for path in site.rglob("*.html"):
        head = BeautifulSoup(path.read_text("utf8"), "html.parser").head
        first, second, *_ = head.find_all(True)
        assert first.get("charset") == "utf-8"
        assert second["http-equiv"] == "Content-Security-Policy"
        assert (known in second["content"]) == (path == page)
        assert "frame-ancestors" not in second["content"]  # browsers ignore it there
    assert known in (site / "_headers").read_text()
    assert "frame-ancestors 'none'" in (site / "_headers").read_text()


def test_a_page_without_its_encoding_gets_no_policy_in_its_place():
    with pytest.raises(ValueError, match="a page without"):
        finishing.with_policy("<html><head></head></html>")


# -- The bill of materials ------------------------------------------------------------


def test_the_bill_names_the_wheel_and_all_that_it_needs_here(tmp_path):
    wheel = tmp_path / "nn_tutorial-1-py3-none-any.whl"
    wheel.write_bytes(b"abc")
    bill = json.loads(write_bill(wheel).read_text(encoding="utf8"))
    # The digest of "abc" stands in FIPS 180-4.
    [digest] = bill["metadata"]["component"]["hashes"]
    assert digest["content"].startswith("ba7816bf8f01cfea414140de5dae2223")
    found = {entry["name"].lower(): entry for entry in bill["components"]}
    assert found["torch"]["version"] == metadata.version("torch")
    assert "libcst" in found  # of an extra
    assert "sphinx" not in found  # of the book, not of the package
    needs = {entry["ref"]: entry["dependsOn"] for entry in bill["dependencies"]}
    main = bill["metadata"]["component"]["bom-ref"]
    assert {found[name]["bom-ref"] for name in ("torch", "numpy")} <= set(needs[main])
    # Every reference leads to an entry: CycloneDX demands it.
    known = {entry["bom-ref"] for entry in bill["components"]} | {main}
    assert needs.keys() == known
    assert {ref for refs in needs.values() for ref in refs} <= known
