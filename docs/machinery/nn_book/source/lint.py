"""Refuse what a reader of one language, or of the code, would stumble over.

    nox -s lint              one line per problem, "file:line: what is wrong"
    nox -s lint -- accept    rewrite pairs.lock, after both texts were read
    nox -s lint -- rules     every rule and its reason
    nox -s lint -- first-uses    where each term and idiom is used and introduced

The rules are in ``rules/``; ``pairs.py`` compares all texts that stand in two languages
with those that somebody has read together.
"""

import argparse
import sys
from pathlib import Path
from posixpath import join, normpath

from nn_book import DOCS
from nn_book.source import pairs
from nn_book.source.first_uses import table as first_uses
from nn_book.source.reader import read_pages
from nn_book.source.rules import Problem, Rule, chapters, languages, prose

COMMANDS = ("check", "accept", "rules", "first-uses")
FIRST_RULES: tuple[Rule, ...] = languages.FIRST_RULES
RULES: tuple[Rule, ...] = (*languages.RULES, *prose.RULES, *chapters.RULES)


def problems(docs: Path) -> list[str]:
    """Return what is wrong with the book, as lines "file:line: message"."""
    lock, texts = pairs.read_lock(docs), pairs.all_pairs(docs)
    found: dict[str, set[Problem]] = {}
    for page in read_pages(docs):
        on_page = {problem for rule in FIRST_RULES for problem in rule(page)}
        if on_page:  # what else could be said of the page is only its consequence
            del texts[page.name]
        else:
            on_page = {problem for rule in RULES for problem in rule(page)}
        found[page.name] = on_page
    for name, told in texts.items():
        found.setdefault(name, set()).update(pairs.one_sided(told))
        found[name].update(pairs.changed_alone(name, told, lock))
    for name in {entry.partition("#")[0] for entry in lock} - found.keys():
        gone = Problem(1, f"{name} is gone: run 'nox -s lint -- accept'")
        found.setdefault(pairs.LOCK, set()).add(gone)
    return [
        f"{normpath(join(docs.name, name))}:{problem.line}: {problem.message}"
        for name in sorted(found)
        for problem in sorted(found[name])
    ]


def main(arguments: list[str] | None = None, docs: Path = DOCS) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", nargs="?", choices=COMMANDS, default="check")
    command = parser.parse_args(arguments).command
    if command == "rules":
        for rule in (*FIRST_RULES, *RULES):
            print(f"{rule.__name__.replace('_', ' ')}: {rule.__doc__}")
        return 0
    if command == "first-uses":
        print(first_uses(docs))
        return 0
    if command == "accept":
        pairs.accept(docs)
    found = problems(docs)
    print(*found, sep="\n", end="\n" * bool(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
