"""The table of first uses, on a made-up book of two chapters."""

import pytest
from nn_book.source import first_uses, lint

GLOSSARY = """
```{glossary}
梯度
gradient
% zh
    斜率。
% en
    A slope.
% all

梯度下降
gradient descent
% zh
    往下走。
% en
    Walking down.
% all
```
"""
IDIOMS = """
[[idiom]]
name = "lambda"
node = "Lambda"
label = "second-lambda"

[[idiom]]
name = "unsqueeze"
code = 'unsqueeze'
label = "first-shapes"

[[idiom]]
name = "walrus"
node = "NamedExpr"
label = "nowhere"

[[idiom]]
name = "yield"
code = 'yield'
label = "second-lambda"
"""
FIRST = """
(ch-first)=
% zh
# 第一

梯度下降很慢。
% en
# First

Gradient
descent is slow. See [gradients](https://example.org).
% all

(first-shapes)=
```{code-cell} ipython3
column = row.unsqueeze(1)  # not yield, in a comment
double = lambda x: 2 * x
```

```{code-cell} ipython3
:tags: [remove-cell]
print(hidden := 1)
```
"""
SECOND = """
(second-lambda)=
% zh
# 第二

{term}`梯度`（gradient）与{term}`梯度下降`（gradient descent）。
% en
# Second

A {term}`gradient`, and {term}`gradient
descent`.
% all

```{code-cell} ipython3
print(seen := 1)
```
"""


@pytest.fixture
def docs(tmp_path):
    tree = "```{toctree}\nchapters/second\nchapters/first\n```\n"
    pages = {
        "index.md": tree,
        "glossary.md": GLOSSARY,
        "idioms.toml": IDIOMS,
        "chapters/first.md": FIRST,
        "chapters/second.md": SECOND,
    }
    (tmp_path / "chapters").mkdir()
    for name, text in pages.items():
        (tmp_path / name).write_text(text, encoding="utf8")
    return tmp_path


def put_in_order(docs, *slugs):
    entries = "".join(f"chapters/{slug}\n" for slug in slugs)
    (docs / "index.md").write_text(f"```{{toctree}}\n{entries}```\n", encoding="utf8")


def rows(docs):
    found = (*first_uses.term_rows(docs), *first_uses.idiom_rows(docs))
    return {row.name: row for row in found}


def test_what_is_used_before_the_chapter_that_introduces_it_is_marked(docs):
    put_in_order(docs, "first", "second")
    early = {name for name, row in rows(docs).items() if row.early}
    assert early == {"梯度下降", "gradient descent", "lambda", "walrus"}


def test_the_order_of_the_course_decides(docs):
    put_in_order(docs, "second", "first")
    early = {name for name, row in rows(docs).items() if row.early}
    assert early == {"walrus"}  # no section explains it


def test_a_longer_term_is_no_use_of_the_shorter_one_in_it(docs):
    put_in_order(docs, "first", "second")
    found = rows(docs)
    assert found["梯度"].used.slug == found["gradient"].used.slug == "second"


def test_places_are_lines_of_the_source(docs):
    put_in_order(docs, "first", "second")
    found = rows(docs)
    row = found["unsqueeze"]
    shown = FIRST.split("\n")
    assert shown[found["lambda"].used.line - 1].startswith("double =")
    assert (
        shown[row.used.line - 1]
        == "column = row.unsqueeze(1)  # not yield, in a comment"
    )
    assert shown[row.introduced.line - 1] == "(first-shapes)="


def test_comments_and_hidden_cells_use_nothing(docs):
    put_in_order(docs, "first", "second")
    found = rows(docs)
    assert found["yield"].used is None
    assert found["walrus"].used.slug == "second"


def test_an_idiom_is_early_within_its_own_chapter_too(docs):
    text = (docs / "chapters/first.md").read_text(encoding="utf8")
    moved = text.replace("(first-shapes)=\n", "") + "\n(first-shapes)=\n"
    (docs / "chapters/first.md").write_text(moved, encoding="utf8")
    put_in_order(docs, "first", "second")
    assert rows(docs)["unsqueeze"].early


def test_lint_prints_the_table(docs, capsys):
    put_in_order(docs, "first", "second")
    assert lint.main(["first-uses"], docs) == 0
    printed = capsys.readouterr().out.splitlines()
    [line] = [line for line in printed if "lambda" in line]
    assert line.startswith("! lambda ")
    assert "1 first:" in line
    assert "2 second:" in line
