"""What a reader takes home: a chapter as a notebook, and as a script that runs alone."""

# ruff: noqa: E501  (a Chinese paragraph is one line)

import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from urllib.parse import unquote

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nn_book.offer import OfferError
from nn_book.offer.markdown import MarkdownWriter, solutions
from nn_book.offer.notebook import first_cell
from nn_book.offer.script import Cell, make_script
from nn_book.publish.notebooks import write_notebooks

HEADER = "---\nfile_format: mystnb\nkernelspec: {name: python3}\n---\n"
DATASETS = '''\
"""Small data sets."""

from __future__ import annotations

import math
from collections.abc import Iterable

from numpy.typing import NDArray

__all__ = ["ramp", "unused"]

# Chosen so that three points are easy to add.
STEP = 0.5


def ramp(n: int) -> list[float]:
    """Return ``n`` numbers, one step apart."""
    return _scaled(range(n))


def _scaled(numbers: Iterable[int]) -> list[float]:
    # The root and the square cancel.
    return [math.sqrt(number**2) * STEP for number in numbers]


def unused() -> NDArray:
    """Nobody asks for this."""
'''
PLOTTING = '''\
"""Figures."""

import math

import matplotlib.pyplot as plt

STYLE = {"lines.linewidth": 1.5}


def use_style() -> None:
    """Set the style of the book."""
    plt.rcParams.update(_scaled(STYLE))


def _scaled(style: dict) -> dict:
    return {key: value * math.sqrt(1) for key, value in style.items()}
'''
EXERCISES = """\
def check(number, answer):
    print("zh: 对了。")
    print("en: Right.")
"""
CHAPTER = """\
(ch-ramp)=
% zh
# 斜坡

读 {ref}`ch-ramp`、{doc}`../index` 和 {numref}`fig-ramp`，用 {func}`~nn_tutorial.datasets.ramp`。和是 {glue:text}`total:.2f`，见[图](#fig-ramp)和[文档](https://numpy.org)，公式 {eq}`eq-line`。
% en
# A ramp

Read {ref}`ch-ramp`, {doc}`../index` and {numref}`fig-ramp`, with {func}`~nn_tutorial.datasets.ramp`.
The sum is {glue:text}`total:.2f`, see [the figure](#fig-ramp) and [NumPy](https://numpy.org), formula {eq}`eq-line`.
% all

```{math}
:label: eq-line
y = x
```

```{code-cell}
# zh: 先是工具
# en: first the tools
import matplotlib.pyplot as plt

from nn_tutorial.datasets import ramp as slope
from nn_tutorial.plotting import use_style

use_style()
STEP = "the chapter's own name"
points = slope(3)
sum(points)  # (3,)
```

```{code-cell}
:tags: [remove-cell]
from myst_nb import glue
glue("total", sum(points), display=False)
```

% zh
:::{tip}
再看**一眼**。
:::
% en
:::{tip}
Look **again**.
:::
% all

```{code-cell}
fig, ax = plt.subplots()
ax.plot(points)
plt.show()
```
```{caption} fig-ramp
% zh
:alt: 线

斜坡。
% en
:alt: a line

The ramp.
```

```{code-cell}
:tags: [raises-exception]
# zh: 不能相加
# en: cannot be added
points + 1
```

```{code-cell}
:tags: [raises-exception]
print "old"
```

```{code-cell}
from nn_tutorial.exercises import check

answer = ...
check("01-1", answer)
```
```{solution} 01-1
```
```{code-cell}
answer = len(points)
print("answer", answer, STEP)
for number in range(2):
    check("01-1", answer)
    plt.show()
```
```{solution-end}
```
"""
LAYOUT = """\
{% extends "basic/layout.html" %}
{% block document %}{{ super() }}
{% for file in downloads %}<a class="download" href="{{ file.href }}">{{ file.label }}</a>
{% endfor %}
{% for place in online %}<a class="online" href="{{ place.href }}">{{ place.label }}</a>
{% endfor %}{% endblock %}
"""
ADDRESS = "https://some-one.example/book/download/nn_tutorial-0-py3-none-any.whl"
PUBLISHED = f"""
downloads_book = {{"EPUB": "../download/book.epub"}}
downloads_repository = "some-one/book"
downloads_wheel_address = "{ADDRESS}"
"""
PRINTED = """\
1.5
TypeError: can only concatenate list (not "int") to list
SyntaxError: Missing parentheses in call to 'print'. Did you mean print(...)? (<string>, line 1)
zh: 对了。
en: Right.
answer 3 the chapter's own name
zh: 对了。
en: Right.
zh: 对了。
en: Right.
"""


