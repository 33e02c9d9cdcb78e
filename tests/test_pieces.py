"""The places of the pieces that readers can move: HTML, downloads, and mistakes."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from nn_book.offer.markdown import MarkdownWriter

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

    text = MarkdownWriter("en", titles).write(
        CHAPTER.replace("% zh\n一句话。\n% en\n", "")
    )
    assert "> **Toy**" in text
    assert "> One sentence." in text
    assert "web page of the book" in text
    assert "piece}" not in text
    assert "flower" not in text


def numbers_of(text):
    """Return the float32 numbers of a data set of the playground, low bytes first."""
    import numpy as np

    planes = np.frombuffer(base64.b64decode(text), "u1").reshape(4, -1)
    return np.ascontiguousarray(planes.T).view("<f4").ravel()


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
        numbers = numbers_of(sets[name]["inputs"])
        assert np.array_equal(numbers.reshape(2, -1).T, points.numpy())
        assert sets[name]["labels"] == "".join(f"{int(y)}" for y in labels.flatten())
    for name, fields in sets.items():  # as a script does into which it is copied
        namespace = {}
        exec(fields["code"], namespace)
        drawn, _ = eval(fields["call"], namespace)
        if not fields["inputs"]:
            # test_new_data_are_those_that_python_draws compares what the page draws.
            assert name in ("xor", "slope")
            continue
        numbers = numbers_of(fields["inputs"])
        assert np.array_equal(numbers[: drawn.numel()].reshape(2, -1).T, drawn), name


# -- One script of many modules -----------------------------------------------------


def test_modules_become_one_script_in_the_order_of_need(tmp_path):
    from nn_book.render.bundle import bundle

    (tmp_path / "main.mjs").write_text(
        'import { twice } from "./twice.mjs";\n'
        "/** @type {number} */\nconst four = /** @type {number} */ (twice(2));\n"
        "// A comment.\npieces.toy = four;\n",
        "utf8",
    )
    (tmp_path / "twice.mjs").write_text(
        "/**\n * @param {number} x\n */\nexport function twice(x) {\n"
        "  return 2 * x;\n}\n",
        "utf8",
    )
    assert bundle(tmp_path / "main.mjs") == (
        '"use strict";\n(() => {\nfunction twice(x) {\nreturn 2 * x;\n}\n\n'
        "const four = (twice(2));\npieces.toy = four;\n})();\n"
    )


@pytest.mark.parametrize(
    ("second", "complaint"),
    [
        ("export const same = 2;\n", "same is declared in"),
        ("export default 3;\n", "cannot bundle: export default 3;"),
        ('import all from "./x.mjs";\n', "cannot bundle: import all"),
    ],
)
def test_what_cannot_share_a_scope_is_named(tmp_path, second, complaint):
    from nn_book.render.bundle import bundle

    main = 'import { same } from "./b.mjs";\nconst same = 1;\n'
    (tmp_path / "main.mjs").write_text(main, "utf8")
    (tmp_path / "b.mjs").write_text(second, "utf8")
    with pytest.raises(ValueError, match=complaint):
        bundle(tmp_path / "main.mjs")


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_modules_compute_what_pytorch_does():
    files = sorted(map(str, (DOCS.parent / "tests/pieces").glob("*.test.mjs")))
    done = subprocess.run(
        ["node", "--test", *files], capture_output=True, encoding="utf8", check=False
    )
    assert done.returncode == 0, done.stdout
