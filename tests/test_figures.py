import json
import struct

import nbformat
import pytest
from bs4 import BeautifulSoup

PAGE = """\
---
file_format: mystnb
kernelspec: {name: python3}
---
# Figures

```{code-cell}
from matplotlib import pyplot as plt
from nn_tutorial.plotting import Film, use_style

use_style()
plt.subplots(figsize=(4.5, 4.5))[1].plot([1, 2]);
```
```{caption} fig-line
:alt: A line that rises.

What rises.
```

```{code-cell}
def draw(ax, step):
    ax.plot([0, step], [0, 1])
    return f"step {step}"

Film(draw, [1, 2]).show()
```
```{caption} fig-film
:alt: A line that turns.

What turns.
```

```{code-cell}
from IPython.display import Image, SVG, display
from io import BytesIO

file = BytesIO()
plt.imsave(file, [[0, 1, 0], [1, 0, 1]])
display(Image(file.getvalue()))
```
```{caption} fig-raster
:alt: Six pixels.

What has pixels.
```

```{code-cell}
svg = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"></svg>'
display(SVG(svg))
```
```{caption} fig-drawn
:alt: Nothing, drawn by hand.

What somebody drew.
```

```{code-cell}
ax = plt.subplots(figsize=(1, 1))[1]
ax.add_artist(plt.Circle((0.5, 0.5), 0.2, color="#0072B2"))
ax.set_axis_off()
```
```{caption} fig-inkless
:alt: A blue disc.

What has no text.
```

![Six pixels on the page](six.png)
"""


@pytest.fixture(scope="module")
def book(make_book):
    book = make_book({"index.md": PAGE})
    conf = book.docs / "conf.py"
    conf.write_text(
        conf.read_text(encoding="utf8")
        + 'extensions.append("nn_book.render.pictures")\n'
    )
    # The smallest picture that is one: a PNG header of 3 x 2 pixels.
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII5x", 13, b"IHDR", 3, 2)
    (book.docs / "six.png").write_bytes(header)
    return book.build()


def test_nothing_is_complained_about(book):
    assert book.warnings() == ""


def test_a_notebook_sends_transparent_svg_of_the_asked_size_without_a_date(book):
    [executed] = book.file(".").parent.rglob("index.ipynb")
    cells = nbformat.read(executed, as_version=4).cells
    outputs = [cell.outputs for cell in cells if cell.cell_type == "code"]
    [figure], [film] = outputs[:2]
    svg = figure.data["image/svg+xml"]
    assert "image/png" not in figure.data
    assert 'width="324pt" height="324pt"' in svg  # 4.5 in at 72 points
    assert "dc:date" not in svg
    assert "fill: #ffffff" not in svg
    # JupyterLab then puts a light ground behind the picture on a dark page.
    assert figure.metadata["needs_background"] == "light"
    assert film.data["text/html"].count("<svg") == 1
    assert film.data["text/plain"].startswith("<Film of 2 frames")


def test_a_figure_has_a_light_and_a_dark_twin_with_the_same_alt_text(book):
    light, dark = book.html().select("#fig-line img")
    assert light["class"] == ["only-light"]
    assert dark["class"] == ["only-dark"]
    assert light["alt"] == dark["alt"] == "A line that rises."
    light_svg, dark_svg = (
        book.file(image["src"]).read_text(encoding="utf8") for image in (light, dark)
    )
    assert "#e4e7ea" in dark_svg and "#1c2024" not in dark_svg
    assert light_svg == dark_svg.replace("#e4e7ea", "#1c2024")
    assert "#0072b2" in dark_svg  # colors of data stay


def test_every_picture_keeps_its_place_and_is_fetched_when_it_is_near(book):
    images = book.html().select("img")
    sizes = {image["alt"]: (image["width"], image["height"]) for image in images}
    assert sizes == {
        "A line that rises.": ("432", "432"),  # 4.5 in at 96 pixels
        "Six pixels.": ("3", "2"),
        "Nothing, drawn by hand.": ("40", "30"),
        "A blue disc.": ("96", "96"),
        "Six pixels on the page": ("3", "2"),
    }
    for image in images:
        assert (image["loading"], image["decoding"]) == ("lazy", "async")
        assert book.file(image["src"]).stat().st_size > 0


def test_a_picture_without_ink_needs_no_twin(book):
    [image] = book.html().select("#fig-inkless img")
    assert not image.has_attr("class")