@pytest.fixture(scope="module")
def book(make_book):
    pages = {
        "index.md": "# Start\n\n```{toctree}\nchapters/01-ramp\n```\n",
        "chapters/01-ramp.md": HEADER + CHAPTER,
        "_templates/layout.html": LAYOUT,
        "../nn_tutorial/__init__.py": "",
        "../nn_tutorial/datasets.py": DATASETS,
        "../nn_tutorial/plotting.py": PLOTTING,
        "../nn_tutorial/exercises.py": EXERCISES,
    }
    book = make_book(pages, own_cache=True)
    with (book.docs / "conf.py").open("a", encoding="utf8") as conf:
        conf.write(PUBLISHED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(book.docs.parent))  # for the kernel
        for lang in ("zh", "en"):
            assert book.build(lang).warnings() == ""
    return book


def downloaded(book, lang, name="01-ramp"):
    """Return the path of a page of the built book, without its ending."""
    return book.docs.parent / "_build" / lang / "html" / "chapters" / name


@pytest.fixture(scope="module")
def notebooks(book):
    return {
        lang: nbformat.read(downloaded(book, lang).with_suffix(".ipynb"), 4)
        for lang in ("zh", "en")
    }


@pytest.fixture(scope="module")
def scripts(book):
    return {
        lang: downloaded(book, lang).with_suffix(".py").read_text(encoding="utf8")
        for lang in ("zh", "en")
    }


# -- The notebook ---------------------------------------------------------------


def test_the_notebook_is_valid_and_has_no_outputs(notebooks):
    for notebook in notebooks.values():
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == "python3"
        for cell in notebook.cells:
            assert cell.get("outputs", []) == []
            assert cell.get("execution_count") is None


def run_first_cell(source, *, installed=False, on_colab=False):
    """Run the first cell of a notebook; return what pip was asked for."""
    asked = []

    class Shell:
        def run_line_magic(self, magic, line):
            asked.append(f"{magic} {line}")

    found = importlib.machinery.ModuleSpec("nn_tutorial", None) if installed else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", lambda name: found)
        if on_colab:
            patch.setitem(sys.modules, "google.colab", sys)
        exec(TransformerManager().transform_cell(source), {"get_ipython": Shell})
    return asked


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_first_cell_of_a_published_notebook_installs_what_is_missing(
    notebooks, lang, monkeypatch
):
    monkeypatch.setenv("NN_TUTORIAL_LANG", "")
    monkeypatch.delenv("NN_TUTORIAL_LANG")
    first = notebooks[lang].cells[0].source

    assert run_first_cell(first, installed=True) == []
    assert run_first_cell(first, installed=True, on_colab=True) == []
    [command] = run_first_cell(first)
    assert command == f'pip install --quiet "nn_tutorial @ {ADDRESS}"'
    # What Colab has stays as it is: a new PyTorch would take minutes.
    [command] = run_first_cell(first, on_colab=True)
    assert command == f'pip install --quiet --no-deps "nn_tutorial @ {ADDRESS}"'
    assert os.environ["NN_TUTORIAL_LANG"] == lang


def test_a_notebook_asks_for_the_extras_that_its_chapter_needs():
    cells = [Cell(True, "from nn_tutorial.mnist import mnist_root")]
    cells += [Cell(True, "from nn_tutorial.modernize import report")]
    first = first_cell(cells, "en", address=ADDRESS, wheel="")
    [command] = run_first_cell(first)
    assert f'"nn_tutorial[mnist,modernize] @ {ADDRESS}"' in command
    [command] = run_first_cell(first, on_colab=True)
    assert command.endswith(" libcst")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_notebook_without_an_address_installs_the_wheel_beside_it(lang, tmp_path):
    wheel = tmp_path / "nn_tutorial-0-py3-none-any.whl"
    cells = [Cell(True, "from nn_tutorial.mnist import mnist_root")]
    first = first_cell(cells, lang, address="", wheel=str(wheel))
    with pytest.raises(FileNotFoundError, match="download"):
        run_first_cell(first)
    wheel.touch()
    assert run_first_cell(first) == ['pip install --quiet "{wheel}[mnist]"']
    # Never our name alone: an index may have a stranger's package of that name.
    assert "install nn_tutorial" not in first


def test_solutions_of_a_notebook_are_folded(notebooks):
    for notebook in notebooks.values():
        [heading] = [c for c in notebook.cells if c.source.startswith("#### ")]
        assert heading.metadata["jp-MarkdownHeadingCollapsed"]
        assert notebook.metadata["colab"]["collapsed_sections"] == [heading.id]
        [solution] = [c for c in notebook.cells if "len(points)" in c.source]
        assert solution.metadata["jupyter"]["source_hidden"]
        question = next(c for c in notebook.cells if "answer = ..." in c.source)
        assert "jupyter" not in question.metadata


