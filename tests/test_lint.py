"""The lint: a good chapter passes, and each fault is named with its line."""

# ruff: noqa: E501  (a Chinese paragraph is one line)

import pytest
from nn_book.source import lint, pairs
from nn_book.source.reader import Page

PAGE = "chapters/good.md"
HERE = f"docs/{PAGE}"
GOOD = r"""---
file_format: mystnb
kernelspec: {name: python3}
---
(ch-good)=
% zh
# 一条直线

本章画一条直线，读者需要会用 Python，见 {ref}`sec-line`。训练集有 60,000 张图，参数 $w$ 有 20 个[^one]。

先读{ch}`first`；{ch}`last`还会讲到它。

[^one]: 脚注，来自 [官方文档](https://pytorch.org/docs/)。
% en
# A straight line

This chapter draws a straight line. You need Python, see {ref}`sec-line`.
There are 60000 pictures, and $w$ has 20 entries.[^one]

Read {ch}`first` first. {Ch}`last` comes
back to it.

[^one]: A footnote, from [the documentation](https://pytorch.org/docs/).
% all

(sec-line)=
% zh
## 画图
% en
## The drawing
% all

```{code-cell}
:tags: [remove-cell]
from myst_nb import glue

secret = 0.25
glue("loss", secret, display=False)
```

```{code-cell}
# zh: 画一条线
# en: draw a line
import matplotlib.pyplot as plt

points = [1, 2]  # (2,)
plt.plot(points)
print("zh: 好")
print("en: good")
```
```{caption} fig-line
% zh
:alt: 一条上升的直线

直线。损失是 {glue:text}`loss:.3f`，**重点**：看 `points`。
% en
:alt: A rising line

The line. The loss is {glue:text}`loss:.3f`. **Look** at `points`.
```

% zh
:::{tip} 提示
损失函数 $L = \text{损失}$ 越小越好：

- 第一点
- 第二点

| 名称 | 值 |
|------|----|
| 损失 | {glue:text}`loss:.3f` |
:::
% en
:::{tip} A hint
The loss $L = \text{loss}$ should be small:

- first
- second

| name | value |
|------|-------|
| loss | {glue:text}`loss:.3f` |
:::
% all

```{math}
:label: eq-line
% zh
y = w x + \text{偏置}
% en
y = w x + \text{bias}
```

(sec-end)=
% zh
### 结尾

延伸阅读：
% en
### The end

Further reading:
% all

- He, Zhang, Ren, Sun: [Deep residual learning for image recognition](https://arxiv.org/abs/1512.03385), 2016.

```{solution} 04-1
```
% zh
解答见下。
% en
The solution is below.
% all
```{code-cell}
total = sum(points)
assert total == 3
```
```{solution-end}
```

```{code-cell}
from nn_tutorial.environment import provenance

print(provenance())
```
"""


@pytest.fixture
def docs(tmp_path):
    """A folder with the good chapter, both of whose texts were read together."""
    folder = tmp_path / "docs"
    chapters = "chapters/first\nchapters/good\nchapters/last\n"
    write(folder, f"```{{toctree}}\n{chapters}```\n", "index.md")
    write(folder, GOOD)
    pairs.accept(folder)
    return folder


def write(docs, text, page=PAGE):
    path = docs / page
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf8")


def changed(old, new, text=GOOD):
    assert text.count(old) == 1, f"{old!r} must stand once in the chapter"
    return text.replace(old, new)


def line_of(part, text):
    """Return the number of the line on which a part of the text starts."""
    assert text.count(part) == 1, f"{part!r} must stand once in the chapter"
    return text[: text.index(part)].count("\n") + 1


def test_a_good_chapter_passes(docs):
    assert lint.problems(docs) == []


