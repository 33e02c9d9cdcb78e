"""The choice of one language: lines of a page, comments and output of its cells."""

import re
from textwrap import dedent

import pytest
from nn_book.source.bilingual import LANGUAGES, select, select_comments, select_output
from sphinx.errors import ConfigError


def lines_of(text: str, lang: str) -> dict[int, str]:
    """Return what stands on the lines of the selected page, by line number."""
    selected = select(dedent(text), lang).split("\n")
    return {number: line for number, line in enumerate(selected, 1) if line}


# -- Lines of a page ------------------------------------------------------------

PROSE = """\
Shared.
% zh
甲
% en
First
Second
% all
Shared again.
"""


def test_each_language_keeps_its_lines_and_the_shared_ones_where_they_were():
    assert lines_of(PROSE, "zh") == {1: "Shared.", 3: "甲", 8: "Shared again."}
    assert lines_of(PROSE, "en") == {
        1: "Shared.",
        5: "First",
        6: "Second",
        8: "Shared again.",
    }


def test_a_page_without_marks_is_kept_whole():
    assert select("One\n\nTwo\n", "zh") == "One\n\nTwo\n"


@pytest.mark.parametrize("not_a_mark", ["%zh", "% fr", " % zh", "% zh 甲", "100 % en"])
def test_only_an_exact_mark_chooses(not_a_mark):
    assert lines_of(f"% en\n{not_a_mark}\nText", "zh") == {}
    assert lines_of(f"% zh\n{not_a_mark}\nText", "zh") == {2: not_a_mark, 3: "Text"}


CAPTION = """\
```{caption} fig-one
:class: wide
% zh
:alt: 一条线

图注一
% en
:alt: a line

Caption
one
```
After
"""


def test_options_stay_together_and_the_text_below_them_stays_on_its_line():
    # A blank line before an option would end the options: it may only come later.
    assert lines_of(CAPTION, "zh") == {
        1: "```{caption} fig-one",
        2: ":class: wide",
        3: ":alt: 一条线",
        6: "图注一",
        12: "```",
        13: "After",
    }
    assert lines_of(CAPTION, "en") == {
        1: "```{caption} fig-one",
        2: ":class: wide",
        3: ":alt: a line",
        10: "Caption",
        11: "one",
        12: "```",
        13: "After",
    }


def test_a_block_of_yaml_options_stays_whole():
    page = """\
    ```{caption} fig-one
    ---
    % zh
    alt: 线
    % en
    alt: line
    ---
    % zh
    图注
    % en
    Caption
    ```
    """
    assert select(dedent(page), "en").startswith(
        "```{caption} fig-one\n---\nalt: line\n---\n"
    )
    assert lines_of(page, "en")[11] == "Caption"


def test_front_matter_may_choose_too():
    page = "---\n% zh\ntitle: 题\n% en\ntitle: Title\n---\nText\n"
    assert select(page, "en").startswith("---\ntitle: Title\n---\n")
    assert lines_of(page, "en")[7] == "Text"


def test_a_formula_keeps_no_blank_line_inside():
    page = "```{math}\na\n% zh\n\\text{圆}\n% en\n\\text{circle}\n```\nAfter\n"
    expected = "```{math}\na\n\\text{圆}\n```\n\n\n\nAfter\n"
    assert select(page, "zh") == expected


def test_the_end_of_a_fence_ends_the_choice_made_in_it():
    page = ":::{note}\n% zh\n甲\n% en\nA\n:::\nShared\n"
    assert lines_of(page, "zh") == {1: ":::{note}", 3: "甲", 6: ":::", 7: "Shared"}


def test_a_fence_inside_one_language_keeps_that_language_to_its_mark():
    page = "% zh\n:::{note}\n甲\n:::\n乙\n% en\nA\n"
    assert lines_of(page, "zh") == {2: ":::{note}", 3: "甲", 4: ":::", 5: "乙"}
    assert lines_of(page, "en") == {7: "A"}


def test_a_choice_inside_a_nested_fence_ends_with_the_inner_fence():
    page = "::::{grid}\n:::{card}\n% zh\n甲\n% en\nA\n:::\nShared\n::::\n"
    assert lines_of(page, "en") == {
        1: "::::{grid}",
        2: ":::{card}",
        6: "A",
        7: ":::",
        8: "Shared",
        9: "::::",
    }


