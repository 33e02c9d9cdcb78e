"""Chapter 10 says what is true: each message is really said, each number comes out.

The cells of the chapter are executed once, except those that run whole programs; the
tool has its own tests, and so has the message of every habit (test_modernize.py).
"""

import contextlib
import io
import os
import re
import shutil
import tempfile
import warnings
from pathlib import Path

import pytest
import torch
from packaging.version import Version

from nn_tutorial import exercises
from nn_tutorial.modernize.catalog import HABITS
from nn_tutorial.modernize.documents import parse_document, read_document
from nn_tutorial.modernize.engine import modernize

CHAPTER = Path(__file__).parents[1] / "docs" / "chapters" / "old-code.md"
SOURCE = CHAPTER.read_text(encoding="utf8")
RULES = [rule for rule, habit in HABITS.items() if habit.level != "note"]

# Messages of the table that no cell of the chapter provokes, and lines that do.
ELSEWHERE = {
    "AttributeError: 'CIFAR10' object has no attribute 'train_data'": """\
from torchvision.datasets import CIFAR10
CIFAR10.__new__(CIFAR10).train_data
""",
}
# The page is made with today's PyTorch; the oldest that the package supports says these
# in other words, or only warns.
SAID_SINCE = {HABITS[rule].says for rule in ("bool-minus", "scheduler-verbose")}
# Of each group one is said: it depends on the build of PyTorch and on the machine, or
# on Python (from 3.13 on, the second of the last two).
EITHER = (
    {
        "AssertionError: Torch not compiled with CUDA enabled",
        "RuntimeError: Found no NVIDIA driver on your system.",
        "RuntimeError: No CUDA GPUs are available",
    },
    {
        "TypeError: super(type, obj): obj must be an instance or subtype of type",
        "TypeError: super(type, obj): obj (instance of CNN) is not an instance or "
        "subtype of type (Net).",
    },
)


def cells() -> list[str]:
    """The code of every cell, its options left out."""
    found = re.findall(r"^```\{code-cell\}.*\n((?:.*\n)*?)```$", SOURCE, re.M)
    return [re.sub(r"\A(?::.*\n)+", "", code) for code in found]


class Chapter:
    """What the executed cells have defined, and all that they said."""

    def __init__(self) -> None:
        self.names: dict = {"__name__": "__main__", "glue": lambda *args, **options: 0}
        self.said: list[str] = []
        for code in cells():
            if "myst_nb" in code or "tool" in code or "check(" in code:
                continue
            code = code.replace('print(python("post.py"))', "")
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                try:
                    exec(compile(code, "cell", "exec"), self.names)
                except (SyntaxError, IndexError) as error:
                    print(f"{type(error).__name__}: {error}")
            self.said.append(output.getvalue())


@pytest.fixture(scope="module")
def chapter():
    threads, hidden = torch.get_num_threads(), os.environ.get("CUDA_VISIBLE_DEVICES")
    with torch.random.fork_rng(devices=[]):
        chapter = Chapter()
    yield chapter
    torch.set_num_threads(threads)
    shutil.rmtree(chapter.names["folder"])
    if hidden is None:
        del os.environ["CUDA_VISIBLE_DEVICES"]
    else:
        os.environ["CUDA_VISIBLE_DEVICES"] = hidden


def tables(language: str) -> list[list[tuple[str, str]]]:
    """The rows of the tables at the head: message or sign, and label of a section."""
    head = SOURCE.split("(old-messages)=")[1].split("(old-tools)=")[0]
    parts = re.split(r"^% (\w+)$", head, flags=re.M)
    chosen = zip(parts[1::2], parts[2::2], strict=True)
    text = "".join(part for lang, part in chosen if lang == language)
    blocks = [block for block in text.split("\n\n") if block.lstrip().startswith("|")]
    row = re.compile(r"^\| (.*) \| \[.*\]\(#([\w-]+)\) \|$", re.M)
    return [row.findall(block) for block in blocks]


def messages() -> list[tuple[str, str]]:
    return [(text.strip("` "), rule) for text, rule in tables("en")[0]]


# -- From the message to the line ------------------------------------------------------


def test_every_habit_has_a_section_with_its_name():
    labels = re.findall(r"^\(([\w-]+)\)=$", SOURCE, re.M)

    assert [rule for rule in RULES if rule not in labels] == []