# What is changed in the good chapter; on which lines the lint says what.
FAULTS = [
    # -- marks and cells --
    (
        "% en\n# A straight",
        "% en\n% fr\n# A straight",
        {"% fr": "unknown language mark '% fr', not % zh, % en or % all"},
    ),
    (
        "% zh\n## 画图",
        "%zh\n## 画图",
        {"%zh": "unknown language mark '%zh', not % zh, % en or % all"},
    ),
    (
        "y = w x + \\text{偏置}",
        "% 注\ny = w x + \\text{偏置}",
        {"% 注": "unknown language mark '% 注', not % zh, % en or % all"},
    ),
    (
        "```{code-cell}\nfrom nn_tutorial",
        "% en\n```{code-cell}\nfrom nn_tutorial",
        {
            "```{code-cell}\nfrom nn_tutorial": "a code cell in one language: put '% all' above it"
        },
    ),
    (
        "total = sum",
        "% all\ntotal = sum",
        {
            "% all\ntotal": "a language mark in a code cell: write '# zh:' and '# en:' comments"
        },
    ),
    (
        "- 第一点\n",
        "- 第一点\n% en\n% zh\n",
        {"% en\n% zh\n- 第二点": "this language is chosen inside the other one"},
    ),
    (
        "print(provenance())\n```\n",
        "print(provenance())\n",
        {"```{code-cell}\nfrom nn_tutorial": "never closed: ```{code-cell}"},
    ),
    (
        "# zh: 画一条线\n",
        "",
        {"# en: draw a line": "a '# en:' comment without '# zh:'"},
    ),
    (
        "# en: draw a line\n",
        "",
        {"# zh: 画一条线": "a '# zh:' comment without '# en:'"},
    ),
    (
        "points = [1, 2]  # (2,)",
        "points = [1, 2]  # en: two points",
        {
            "# en: two": "a language comment stands on a line of its own: # en: two points"
        },
    ),
    (
        "# en: draw a line\n",
        "# en: draw a line\n#en: and show it\n",
        {"#en:": "write '# en: ' for '#en: and show it'"},
    ),
    (
        "total = sum",
        "# add all the points\ntotal = sum",
        {
            "# add all": "a comment in words has a '# zh:' and a '# en:' line: # add all the points"
        },
    ),
    # -- one language in the other --
    (
        "Further reading:",
        "Further reading（延伸）:",
        {"Further reading": "Chinese in the English page: '（'"},
    ),
    (
        "assert total == 3",
        "assert total == 3, '总和'",
        {"assert total": "Chinese in the English page: '总'"},
    ),
    (
        "解答见下。",
        "The solution stands below this line of text.",
        {
            "The solution stands": "an English paragraph in the Chinese page: 'The solution stands below this line of t'"
        },
    ),
    (
        ":alt: 一条上升的直线",
        ":alt: a line that goes up and up",
        {
            ":alt: a line": "an English paragraph in the Chinese page: 'a line that goes up and up'"
        },
    ),
    (
        "The solution is below.\n",
        "",
        {"解答见下。": "Chinese without English: '解答见下。'"},
    ),
    (
        "解答见下。\n",
        "",
        {"The solution": "English without Chinese: 'The solution is below.'"},
    ),
    # -- the skeleton --
    (
        "## The drawing",
        "### The drawing",
        {
            "## 画图": "the languages differ: a heading h2 in Chinese, a heading h3 in English"
        },
    ),
    (
        "% en\n## The drawing",
        "% en\n(sec-drawing)=\n## The drawing",
        {
            "(sec-drawing)=": "the languages differ: nothing in Chinese, the label (sec-drawing)= in English"
        },
    ),
    (
        ":::{tip} A hint",
        ":::{note} A hint",
        {":::{tip} 提示": "the languages differ: {tip} in Chinese, {note} in English"},
    ),
    (
        ":::{tip} A hint\n",
        ":::{tip} A hint\n:class: wide\n",
        {
            ":class: wide": "the languages differ: nothing in Chinese, the option :class: wide in English"
        },
    ),
    (
        "- second\n",
        "",
        {
            "- 第一点": "the languages differ: a list item in Chinese, nothing in English"
        },
    ),
    (
        "| 损失 | {glue:text}`loss:.3f` |\n",
        "| 损失 | {glue:text}`loss:.3f` |\n| 权重 | 大 |\n",
        {"| 权重": "the languages differ: a table row in Chinese, nothing in English"},
    ),
    (
        "y = w x + \\text{bias}",
        "y = w x - \\text{bias}",
        {
            "```{math}": "the languages differ: the formula y = w x + \\text{} in Chinese, the formula y = w x - \\text{} in English"
        },
    ),
    (
        "\n\n[^one]: A footnote, from [the documentation](https://pytorch.org/docs/).",
        " See [the documentation](https://pytorch.org/docs/).",
        {
            "[^one]: 脚注": "the languages differ: the footnote [^one] in Chinese, nothing in English"
        },
    ),
    (
        "straight line. You need Python, see {ref}`sec-line`.",
        "straight line. You need Python.",
        {"本章画一条直线": "only in the Chinese text of this section: {ref}`sec-line`"},
    ),
    (
        "The line. The loss is {glue:text}`loss:.3f`.",
        "The line. The loss is {glue:text}`loss:.2f`.",
        {
            "The line. The loss": "only in the English text of this section: {glue:text}`loss:.2f`"
        },
    ),
    (
        "[官方文档](https://pytorch.org/docs/)",
        "官方文档",
        {
            "[^one]: A footnote": "only in the English text of this section: the link https://pytorch.org/docs/"
        },
    ),
    (
        "and $w$ has",
        "and $v$ has",
        {
            "There are 60000": "only in the English text of this section: the formula v",
            "本章画一条直线": "only in the Chinese text of this section: the formula w",
        },
    ),
    (
        "20 entries.[^one]",
        "20 entries.",
        {
            "本章画一条直线": "only in the Chinese text of this section: the footnote [^one]"
        },
    ),
    (
        "There are 60000 pictures",
        "There are 50000 pictures",
        {
            "There are": "only in the English text of this section: the number 50000",
            "本章画一条直线": "only in the Chinese text of this section: the number 60000",
        },
    ),
    # -- structure --
    (
        "(sec-line)=\n",
        "",
        {"## 画图": "a heading without (label)= above it, in '% all'"},
    ),
    (
        "(sec-line)=\n% zh\n",
        "% zh\n(sec-line)=\n",
        {
            "## 画图": "a heading without (label)= above it, in '% all'",
            "(sec-line)=\n": "the languages differ: the label (sec-line)= in Chinese, nothing in English",
        },
    ),
    (
        "### 结尾",
        "#### 结尾",
        {
            "#### 结尾": "the languages differ: a heading h4 in Chinese, a heading h3 in English",
        },
    ),
    # -- prose --
    (
        "越小越好：",
        "越小\n越好：",
        {"越好：": "a Chinese paragraph is one line: join this line"},
    ),
    (
        "**重点**：看",
        "**重点：**看",
        {"**重点：**看": "emphasis that stays open: '`…`，**重点：**看'"},
    ),
    (
        "解答见下。",
        "解答 __main__ 见下。",
        {
            "解答 __main__": "Markdown eats the underscores: write `code`, or stars, around 'main'"
        },
    ),
    (
        "# en: draw a line\n",
        " # en: draw a line\n",
        {" # en: draw a line": "paired comments are indented alike"},
    ),
    (
        "解答见下。",
        "解答显然见下。",
        {"解答显然": "'显然': write '依据（或删去）'"},
    ),
    (
        "解答见下。",
        "考试的解答见下。",
        {"考试的解答": "'考试': write '评估'"},
    ),
    (
        "The solution is below.",
        "The solution mends it.",
        {"mends it": "'mends': write 'fix'"},
    ),
    (
        "The solution is",
        "The solution simply is",
        {"simply": "'simply': write 'nothing: leave it out'"},
    ),
    (
        "is below.",
        "is below!",
        {"is below!": "an exclamation mark"},
    ),
    (
        "解答见下。",
        "解答见下！",
        {"解答见下！": "an exclamation mark"},
    ),
    (
        "延伸阅读：",
        "延伸阅读:",
        {"延伸阅读:": "half-width punctuation in Chinese: '读:'"},
    ),
    (
        "需要会用 Python",
        "需要会用Python",
        {"会用Python": "no space between Han and Latin: '者需要会用Pytho'"},
    ),
    (
        "看 `points`。",
        "看`points`。",
        {"看`points`": "no space between Han and Latin: '，重点：看`…`。'"},
    ),
    (
        "The solution is below.",
        "The loss is 0.215 here.",
        {
            "0.215": "a typed result, glue it from the run: 0.215",
            "The loss is 0.215": "only in the English text of this section: the number 0.215",
        },
    ),
    # -- code --
    (
        "plt.plot(points)",
        "plt.plot(points, color='black', linewidth=2, linestyle='dashed', alpha=0.5)",
        {"plt.plot": "75 columns of code, 72 fit"},
    ),
    (
        "print(provenance())",
        "print(provenance)",
        {
            "```{code-cell}\nfrom nn_tutorial": "the last code cell of a chapter calls provenance()"
        },
    ),
    (
        "先读{ch}`first`",
        "读过{ch}`first`",
        {"# 一条直线": "the head of the Chinese chapter says not what to read first"},
    ),
    (
        "plt.plot(points)",
        "plt.plot(points, alpha=secret)",
        {"plt.plot": "secret comes from the hidden cell in line 33"},
    ),
    (
        "total = sum(points)",
        "from myst_nb import glue\ntotal = sum(points)",
        {"from myst_nb import glue\ntotal": "only hidden cells use myst_nb"},
    ),
    (
        "total = sum(points)",
        "total = sum(points)\ndisplay(total)",
        {"display(total)": "only a notebook has display()"},
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "messages"),
    FAULTS,
    ids=[f"{n}: {next(iter(fault[2].values()))}" for n, fault in enumerate(FAULTS)],
)
def test_a_fault_is_named_with_its_line(docs, old, new, messages):
    text = changed(old, new)
    write(docs, text)
    pairs.accept(docs)
    expected = [
        f"{HERE}:{line_of(place, text)}: {message}"
        for place, message in messages.items()
    ]
    assert sorted(lint.problems(docs)) == sorted(expected)


