"""The places of the pieces that readers can move: HTML, downloads, and mistakes."""

import base64
import json
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from nn_book.offer.markdown import Plain

DOCS = Path(__file__).parents[1] / "docs"
CONF = """\
extensions = ["nn_book.source.bilingual", "nn_book.render.cells", "myst_nb"]
extensions += ["nn_book.render.pictures", "nn_book.render.demos"]
language = "zh_CN" if tags.has("zh") else "en"
html_theme = "basic"
"""
HEAD = """\
---
file_format: mystnb
kernelspec:
  name: python3
---
"""
CHAPTER = """\
# Chapter

```{piece} toy
:state: data=flower&hidden=4,4
% zh
一句话。
% en
One sentence.
```
"""
OWN_PAGE = """\
# Toy

```{code-cell} ipython3
:tags: [remove-input]
from IPython.display import SVG
SVG('<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9"/></svg>')
```

```{piece} toy
:alt: A line.

A line that can be moved.
```
"""
PAGES = {
    "index.md": "# Book\n\n```{toctree}\nchapters/01-a\npieces/toy\n```\n",
    "chapters/01-a.md": CHAPTER,
    "pieces/toy.md": HEAD + OWN_PAGE,
}


@pytest.fixture(scope="module")
def book(make_book):
    book = make_book(PAGES)
    book.write("conf.py", CONF)
    assert book.build("en").warnings() == ""
    return book


def piece_of(html: BeautifulSoup):
    [piece] = html.select("div.piece")
    return piece


def test_a_place_names_its_piece_and_the_set_up_to_open_it_with(book):
    piece = piece_of(book.html("chapters/01-a"))
    assert piece["data-piece"] == "toy"
    assert piece["data-state"] == "data=flower&hidden=4,4"
    assert not piece.has_attr("data-own-page")
    assert piece_of(book.html("pieces/toy")).has_attr("data-own-page")


def test_without_scripts_a_chapter_shows_picture_sentence_and_way_to_the_page(book):
    piece = piece_of(book.html("chapters/01-a"))
    assert "One sentence." in piece.text
    assert "一句话" not in piece.text
    assert piece.img["alt"] == "A line."
    assert (book.file("chapters") / piece.img["src"]).is_file()
    assert piece.a["href"] == "../pieces/toy.html"
    assert "Toy" in piece.a.text


def test_the_own_page_has_the_picture_once_and_no_way_to_itself(book):
    piece = piece_of(book.html("pieces/toy"))
    assert [image["alt"] for image in piece.select("img")] == ["A line."]
    assert len(book.html("pieces/toy").select("img")) == 1
    assert piece.a is None


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ("```{piece} toy\n```\n", "piece toy: say in a sentence what it shows"),
        (
            "```{piece} toy\n:state: data\n\nText.\n```\n",
            "piece toy: write the state as key=value&key=value, not 'data'",
        ),
        ("```{piece} toy\n:alt: Lines.\n\nText.\n```\n", "no code cell above it"),
        ("```{piece} other\n\nText.\n```\n", "it has no page pieces/other.md"),
    ],
)
def test_a_mistake_in_the_directive_is_named(make_book, page, complaint):
    book = make_book({**PAGES, "chapters/01-a.md": f"{HEAD}# Chapter\n\n{page}"})
    book.write("conf.py", CONF)
    assert complaint in book.build("en").warnings()


def test_a_notebook_has_the_sentence_and_says_where_the_piece_is():
    def titles(kind, target):
        assert (kind, target) == ("doc", "/pieces/toy")
        return "Toy"

    text = Plain("en", titles).blocks(CHAPTER.replace("% zh\n一句话。\n% en\n", ""))
    assert "> **Toy**" in text
    assert "> One sentence." in text
    assert "web page of the book" in text
    assert "piece}" not in text
    assert "flower" not in text


def test_the_playground_gets_the_very_points_of_the_book():
    import numpy as np
    from nn_book.render.playground import data_script

    from nn_tutorial.datasets import flower, quadrants, two_gaussians

    text = data_script().removeprefix("pieces.playgroundData = ")
    sets = json.loads(text.removesuffix(";\n"))
    for name, (points, labels) in (
        ("flower", flower()),
        ("gaussians", two_gaussians(seed=0)),
        ("quadrants", quadrants()),
    ):
        numbers = np.frombuffer(base64.b64decode(sets[name]["inputs"]), "<f4")
        assert np.array_equal(numbers.reshape(2, -1).T, points.numpy())
        assert sets[name]["labels"] == "".join(f"{int(y)}" for y in labels.flatten())
