"""Cells of chapters are short; each public name of the package is used in one."""

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# The modules that docs/api.md documents with all their names.
MODULES = re.findall(
    r"automodule:: (nn_tutorial\.\w+)\n   :members:",
    (ROOT / "docs" / "api.md").read_text(encoding="utf8"),
)
NAMES = sorted(
    {name for module in MODULES for name in importlib.import_module(module).__all__}
)
NOT_NAMED = {
    "Feedback": "what check() returns, shown below each exercise",
    "Hint": "what a Feedback holds",
    "stand_in_notice": "a hidden cell says with it that the images are the stand-in",
    "MnistSource": "what mnist_root() returns: chapters use its attributes",
}


def visible_code(page: Path) -> list[str]:
    """Return the cells of a chapter that its readers see."""
    text = page.read_text(encoding="utf8")
    cells = re.findall(r"(?m)^```\{code-cell\}.*\n((?:.*\n)*?)```$", text)
    return [cell for cell in cells if not cell.startswith(":tags: [remove-")]


def names_in(code: str) -> set[str]:
    """Return every name that Python code reads, imports or asks an object for."""
    code = re.sub(r"(?m)^:tags:.*\n|^%.*\n", "", code)
    found: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.add(node.name)
    return found


USED: dict[str, set[str]] = {}
for chapter in sorted((ROOT / "docs" / "chapters").glob("*.md")):
    cells = visible_code(chapter)
    imports = {
        name
        for cell in cells
        if "nn_tutorial" in cell or re.search(r"\b(?:package|training)\.", cell)
        for name in names_in(cell)
    }
    USED[chapter.stem] = imports


@pytest.mark.parametrize("name", NAMES)
def test_public_name_is_used_in_a_chapter_or_says_why_it_is_there(name):
    chapters = [chapter for chapter, used in USED.items() if name in used]

    assert bool(chapters) != (name in NOT_NAMED), chapters


def test_the_reference_has_names():
    assert {"accuracy", "flower", "train_one_epoch", "save_checkpoint"} <= set(NAMES)


# Their longest cells are programs of one file each, which readers save and start.
PROGRAMS = {"module", "old-code", "processes"}


@pytest.mark.parametrize(
    "chapter", sorted((ROOT / "docs" / "chapters").glob("*.md")), ids=lambda p: p.stem
)
def test_cells_have_at_most_15_lines(chapter: Path):
    for cell in visible_code(chapter):
        lines = [
            line
            for line in cell.splitlines()
            if line.strip() and not line.lstrip().startswith((":tags", "# zh:"))
        ]
        assert len(lines) <= (15 if chapter.stem not in PROGRAMS else 24), cell