@pytest.mark.parametrize("rule", [*lint.FIRST_RULES, *lint.RULES])
def test_every_rule_has_a_fault_above_and_a_reason(rule):
    assert any(
        list(rule(Page(PAGE, changed(old, new), {"first": 1, "good": 2, "last": 3})))
        for old, new, _ in FAULTS
    )
    assert rule.__doc__


def test_the_rules_for_chapters_leave_other_pages_alone(docs):
    wide = "plt.plot(points, color='black', linewidth=2, linestyle='dashed', alpha=1)"
    text = changed("plt.plot(points)", wide)
    write(docs, changed("print(provenance())", "pass", text), "index.md")
    pairs.accept(docs)
    assert lint.problems(docs) == []


def test_only_the_terms_of_the_glossary_may_be_chinese_for_english_readers(docs):
    entry = "```{{glossary}}\n权重\nweight\n    {}\n```\n"
    write(docs, GOOD + entry.format("$w$"))
    pairs.accept(docs)
    assert lint.problems(docs) == []
    write(docs, GOOD + entry.format("也写作 $w$"))
    assert any("Chinese in the English page" in line for line in lint.problems(docs))


def test_a_hidden_cell_may_import_again_what_the_page_imports(docs):
    again = "from myst_nb import glue\nimport matplotlib.pyplot as plt"
    hidden = f"```{{code-cell}}\n:tags: [remove-cell]\n{again}\n```\n\n"
    text = changed("```{solution} 04-1", hidden + "```{solution} 04-1")
    text = changed("total = sum(points)", "plt.plot(points)\ntotal = 3", text)
    write(docs, text)
    assert lint.problems(docs) == []