def test_published_files_are_compact_and_those_of_the_cells_stay_behind(book):
    files = list(book.file("_images").glob("*.svg"))
    assert len(files) == 4  # two twins, one without ink, one drawn by hand
    for file in files:
        assert not any(word in file.read_text() for word in ("metadata", "<!--"))


def test_a_film_survives_as_it_is(book):
    figure = book.html().select_one("#fig-film")
    assert figure.select_one("[role=group]")["aria-label"] == "A line that turns."
    assert len(figure.select(".nn-film svg [data-frames]")) >= 2
    assert "addEventListener" in figure.script.string


def test_a_picture_that_does_not_say_what_it_shows_is_a_warning(make_book):
    book = make_book({"index.md": "# Page\n\n```{image} six.png\n```\n"})
    conf = book.docs / "conf.py"
    conf.write_text(
        conf.read_text(encoding="utf8")
        + 'extensions.append("nn_book.render.pictures")\n'
    )
    (book.docs / "six.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    warning = book.build().warnings()
    assert "index.md:3" in warning and "without alt text" in warning


WORDS = """\
---
file_format: mystnb
kernelspec: {name: python3}
---
# Words

```{code-cell}
from matplotlib import pyplot as plt
from nn_tutorial.plotting import Film, use_style

use_style()
fig, ax = plt.subplots()
ax.plot([1, 2], label="Adam, training")
ax.set(xlabel="$p$(class 1)", ylabel="median loss", title="$x_1$")
ax.set_yticks([1], labels=["1,000 images"])
ax.legend();
```
```{caption} fig-words
:alt: A line.

A line.
```

```{code-cell}
def draw(ax, step):
    ax.set(xlabel="step", ylim=(0, step))
    return f"step {step}, loss 0.5"

Film(draw, [1, 2]).show()
```
```{caption} fig-film
:alt: Axes.

Axes.
```
"""


@pytest.fixture(scope="module")
def words(make_book):
    book = make_book({"index.md": WORDS})
    conf = book.docs / "conf.py"
    extension = 'extensions.append("nn_book.render.pictures")\n'
    conf.write_text(conf.read_text(encoding="utf8") + extension, encoding="utf8")
    return book


def picture(book):
    image = book.html().select_one("#fig-words img")
    svg = book.file(image["src"]).read_text(encoding="utf8")
    return BeautifulSoup(svg, "html.parser")


def test_a_chinese_page_has_chinese_words_in_its_figure(words):
    texts = picture(words.build("zh")).select("text")
    assert words.warnings() == ""
    assert {text.text: text["text-anchor"] for text in texts} == {
        "p（第 1 类）": "middle",  # the label of an axis is centred
        "损失的中位数": "middle",
        "1,000 张图片": "end",  # a tick ends at the axis
        "Adam，训练": "start",  # in a legend a text follows its line
    }
    assert {text["font-size"] for text in texts} == {"12"}
    [formula] = (text for text in texts if "类" in text.text)
    assert formula.tspan["font-style"] == "italic"
    [upright] = (text for text in texts if "损失" in text.text)
    assert "rotate(-90)" in upright["transform"]


def test_a_chinese_figure_defines_no_letter_that_it_does_not_show(words):
    svg = picture(words.build("zh"))
    used = {use["href"].removeprefix("#") for use in svg.select("use[href]")}
    assert {letter["id"] for letter in svg.select("defs path")} == used


def test_a_film_speaks_the_language_of_its_page(words):
    film = words.build("zh").html().select_one(".nn-film")
    assert [text.text for text in film.select("svg text")] == ["步数"]
    labels = ["第 1 步，损失 0.5", "第 2 步，损失 0.5"]
    assert json.loads(film["data-labels"]) == labels
    assert film.svg["aria-label"] == film.output.text == labels[-1]


def test_an_english_page_shows_what_matplotlib_drew(words):
    svg = picture(words.build("en"))
    assert not svg.select("text, [data-text]")
    film = words.html().select_one(".nn-film")
    assert not film.select("text, [data-text]")
    assert film.output.text == "step 2, loss 0.5"


def test_a_word_without_chinese_is_named(words):
    page = WORDS.replace("median loss", "median puzzlement")
    words.write("index.md", page)
    words.build("zh")
    assert "'median puzzlement' of the figure text" in words.warnings()
    assert "figure_words.toml" in words.warnings()
