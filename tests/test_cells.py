"""Captions, solutions and tracebacks: what the page makes of a cell's output."""

import re

import pytest
from nn_book.render.cells import tidy_traceback

HEADER = "---\nfile_format: mystnb\nkernelspec: {name: python3}\n---\n"
PAGE = """\
(top)=
# Title

See {numref}`fig-line` and {numref}`fig-inner`.

```{code-cell}
:tags: [remove-cell]
from IPython.display import HTML, SVG, display
from myst_nb import glue

LINE = SVG("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")
WIDE = SVG("<svg xmlns='http://www.w3.org/2000/svg' width='18' height='9'/>")
glue("loss", 0.25, display=False)
```

```{code-cell}
print("printed")
LINE
```
```{caption} fig-line
% zh
:alt: 一条线

线 {glue:text}`loss:.3f`，见 {ref}`top`。
% en
:alt: a "line" & more

Line {glue:text}`loss:.3f`, $x^2$, see {ref}`top`.

More below.
```

```{code-cell}
:tags: [remove-input]
display(LINE, WIDE)
```
```{caption} fig-two
:alt: two drawings

Two drawings.
```

```{code-cell}
HTML("<button>Play</button>")
```
```{caption} fig-slider
:alt: a slider <of> "steps"

A slider.
```

```{code-cell}
:tags: [raises-exception]
# zh: 失败
# en: fail
import json
json.loads("{")
```

Before.

```{solution} 04-1
```
Inside, with a cell:

```{code-cell}
WIDE
```
```{caption} fig-inner
:alt: inner drawing

Inner drawing.
```
```{solution-end}
```

After.
"""


@pytest.fixture(scope="module")
def book(make_book):
    return make_book({"index.md": HEADER + PAGE})


@pytest.fixture(scope="module")
def english(book):
    page = book.build("en").html()
    assert book.warnings() == ""
    return page


@pytest.fixture(scope="module")
def chinese(book, english):
    page = book.build("zh").html()
    assert book.warnings() == ""
    return page


# -- Captions -------------------------------------------------------------------


def test_the_picture_of_the_cell_above_becomes_a_numbered_figure(english):
    figure = english.select_one("figure#fig-line")
    assert figure.select_one(".caption-number").text == "Fig. 1 "
    assert figure.select_one("img")["alt"] == 'a "line" & more'
    assert english.select_one("p a[href='#fig-line']").text == "Fig. 1"


def test_a_caption_may_hold_numbers_of_the_run_formulas_and_references(english):
    caption = english.select_one("#fig-line .caption-text")
    assert caption.text.startswith("Line 0.250, ")
    assert caption.select_one(".math")
    assert caption.select_one("a[href='#top']").text == "Title"
    assert english.select_one("#fig-line .legend").text.strip() == "More below."


def test_number_caption_and_alt_text_follow_the_language(chinese):
    figure = chinese.select_one("figure#fig-line")
    assert figure.select_one(".caption-number").text == "图 1 "
    assert figure.select_one(".caption-text").text == "线 0.250，见 Title。"
    assert figure.select_one("img")["alt"] == "一条线"


def test_what_the_cell_printed_stays_with_the_cell(english):
    cell = english.select_one("figure#fig-line").find_previous_sibling("div")
    assert cell.select_one(".output.stream").text.strip() == "printed"
    assert cell.select_one("img") is None


def test_all_pictures_of_one_cell_share_figure_and_alt_text(english):
    images = english.select("figure#fig-two img")
    assert [image["alt"] for image in images] == ["two drawings", "two drawings"]
    assert len({image["src"] for image in images}) == 2


def test_a_cell_that_shows_only_its_picture_leaves_no_empty_box(english):
    assert all(cell.text.strip() for cell in english.select("div.cell"))


def test_html_output_is_a_group_with_the_alt_text_as_label(english):
    group = english.select_one("figure#fig-slider [role=group]")
    assert group["aria-label"] == 'a slider <of> "steps"'
    assert group.select_one("button").text == "Play"


# -- Solutions ------------------------------------------------------------------


def test_a_solution_folds_text_cells_and_figures_and_nothing_else(english):
    solution = english.select_one("details.solution#solution-04-1")
    assert not solution.has_attr("open")
    assert solution.select_one("summary").text == "Solution 04-1"
    assert solution.select_one("p").text == "Inside, with a cell:"
    assert solution.select_one("div.cell .cell_input").text.strip() == "WIDE"
    assert solution.select_one("figure#fig-inner img")["alt"] == "inner drawing"
    assert english.select_one("p a[href='#fig-inner']").text == "Fig. 4"
    assert solution.find_previous_sibling("p").text == "Before."
    assert solution.find_next_sibling("p").text == "After."


def test_the_summary_follows_the_language(chinese):
    assert chinese.select_one("details summary").text == "解答 04-1"


# -- Together with Sphinx -------------------------------------------------------


def without_ids(page):
    """Return the text of a page, without what Sphinx numbers as it goes."""
    return re.sub(r'"id\d+"', "", str(page.select_one("div.body")))