def test_a_hidden_cell_may_not_change_what_the_page_uses_later(docs):
    hidden = "```{code-cell}\n:tags: [remove-cell]\npoints = [3]\n```\n\n"
    text = changed("```{solution} 04-1", hidden + "```{solution} 04-1")
    write(docs, text)
    line = line_of("total = sum", text)
    cell = line_of("points = [3]", text) - 2
    message = f"points comes from the hidden cell in line {cell}"
    assert lint.problems(docs) == [f"{HERE}:{line}: {message}"]


# -- The lock -------------------------------------------------------------------

ALONE = "compare both, then run 'nox -s lint -- accept'"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("解答见下。", "解答在下面。", "Chinese changed here, English did not"),
        ("is below.", "is right below.", "English changed here, Chinese did not"),
        ("# zh: 画一条线", "# zh: 画线", "Chinese changed here, English did not"),
        (":alt: A rising", ":alt: A long", "English changed here, Chinese did not"),
        # Two paragraphs out of one, and a paragraph that becomes code:
        ("solution is", "solution\n\nis", "English changed here, Chinese did not"),
        (
            "The solution is",
            "    The solution is",
            "English changed here, Chinese did not",
        ),
    ],
)
def test_a_text_that_changed_alone_is_named(docs, old, new, message):
    text = changed(old, new)
    write(docs, text)
    line = line_of(new, text)
    assert lint.problems(docs) == [f"{HERE}:{line}: {message}: {ALONE}"]