def test_every_habit_names_the_release_that_changed_it_or_says_there_is_none():
    sections = re.split(r"^\(([\w-]+)\)=$", SOURCE, flags=re.M)
    text_of = dict(zip(sections[1::2], sections[2::2], strict=True))
    # No release changed these: four habits as bad as ever, and what is no Python.
    always = {
        "missing-eval", "mnist-module", "full-width", "ipython-magic", "syntax",
        "no-grad-data", "require-grad",
    }  # fmt: skip
    note = re.compile(
        r"/releases/tag/v|/pytorch/pull/\d|migration-guide|/whatsnew/3|-notes\.html"
        r"|/whats_new/v1|/releasenotes/"
        r"|/generated/torch\.range\.html"  # says that it is to go
    )

    linked = {rule for rule in RULES if note.search(text_of[rule])}
    assert set(RULES) - linked == always


def test_every_habit_is_in_a_table():
    listed = {rule for table in tables("en") for _, rule in table}

    assert set(RULES) - listed == {
        "functional-sigmoid",
        "quiet-name",
    }  # as right as ever


def test_both_languages_list_the_same():
    (zh_loud, zh_quiet), (en_loud, en_quiet) = tables("zh"), tables("en")

    assert zh_loud == en_loud
    assert [rule for _, rule in zh_quiet] == [rule for _, rule in en_quiet]


def test_every_message_that_the_tool_quotes_is_in_the_table():
    listed = [message for message, _ in messages()]
    # Prefixes of several messages; the table has one of them in full.
    quoted = {rule: habit.says for rule, habit in HABITS.items() if habit.says}
    missing = {
        rule
        for rule, says in quoted.items()
        if not any(m.startswith(says) or says.startswith(m) for m in listed)
    }

    assert missing == set()


@pytest.mark.parametrize("message", sorted({message for message, _ in messages()}))
def test_message_of_the_table_is_really_said(chapter: Chapter, message: str):
    if message in ELSEWHERE:
        with pytest.raises(AttributeError) as raised:
            exec(ELSEWHERE[message], {})
        assert f"{raised.type.__name__}: {raised.value}" == message
        return
    if Version(torch.__version__) < Version("2.15") and message in SAID_SINCE:
        return
    wanted = next((group for group in EITHER if message in group), {message})

    said = "".join(chapter.said)
    assert any(text in said for text in wanted)


def test_each_message_is_said_in_the_section_it_leads_to(chapter: Chapter):
    sections = re.split(r"^\(([\w-]+)\)=$", SOURCE, flags=re.M)
    text_of = dict(zip(sections[1::2], sections[2::2], strict=True))
    words = {
        "cuda-call": "net.cuda()",
        "iterator-next": "dataiter.next()",
        "load-model": 'torch.load(folder / "net.pkl")',
        "integer-division": "row /= 2",
        "softmax-dim": "F.softmax(scores)",
    }

    assert all(code in text_of[rule] for rule, code in words.items())
    assert all("% zh" in text_of[rule] and "% en" in text_of[rule] for rule in RULES)


# -- The chapter and the tool ----------------------------------------------------------

# Sections that measure or quote what they are about: the words in question, which the
# section has, and a program with them.
IN_WORDS = {
    "loss-graph": (
        "eval_loss += loss",
        "net = nn.Linear(1, 1)\neval_loss = 0\nfor x, y in loader:\n"
        "    loss = F.mse_loss(net(x), y)\n    eval_loss += loss\nprint(eval_loss)\n",
    ),
    "missing-eval": (
        "model.eval()",
        "net = nn.Sequential(nn.Dropout())\nfor x in loader:\n"
        "    net(x).sum().backward()\nfor x in loader:\n    print(net(x))\n",
    ),
    "scheduler-order": (
        "scheduler.step()",
        "from torch.optim.lr_scheduler import StepLR\n"
        "optimizer = torch.optim.SGD(p, lr=1)\nscheduler = StepLR(optimizer, 1)\n"
        "for epoch in range(2):\n    scheduler.step()\n    optimizer.step()\n",
    ),
    "full-width": ("\\uff0c", "print(1\uff0c 2)\n"),
    "ipython-magic": ("%matplotlib inline", "%matplotlib inline\n"),
    "syntax": ("x = (1", "x = (1\n"),
    "encoding": ("gbk", "# \u4e2d\u6587\nprint(1)\n"),
}


def section_of(line: int) -> str:
    """The label of the section that a line of the source belongs to."""
    labels = re.finditer(r"^\(([\w-]+)\)=$", SOURCE, re.M)
    above = [m[1] for m in labels if SOURCE.count("\n", 0, m.start()) < line]
    return above[-1]