def test_parallel_and_incremental_builds_give_the_same_page(make_book):
    other = "(other)=\n# Other\n\nSee {numref}`fig-line`.\n"
    contents = "\n```{toctree}\nother\n```\n"
    pages = {"index.md": HEADER + PAGE + contents, "other.md": other}
    book = make_book(pages | {f"more{n}.md": f"# {n}\n" for n in range(5)})
    parallel = without_ids(book.build_in_parallel().html())
    at_once = without_ids(book.build().html())
    book.write("other.md", other + "\nChanged.\n")
    book.build()
    assert "0 added, 1 changed" in book.status()
    assert without_ids(book.html()) == at_once == parallel
    assert book.html("other").select_one("a[href='index.html#fig-line']")


# -- Mistakes -------------------------------------------------------------------

MISTAKES = """\
# Mistakes

Text.

```{caption} fig-text
:alt: nothing

Below text, not below a cell.
```

```{code-cell}
print("no picture")
```
```{caption} fig-print
:alt: nothing

Below a cell that draws nothing.
```

```{caption} fig-no-alt
A caption without a text for those who cannot see.
```

```{caption} fig-no-caption
:alt: nothing
```

```{solution-end}
```
```{solution} 04-1
```
```{solution} 04-2
```

## Next

```{solution-end}
```
"""


@pytest.mark.parametrize(
    ("directive", "message"),
    [
        ("{caption} fig-text", "caption fig-text: no code cell above it"),
        (
            "{caption} fig-print",
            "caption fig-print: the cell above has no picture and no HTML output",
        ),
        (
            "{caption} fig-no-alt",
            "caption fig-no-alt: say in :alt: what the picture shows",
        ),
        (
            "{caption} fig-no-caption",
            "caption fig-no-caption: write the caption below the options",
        ),
        ("{solution-end}", "solution-end: no solution is open here"),
        (
            "{solution} 04-1",
            "solution 04-1: no solution-end before the next heading or solution",
        ),
        (
            "{solution} 04-2",
            "solution 04-2: no solution-end before the next heading or solution",
        ),
    ],
)
def test_a_mistake_is_an_error_that_names_file_and_line(mistakes, directive, message):
    text = HEADER + MISTAKES
    line = text[: text.index(f"```{directive}")].count("\n") + 1
    assert f"index.md:{line}: ERROR: {message}" in mistakes


@pytest.fixture(scope="module")
def mistakes(make_book):
    book = make_book({"index.md": HEADER + MISTAKES})
    return book.build().warnings()


# -- Tracebacks -----------------------------------------------------------------

TRACEBACK = """\
---------------------------------------------------------------------------
RuntimeError                              Traceback (most recent call last)
Cell In[4], line 13
     11 # en: now it fails
     12 # zh: 现在出错
---> 13 f(3)

Cell In[2], line 4, in f(x)
      1 def f(x):
      2     # zh: 中文
      3     # en: English
----> 4     return linear(x)

File ~/env/lib/python3.11/site-packages/torch/nn/modules/linear.py:134, in forward(x)
    130 def forward(self, input):
--> 134     return F.linear(input)

File /somewhere/nn_tutorial/training.py:9, in train()
----> 9     step()

RuntimeError: shapes 2 and 3
"""
CELLS = {
    2: "def f(x):\n    # zh: 中文\n    # en: English\n    return linear(x)",
    4: "pass\n" * 10 + "# en: now it fails\n# zh: 现在出错\nf(3)",
}


def test_a_traceback_quotes_the_code_as_the_reader_sees_it():
    assert (
        tidy_traceback(TRACEBACK, CELLS, "en")
        == """\
---------------------------------------------------------------------------
RuntimeError                              Traceback (most recent call last)
Cell In[4], line 12
     11 # now it fails
---> 12 f(3)

Cell In[2], line 3, in f(x)
      1 def f(x):
      2     # English
----> 3     return linear(x)

File torch/nn/modules/linear.py:134, in forward(x)
--> 134     return F.linear(input)

File nn_tutorial/training.py:9, in train()
----> 9     step()

RuntimeError: shapes 2 and 3
"""
    )


def test_a_traceback_leaves_out_what_ipython_left_out_of_a_library():
    traceback = """\
Cell In[2], line 3, in f(x)
      1 def f(x):
   (...)      3     return linear(x)
----> 4     return load(x)

File /usr/lib/python3.11/site-packages/torch/serialization.py:735, in load(x)
   (...)    732        all matching ones return `None`.
--> 735     result = fn(x)
"""
    assert (
        tidy_traceback(traceback, {2: ""}, "en")
        == """\
Cell In[2], line 3, in f(x)
      1 def f(x):
   (...)
      3     return linear(x)
----> 4     return load(x)

File torch/serialization.py:735, in load(x)
--> 735     result = fn(x)
"""
    )


def test_a_cell_that_is_meant_to_fail_shows_its_error_on_the_page(english):
    shown = english.select_one(".output.traceback").text
    assert "\nCell In[5], line 3\n      1 # fail\n      2 import json\n" in shown
    assert '----> 3 json.loads("{")' in shown
    assert re.search(r"^File json/__init__.py:\d+, in loads", shown, re.MULTILINE)
    assert shown.strip().splitlines()[-1].startswith("JSONDecodeError: Expecting")