def test_two_texts_that_changed_together_want_to_be_accepted(docs):
    text = changed("解答见下。", "下面是解答。")
    text = changed("The solution is below.", "Below is the solution.", text)
    write(docs, text)
    line = line_of("下面是解答。", text)
    assert lint.problems(docs) == [f"{HERE}:{line}: new or changed texts: {ALONE}"]
    pairs.accept(docs)
    assert lint.problems(docs) == []


def test_shared_code_and_blank_lines_change_freely(docs):
    text = changed("total = sum(points)", "total = 1 + 2")
    write(docs, changed("解答见下。\n", "\n解答见下。\n\n", text))
    assert lint.problems(docs) == []


def test_a_text_that_moves_with_its_twin_changes_nothing(docs):
    solution = GOOD[GOOD.index("```{solution}") : GOOD.index("```{code-cell}\nfrom nn")]
    write(docs, changed("(sec-end)=", solution + "(sec-end)=", changed(solution, "")))
    assert lint.problems(docs) == []


def test_a_chapter_cannot_need_a_later_one(docs):
    text = changed("先读{ch}`first`", "先读{ch}`first`和{ch}`good`")
    text = changed(
        "Read {ch}`first` first.", "Read {ch}`first` and {ch}`good` first.", text
    )
    write(docs, text)
    pairs.accept(docs)
    message = "{ch}`good` does not come before this chapter"
    assert lint.problems(docs) == [
        f"{HERE}:{line_of(place, text)}: {message}" for place in ("先读", "Read {ch}")
    ]


def test_texts_and_pages_that_are_gone_leave_the_lock(docs):
    write(docs, changed("% zh\n解答见下。\n% en\nThe solution is below.\n", ""))
    assert lint.problems(docs) == [
        f"{HERE}:1: the lock has texts that are gone: {ALONE}"
    ]
    (docs / PAGE).unlink()
    assert lint.problems(docs) == [
        f"docs/pairs.lock:1: {PAGE} is gone: run 'nox -s lint -- accept'"
    ]
    pairs.accept(docs)
    assert lint.problems(docs) == []


def test_the_lock_has_one_line_for_each_pair_sorted_by_page(docs):
    write(docs, GOOD, "chapters/first.md")
    pairs.accept(docs)
    lines = (docs / "pairs.lock").read_text().splitlines()[1:-1]
    places = [line.split('"')[1] for line in lines]
    pages = [place.partition("#")[0] for place in places]
    assert pages == ["chapters/first.md"] * 8 + [PAGE] * 8
    assert places[:2] == [
        "chapters/first.md#ch-good.1",
        "chapters/first.md#sec-line.1",
    ]


# -- Texts that stand elsewhere -------------------------------------------------

ELSEWHERE = {
    "nn_tutorial/exercises/good.py": """\
CHECKS = {
    "good-1": number(
        2,
        other=Hint(
            zh=f"是 {2:g} 的"
            "倍数。",
            en=f"A multiple of {2:g}.",
        ),
    )
}
""",
    "nn_tutorial/reading.py": """\
def read(path):
    if not path.exists():
        raise DocumentError("没有文件", "there is no file")
""",
    "docs/machinery/nn_book/offer/downloads.py": """\
WORDS = {
    "zh": {"hints": "练习的提示", "install": "先装上"},
    "en": {"hints": "hints of exercises", "install": "Install it."},
}
""",
    "nn_tutorial/modernize/catalog.toml": """\
[habits.variable]
level = "spelling"
zh = ["已是张量", "直接用"]
en = ["is a tensor", "use it"]
""",
    "docs/conf.py": 'project = "教程" if zh else "Course"\n',
    "docs/pieces/digit/words.mjs": """\
export const WORDS = {
  zh: {
    clear: "清空",
    help: "用鼠标画。",
  },
  en: {
    clear: "Clear",
    help: "Draw with the mouse.",
  },
};
""",
    "docs/theme/locale/zh_CN/LC_MESSAGES/sphinx.po": """\
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "Dark"
msgstr "深色"
""",
    "README.md": "# Book\n\n## Read it\n\nHere.\n\n## Build it\n\nSo.\n",
    "README.zh.md": "# 书\n\n## 读\n\n这里。\n\n## 构建\n\n这样。\n",
    "CHANGELOG.md": "# Changes\n\n## 0.1\n\n- New.\n\n---\n\n- 新的。\n",
}