def test_text_of_a_notebook_is_plain_markdown_in_one_language(notebooks):
    assert notebooks["zh"].cells[1].source == (
        "# 斜坡\n\n"
        "读 斜坡、Start 和 图 1，用 `ramp()`。"
        "和是 1.50，见图和[文档](https://numpy.org)，公式 (1)。\n\n"
        "$$\ny = x\n$$"
    )
    assert (
        notebooks["en"]
        .cells[1]
        .source.startswith(
            "# A ramp\n\nRead A ramp, Start and Fig. 1, with `ramp()`. The sum is"
        )
    )


def test_boxes_captions_and_solutions_become_quotations_italics_and_headings(notebooks):
    sources = [cell.source for cell in notebooks["en"].cells]
    assert "> **Tip**\n>\n> Look **again**." in sources
    assert "*Fig. 1 The ramp.*" in sources
    assert "#### Solution 01-1" in sources


def test_cells_show_comments_of_one_language_and_hidden_cells_are_dropped(notebooks):
    code = [cell.source for cell in notebooks["en"].cells if cell.cell_type == "code"]
    assert code[1].startswith("# first the tools\nimport matplotlib")
    assert not any("glue" in source or "zh" in source for source in code)
    assert 'check("01-1", answer)' in code[-1]


def test_a_cell_that_is_meant_to_fail_does_not_stop_a_run_of_the_notebook(notebooks):
    tags = {cell.source: cell.metadata.get("tags") for cell in notebooks["en"].cells}
    assert tags['print "old"'] == ["raises-exception"]
    assert tags["#### Solution 01-1"] is None


def test_two_builds_offer_the_same_bytes(book):
    path = downloaded(book, "en")
    before = [path.with_suffix(end).read_bytes() for end in (".ipynb", ".py")]
    book.write("index.md", "# Start\n\nAgain.\n\n```{toctree}\nchapters/01-ramp\n```\n")
    book.build("en")
    assert [path.with_suffix(end).read_bytes() for end in (".ipynb", ".py")] == before


def test_only_the_files_of_a_page_that_was_written_are_made_again(book):
    script = downloaded(book, "en").with_suffix(".py")
    made = script.stat().st_mtime_ns
    book.build("en")
    assert script.stat().st_mtime_ns == made
    book.write("chapters/01-ramp.md", HEADER + CHAPTER + "\nMore.\n")
    book.build("en")
    assert script.read_text(encoding="utf8").count("\n# More.\n") == 1
    book.write("chapters/01-ramp.md", HEADER + CHAPTER)
    book.build("en")


def test_the_page_links_its_files_and_other_pages_have_none(book):
    book.build("zh")
    links = book.html("chapters/01-ramp").select("a.download")
    assert [(link["href"], link.text) for link in links] == [
        ("01-ramp.ipynb", "笔记本（.ipynb）"),
        ("01-ramp.py", "脚本（.py）"),
    ]
    [whole_book] = book.html("index").select("a.download")
    assert (whole_book["href"], whole_book.text) == ("../download/book.epub", "EPUB")
    assert book.html("index").select("a.online") == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_colab_and_binder_open_a_notebook_that_is_on_the_branch(book, lang, tmp_path):
    html = book.docs.parent / "_build" / lang / "html"
    shutil.copytree(html / "chapters", tmp_path / "site" / lang / "chapters")
    for other in {"zh", "en"} - {lang}:
        (tmp_path / "site" / other / "chapters").mkdir(parents=True)
    branch = tmp_path / "branch"
    write_notebooks(tmp_path / "site", branch, "some-one/book", ADDRESS)

    book.build(lang)
    links = book.html("chapters/01-ramp").select("a.online")
    assert [link.text for link in links] == ["Colab", "Binder"]
    colab, binder = [unquote(link["href"]) for link in links]
    start = "https://colab.research.google.com/github/some-one/book/blob/notebooks/"
    assert colab.startswith(start)
    start_of_binder = "https://mybinder.org/v2/gh/some-one/book/notebooks?labpath="
    assert binder.startswith(start_of_binder)
    names = {colab.removeprefix(start), binder.removeprefix(start_of_binder)}
    assert names == {f"{lang}/01-ramp.ipynb"}
    notebook = nbformat.read(branch / lang / "01-ramp.ipynb", 4)
    assert notebook.cells[1].source.startswith({"zh": "# 斜坡", "en": "# A ramp"}[lang])