def test_colons_in_code_open_no_fence():
    page = "```python\nx = y[\n:::\n]\n```\n% zh\n甲\n% en\nA\n"
    assert lines_of(page, "en")[9] == "A"
    assert 7 not in lines_of(page, "en")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("page", [PROSE, CAPTION])
def test_the_number_of_lines_never_changes(page, lang):
    assert select(page, lang).count("\n") == page.count("\n")


# -- Cells ----------------------------------------------------------------------


def test_paired_comments_show_the_one_of_the_reader_without_its_prefix():
    code = "# zh: 画\n# en: draw\nif x:\n    # zh: 线\n    # en: a line\n    plot(x)"
    assert select_comments(code, "zh") == "# 画\nif x:\n    # 线\n    plot(x)"
    assert select_comments(code, "en") == "# draw\nif x:\n    # a line\n    plot(x)"


def test_other_comments_and_strings_stay():
    code = "# shape (N, 2)\nx = '# zh: not a comment'  # (N, 2)"
    assert select_comments(code, "en") == code


def test_paired_output_lines_show_the_one_of_the_reader():
    printed = "zh: 对了。\nen: Right.\nloss 0.5\n"
    assert select_output(printed, "zh") == "对了。\nloss 0.5\n"
    assert select_output(printed, "en") == "Right.\nloss 0.5\n"


PAGE = """\
---
file_format: mystnb
kernelspec: {name: python3}
---
% zh
# 题
% en
# Title
% all

```{code-cell}
# zh: 求和
# en: add
print("zh: 好")
print("en: good")
1 + 1
```

```{code-cell}
print("zh: 只有中文")
```

```python
# zh: 不执行
# en: not executed
```
"""


@pytest.fixture(scope="module")
def both(make_book):
    """One page with cells in both languages, Chinese built first."""
    book = make_book({"index.md": PAGE}, own_cache=True)
    return {
        lang: (book.build(lang).html(), book.status(), book.warnings())
        for lang in LANGUAGES
    }


def test_each_page_shows_its_title_comments_and_output(both):
    for lang, title, comment, printed in [
        ("zh", "题", "# 求和", "好"),
        ("en", "Title", "# add", "good"),
    ]:
        page, _, warnings = both[lang]
        assert warnings == ""
        assert page.h1.find(string=True) == title
        assert page.select(".cell_input")[0].text.strip().startswith(comment)
        assert page.select(".output.stream")[0].text.strip() == printed
        assert page.select(".output.text_plain")[0].text.strip() == "2"


def test_an_output_that_is_only_for_the_other_language_leaves_no_empty_box(both):
    assert len(both["zh"][0].select(".output.stream")) == 2
    assert len(both["en"][0].select(".output.stream")) == 1


def test_code_that_is_not_executed_shows_one_language_too(both):
    block = both["en"][0].select_one(".highlight-python")
    assert block.text.strip() == "# not executed"


def test_the_second_language_executes_nothing(both):
    assert "Executed notebook" in both["zh"][1]
    assert "Executed notebook" not in both["en"][1]
    assert "Using cached notebook" in both["en"][1]


def test_a_language_the_book_does_not_have_is_refused(make_book):
    book = make_book({"index.md": "# Titre\n"})
    conf = book.docs / "conf.py"
    book.write("conf.py", conf.read_text().replace('else "en"', 'else "fr"'))
    with pytest.raises(ConfigError, match=r"language is 'fr' in conf.py, not zh_CN"):
        book.build("fr")


FAULTY = """\
---
file_format: mystnb
kernelspec: {name: python3}
---
# Title

{faulty}`line 7`

```{code-cell}
import sys; sys.stderr.write("a cell on line 9")
```



% zh
文
% en
{faulty}`line 18`

```{code-cell}
2
```
{faulty}`line 23`
"""


def test_messages_name_the_line_of_the_source(make_book):
    warnings = make_book({"index.md": FAULTY}).build().warnings()
    named = {int(number) for number in re.findall(r"index\.md:(\d+): ", warnings)}
    assert named == {7, 9, 18, 23}