@pytest.fixture
def elsewhere(docs):
    """The folder of the good chapter, with texts in two languages of every kind."""
    for name, text in ELSEWHERE.items():
        write(docs.parent, text, name)
    pairs.accept(docs)
    assert lint.problems(docs) == []
    return docs


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("nn_tutorial/exercises/good.py", "倍数", "两倍"),
        ("nn_tutorial/exercises/good.py", "A multiple of", "Twice"),
        ("nn_tutorial/reading.py", "there is no", "this is no"),
        ("docs/machinery/nn_book/offer/downloads.py", "先装上", "先安装"),
        ("docs/machinery/nn_book/offer/downloads.py", "hints of", "hints for"),
        ("nn_tutorial/modernize/catalog.toml", "直接用", "照用"),
        ("docs/conf.py", '"Course"', '"Book"'),
        ("docs/pieces/digit/words.mjs", "用鼠标画", "用鼠标写"),
        ("docs/pieces/digit/words.mjs", "with the mouse", "with a mouse"),
        ("docs/theme/locale/zh_CN/LC_MESSAGES/sphinx.po", "深色", "暗色"),
        ("README.zh.md", "这样。", "就这样。"),
        ("README.md", "Here.", "There."),
        ("CHANGELOG.md", "New.", "Newer."),
    ],
)
def test_a_text_that_changed_alone_is_named_wherever_it_stands(
    elsewhere, name, old, new
):
    write(elsewhere.parent, changed(old, new, ELSEWHERE[name]), name)
    ours, theirs = ("Chinese", "English") if old[-1] > "z" else ("English", "Chinese")
    [problem] = lint.problems(elsewhere)
    path, line, message = problem.split(":", 2)
    assert path == name.replace("README.md", "README.zh.md")  # it names the pair
    assert message == f" {ours} changed here, {theirs} did not: {ALONE}"
    if path == name:
        shown = "\n".join(ELSEWHERE[name].splitlines()[int(line) - 1 :])
        assert old in shown


def test_a_word_that_one_table_lacks_is_missed(elsewhere):
    name = "docs/pieces/digit/words.mjs"
    text = changed('    clear: "Clear",\n', "", ELSEWHERE[name])
    write(elsewhere.parent, text, name)
    pairs.accept(elsewhere)
    [problem] = lint.problems(elsewhere)
    assert problem == f"""{name}:3: Chinese without English: 'clear: "清空",'"""


def test_code_around_a_text_and_its_line_change_freely(elsewhere):
    name = "nn_tutorial/exercises/good.py"
    text = changed("        2,\n", "        3,\n        within=0.5,\n", ELSEWHERE[name])
    write(elsewhere.parent, text.replace("{2:g}", "{value:g}"), name)
    assert lint.problems(elsewhere) == []


# -- The command ----------------------------------------------------------------


def test_the_command_prints_problems_and_fails(docs, capsys):
    assert lint.main([], docs) == 0
    write(docs, changed("is below.", "is below!"))
    assert lint.main(["accept"], docs) == 1
    line = line_of("The solution is", GOOD)
    assert capsys.readouterr().out == f"{HERE}:{line}: an exclamation mark\n"


def test_the_command_explains_every_rule(capsys):
    assert lint.main(["rules"]) == 0
    explained = capsys.readouterr().out.splitlines()
    assert len(explained) == len(lint.FIRST_RULES) + len(lint.RULES)
    assert "exclamation: The reader decides what is exciting." in explained


def test_folders_that_sphinx_does_not_read_are_left_out(docs):
    write(docs, "no page of the book", "_build/copy.md")
    assert lint.problems(docs) == []