def test_a_book_that_is_not_published_offers_no_place_to_run_it(make_book):
    pages = {
        "index.md": "# Start\n\n```{toctree}\nchapters/01-a\n```\n",
        "chapters/01-a.md": "# A\n",
        "_templates/layout.html": LAYOUT,
    }
    page = make_book(pages).build().html("chapters/01-a")
    assert page.select("a.download")
    assert page.select("a.online") == []


# -- The script -----------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_script_shows_what_the_page_shows_and_saves_its_figures(
    book, scripts, lang, tmp_path
):
    (tmp_path / "01-ramp.py").write_text(scripts[lang], encoding="utf8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "01-ramp.py"],
        cwd=tmp_path,
        env=os.environ
        | {"MPLBACKEND": "Agg", "PYTHONUTF8": "1", "PYTHONPATH": str(book.docs.parent)},
        capture_output=True,
        encoding="utf8",
        check=False,
    )
    assert done.stderr == ""
    figures = tmp_path / "01-ramp-figures"
    assert done.stdout == f"{PRINTED}1 PNG: {figures.resolve()}\n"
    assert (figures / "figure-01.png").read_bytes().startswith(b"\x89PNG")


def metadata_of(script):
    """Return what the block of PEP 723 at the top of a script says."""
    [block] = re.findall(r"(?m)^# /// script\n((?:#.*\n)+?)# ///$", script)
    return tomllib.loads("\n".join(line[2:] for line in block.splitlines()))


def test_a_script_says_what_to_install_in_the_form_of_pep_723(scripts):
    for script in scripts.values():
        assert metadata_of(script) == {
            "requires-python": ">=3.11",
            "dependencies": [f"nn_tutorial @ {ADDRESS}"],
        }


def test_a_script_without_an_address_names_the_wheel_beside_it():
    cells = [Cell(True, "from nn_tutorial.mnist import mnist_root")]
    wheel = "../download/nn_tutorial-0-py3-none-any.whl"
    script = make_script(cells, "en", name="a.py", seconds=61.0, wheel=wheel)
    about = metadata_of(script)
    assert about["dependencies"] == ["nn_tutorial[mnist]"]
    assert about["tool"]["uv"]["sources"] == {"nn_tutorial": {"path": wheel}}
    assert "It takes about 2 min" in script


def test_the_lesson_begins_on_the_first_screen_of_a_script(scripts):
    for script in scripts.values():
        assert "# %% [markdown]" in script.splitlines()[:30]


def test_text_becomes_comments_and_checks_stay(scripts):
    script = scripts["zh"]
    assert "\n# %% [markdown]\n# # 斜坡\n#\n# 读 斜坡、Start 和 图 1" in script
    assert "\n# 不能相加\n" not in script  # it is indented now
    assert "\n    # 不能相加\n    points + 1\n" in script
    assert 'check("01-1", answer)' in script
    assert script.count("plt.show()") == 1
    assert script.rstrip().endswith("plt.show()")


def test_a_script_prints_the_title_of_a_section_where_its_code_begins(capsys):
    cells = [
        Cell(False, "# A chapter\n\n## No code\n\nText.\n\n## How `fit` learns"),
        Cell(True, "a = 1"),
        Cell(True, "print(a)"),
        Cell(False, "## 第二节"),
        Cell(True, "print(a + 1)"),
    ]
    exec(make_script(cells, "en", name="a.py", seconds=1.0, wheel="a.whl"), {})
    assert capsys.readouterr().out == "-- How fit learns\n1\n-- 第二节\n2\n"


def test_a_paragraph_of_a_script_fills_its_lines(scripts):
    # Two lines of the chapter; the first ends behind "`ramp()`.".
    filled = "# Read A ramp, Start and Fig. 1, with `ramp()`. The sum is 1.50, see the"
    assert filled in scripts["en"]


def test_comments_of_a_script_are_broken_where_the_language_allows():
    text = "- " + "汉字（word）和标点，" * 20 + "\n\n| 表格 | " + "x" * 100 + " |"
    script = make_script([Cell(False, text)], "zh", name="a.py", seconds=1.0)
    lines = script.splitlines()
    start = lines.index("# %% [markdown]") + 1
    broken = lines[start : lines.index("#", start)]
    assert len(broken) == 5
    assert all(line.startswith("#   ") for line in broken[1:])
    assert not any(line.lstrip("# ").startswith(("，", "）")) for line in broken)
    assert lines[-1].startswith("# | 表格 | xxx")
    joined = "".join(line.removeprefix("#").strip() for line in broken)
    assert joined == text.splitlines()[0]