@pytest.fixture(scope="module")
def found_in_sections() -> set[tuple[str, str]]:
    """Section and rule of all that the tool finds in the chapter's own cells."""
    reports, _ = modernize(read_document(CHAPTER))
    return {(section_of(report.line), report.rule) for report in reports}


@pytest.mark.parametrize("rule", RULES)
def test_the_tool_finds_the_habit_of_each_section_in_its_example(
    found_in_sections: set[tuple[str, str]], rule: str
):
    if rule not in IN_WORDS:
        assert (rule, rule) in found_in_sections
        return
    sections = re.split(r"^\(([\w-]+)\)=$", SOURCE, flags=re.M)
    text_of = dict(zip(sections[1::2], sections[2::2], strict=True))
    words, program = IN_WORDS[rule]
    source = program.encode("gbk" if rule == "encoding" else "utf8")
    reports, _ = modernize(parse_document(source, "python"))

    assert words in text_of[rule]
    assert rule in {report.rule for report in reports}


def test_the_tool_says_nothing_of_what_is_fine(
    found_in_sections: set[tuple[str, str]],
):
    assert {rule for label, rule in found_in_sections if label == "old-harmless"} == (
        set()
    )


def test_every_section_has_its_rule_or_says_why_not():
    start, end = SOURCE.index("(old-graph)="), SOURCE.index("(old-exercises)=")
    labels = set(re.findall(r"^\(([\w-]+)\)=\n% zh\n### ", SOURCE[start:end], re.M))

    assert labels == set(RULES)
    assert "没有规则，因为" in SOURCE and "has no rule for" in SOURCE


# -- What is claimed -------------------------------------------------------------------


def test_kept_losses_hold_what_hand_arithmetic_says(chapter: Chapter):
    # Per step of 64 images: the images, what the ReLU gives, the log-probabilities
    # (float32), the digits (int64) and one total; the second weight once for all.
    step = 64 * (784 + 400 + 10) * 4 + 64 * 8 + 4
    expected = (20 * step + 400 * 10 * 4) / 1024

    table = chapter.names["table"]
    assert table[False, "loss"] == pytest.approx(expected)
    assert table[True, "loss"] == 0
    assert table[True, "loss.item()"] == table[False, "loss.item()"] == 0


def test_variable_around_a_loss_cuts_the_gradient(chapter: Chapter):
    assert any("gradient of the first layer: None" in said for said in chapter.said)


def test_scheduler_first_skips_the_first_rate(chapter: Chapter):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert chapter.names["rates"](first=True) == [0.5, 0.25, 0.125]
    assert chapter.names["rates"](first=False) == [1.0, 0.5, 0.25]


def test_careless_dropout_drops_after_eval_and_careful_does_not(chapter: Chapter):
    ones = torch.ones(1000)

    assert (chapter.names["Careless"]().eval()(ones) == 0).any()
    assert chapter.names["Careful"]().eval()(ones).equal(ones)


def test_square_has_the_gradient_of_a_square(chapter: Chapter):
    x = torch.tensor([1.5, -2.0], dtype=torch.double, requires_grad=True)

    assert torch.autograd.gradcheck(chapter.names["Square"].apply, x)


def test_program_of_the_chapter_is_rewritten_up_to_one_volatile(
    chapter: Chapter, capsys: pytest.CaptureFixture[str]
):
    from nn_tutorial.modernize.__main__ import main

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "post.py")
        path.write_text(chapter.names["post"])
        main(["--write", "--lang", "en", str(path)])
        text = path.read_text()

    assert "1 left to you" in capsys.readouterr().out
    assert "volatile" in text
    assert not re.search(
        r"\.cuda\(\)|data\[0\]|append\(loss\)|softmax\(net\(test\)\)", text
    )


# -- Exercises -------------------------------------------------------------------------


def test_solutions_of_the_chapter_are_right(chapter: Chapter):
    solved = re.findall(
        r"\{solution\} (old-code-\d)\n(.*?)\{solution-end\}", SOURCE, re.S
    )
    names = chapter.names | {"check": lambda number, answer: None}

    assert [number for number, _ in solved] == [
        "old-code-1",
        "old-code-2",
        "old-code-3",
    ]
    for number, text in solved:
        for code in re.findall(r"^```\{code-cell\}.*\n((?:.*\n)*?)```$", text, re.M):
            with contextlib.redirect_stdout(io.StringIO()):
                exec(code, names)
        assert exercises.check(number, names["answer"])