# -- What cannot be offered -----------------------------------------------------


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("print 'old'", "not valid Python: \"print 'old'\""),
        ("import matplotlib.pyplot as plt\nx = 1; plt.show()", "one statement a line"),
    ],
)
def test_code_that_only_works_in_the_book_is_refused(code, message):
    with pytest.raises(OfferError) as raised:
        make_script([Cell(True, code)], "en", name="a.py", seconds=1.0)
    assert message in str(raised.value)


def test_long_strings_of_a_failing_cell_keep_their_lines(capsys):
    code = 'text = """a\n  b"""\nraise ValueError(text)'
    cells = [Cell(True, code, ("raises-exception",))]
    exec(make_script(cells, "en", name="a.py", seconds=1.0), {})
    assert capsys.readouterr().out == "ValueError: a\n  b\n"


def test_a_chapter_that_cannot_be_offered_fails_the_build_by_name(make_book):
    book = make_book(
        {"chapters/bad.md": HEADER + "# Bad\n\n```{code-cell}\n1; 2\n```\n"}
    )
    book.write("index.md", "# Start\n\n```{toctree}\nchapters/bad\n```\n")
    page = (book.docs / "chapters/bad.md").read_text()
    book.write("chapters/bad.md", page + "\n```{eval-rst}\nText\n```\n")
    warnings = book.build("en").warnings()
    assert "chapters/bad.md: ERROR: no download of this chapter: " in warnings
    assert "the directive {eval-rst} has no form in a plain notebook" in warnings
    assert not book.file("chapters/bad.py").exists()


# -- Plain Markdown -------------------------------------------------------------


def look_up(kind, target):
    return {
        ("numref", "fig-a"): "Fig. 3",
        ("ref", "sec"): "The section",
        ("doc", "04-x"): "Chapter four",
        ("glue:text", "loss:.2f"): "0.25",
    }[kind, target]


@pytest.mark.parametrize(
    ("myst", "markdown"),
    [
        ("{ref}`here <sec>` and {ref}`sec`", "here and The section"),
        ("{glue:text}`loss:.2f`", "0.25"),
        ("{math}`x^2` {term}`loss`", "$x^2$ loss"),
        ("{class}`torch.nn.Module` {py:meth}`~a.b.fit`", "`torch.nn.Module` `fit()`"),
        ("[](#sec), [](04-x.md), [text](04-x.md#sec)", "The section, Chapter four, text"),
        ("[out](https://pytorch.org) <https://x.org>", "[out](https://pytorch.org) <https://x.org>"),
        ("`{ref}` and `` {ref}`sec` `` stay", "`{ref}` and `` {ref}`sec` `` stay"),
        ("$$\nx\n$$ (eq)\n\n$a$ {term}`b` $c$", "$$\nx\n$$\n\n$a$ b $c$"),
        ("(label)=\n## Title", "## Title"),
        ("```python\n{ref}`sec`\n```", "```python\n{ref}`sec`\n```"),
        ("````{note}\n```{math}\nx\n```\n````", "> **Note**\n>\n> $$\n> x\n> $$"),
        ("```{caption} fig-a\n:alt: x\n\nTwo\nlines.\n```", "*Fig. 3 Two lines.*"),
        ("| a | b |\n|---|--:|\n| {term}`x` | $2$ |", "| a | b |\n| --- | --- |\n| x | $2$ |"),
    ],
)  # fmt: skip
def test_myst_becomes_the_markdown_of_any_notebook(myst, markdown):
    assert MarkdownWriter("en", look_up).write(myst) == markdown


def test_a_text_is_cut_where_a_solution_begins_and_ends():
    myst = "A\n```{solution} 04-1\n```\nB\n```{solution-end}\n```\nC"
    cuts = [("", "", "A"), ("solution", "04-1", "B"), ("solution-end", "", "C")]
    assert list(solutions(myst)) == cuts
    code = "````\n```{solution} 04-1\n```\n````"
    assert list(solutions(code)) == [("", "", code)]


@pytest.mark.parametrize(
    ("myst", "message"),
    [
        ("```{exec}\n```", "the directive {exec} has no form in a plain notebook"),
        ("{ref}`nowhere`", "{ref}`nowhere` cannot be resolved"),
        ("{unheard}`of`", "{unheard}`of` cannot be resolved"),
        ("One[^a].\n\n[^a]: A.", "'footnote_ref' has no form in a plain notebook"),
    ],
)
def test_what_has_no_plain_form_is_refused(myst, message):
    with pytest.raises(OfferError) as raised:
        MarkdownWriter("en", look_up).write(myst)
    assert str(raised.value) == message
