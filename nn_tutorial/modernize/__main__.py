"""The command line of ``nn_tutorial.modernize``."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import fnmatch
import io
import locale
import os
import re
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

try:
    from .catalog import HABITS, HELP, SEVERITIES, Text
    from .documents import SUFFIXES, DocumentError, read_document, write_document
    from .engine import modernize
    from .report import Result, as_json, as_text, summary
except ModuleNotFoundError as error:
    if error.name != "libcst":
        raise
    sys.exit("libcst is missing: python -m pip install libcst")

SKIPPED_FOLDERS = {"__pycache__", "node_modules", "site-packages"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool.

    Returns:
        0; with ``--check`` 1 if something was found; 2 if a file could not be read or
        written; 130 if the reader has stopped it, as the shell says it.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a character shows its number.
            stream.reconfigure(errors="backslashreplace")
    options = _parser(_language(arguments)).parse_args(arguments)
    try:
        return _run(options)
    except BrokenPipeError:  # "| head" has read enough
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(options: argparse.Namespace) -> int:
    results: list[Result] = []
    errors: list[tuple[Path, Text]] = []
    stopped = False
    wanted = _wanted(options.select, options.ignore)
    try:
        paths = [
            path
            for path in _files(options.paths, errors)
            if not _is_excluded(path, options.exclude)
        ]
        taken = _names_taken(paths)
        for path in _shown(paths):
            try:
                names = taken.get(_module_name(path), set())
                results.append(_done(path, options, names, wanted))
            except DocumentError as error:
                errors.append((path, error.text))
    except KeyboardInterrupt:  # what has been done is told all the same
        stopped = True
    habits = [r for item in results for r in item.reports if r.severity != "note"]
    if options.diff:
        sys.stdout.writelines(item.diff for item in results)
        line = summary(results, errors, options.lang, wrote=False)
        sys.stdout.flush()
        print(line, file=sys.stderr)
    elif options.format == "json":
        print(as_json(results, errors, options.lang, wrote=options.write))
    else:
        for line in as_text(results, errors, options.lang, wrote=options.write):
            print(line)
    sys.stdout.flush()
    if stopped:
        return 130
    if errors:
        return 2
    return 1 if options.check and habits else 0


def _parser(lang: str) -> argparse.ArgumentParser:
    def said(name: str) -> str:
        return str(getattr(HELP[name], lang))

    parser = argparse.ArgumentParser(
        prog="python -m nn_tutorial.modernize",
        description=said("about"),
        epilog=said("codes"),
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("paths", nargs="+", type=Path, metavar="PATH", help=said("paths"))
    add("--lang", choices=["zh", "en"], default=lang, help=said("lang"))
    add("--write", action="store_true", help=said("write"))
    add("--diff", action="store_true", help=said("diff"))
    add("--check", action="store_true", help=said("check"))
    add("--select", type=_rules, metavar="RULES", help=said("select"))
    add("--ignore", type=_rules, metavar="RULES", default=set(), help=said("ignore"))
    add("--exclude", action="append", metavar="GLOB", default=[], help=said("exclude"))
    add("--format", choices=["text", "json"], default="text", help=said("format"))
    return parser


def _rules(text: str) -> set[str]:
    """Return the rules that an option names, one by one or by their severity."""
    rules: set[str] = set()
    for name in filter(None, (part.strip() for part in text.split(","))):
        found = {rule for rule, habit in HABITS.items() if name in (rule, habit.level)}
        if not found:
            known = ", ".join([*SEVERITIES, *sorted(HABITS)])
            raise argparse.ArgumentTypeError(f"{name!r}: {known}")
        rules |= found
    return rules


def _wanted(select: set[str] | None, ignore: set[str]) -> Callable[[str], bool]:
    return lambda rule: (select is None or rule in select) and rule not in ignore


def _language(arguments: Sequence[str] | None) -> str:
    """Return the reader's language: as asked for, else that of the system."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for place, word in enumerate(words):
        if word == "--lang":
            word = "--lang=" + "".join(words[place + 1 : place + 2])
        if word in {"--lang=zh", "--lang=en"}:
            return word.removeprefix("--lang=")
    variables = ("NN_TUTORIAL_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    asked = next((os.environ[name] for name in variables if os.environ.get(name)), "")
    name = asked or locale.getlocale()[0] or ""
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


# -- Files -----------------------------------------------------------------------------


def _files(paths: Sequence[Path], errors: list[tuple[Path, Text]]) -> Iterator[Path]:
    """Give the files named, and those in the folders named, each once.

    Folders that cannot be read join ``errors``.
    """

    def note(error: OSError) -> None:
        zh, en = f"读不了：{error.strerror}", f"cannot be read: {error.strerror}"
        errors.append((Path(error.filename), Text(zh, en)))

    seen = set()
    for path in paths:
        for file in _files_in(path, note) if path.is_dir() else [path]:
            if file.absolute() not in seen:
                seen.add(file.absolute())
                yield file


def _files_in(folder: Path, note: Callable[[OSError], None]) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder, onerror=note):
        # Hidden folders and virtual environments hold nobody's own code.
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in SKIPPED_FOLDERS
            and not Path(parent, name, "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            if Path(name).suffix.lower() in SUFFIXES and not name.startswith("."):
                yield Path(parent, name)


def _is_excluded(path: Path, patterns: Sequence[str]) -> bool:
    """Say whether a path, its end or a folder on the way matches a pattern."""
    parts = path.as_posix().split("/")
    ends = ["/".join(parts[place:]) for place in range(len(parts))]
    return any(
        fnmatch.fnmatch(text, pattern.rstrip("/"))
        for pattern in patterns
        for text in [*parts, *ends]
    )


_TAKES = re.compile(
    r"\bfrom[ \t]+\.*(?:\w+\.)*(\w+)[ \t]+import[ \t]*(\([^)]*\)|[^\r\n;#]+)"
)


def _module_name(path: Path) -> str:
    return path.absolute().parent.name if path.stem == "__init__" else path.stem


def _names_taken(paths: Sequence[Path]) -> dict[str, set[str]]:
    """Return what the programs around some files import from each of them.

    Looked at are the files themselves, what lies beside them, and what lies one folder
    above. A name that another file takes must stay, though nothing uses it here.

    Returns:
        By the name of the module, the names taken from it; ``"*"`` stands for all.
    """
    folders = {path.absolute().parent for path in paths}
    folders |= {folder.parent for folder in folders}
    around = {file for folder in folders for file in _programs_beside(folder)}
    modules = {_module_name(path) for path in paths}
    taken: dict[str, set[str]] = {}
    for path in {*around, *(path.absolute() for path in paths)}:
        if path.suffix.lower() == ".md":
            continue
        try:
            text = path.read_bytes().decode("latin-1")
        except OSError:  # told when its turn comes
            continue
        for match in _TAKES.finditer(text):
            if match[1] in modules:
                names = re.findall(r"\*|\w+", match[2])
                taken.setdefault(match[1], set()).update(names)
        for module in modules.intersection(re.findall(r"\bimport[ \t]+(\w+)", text)):
            used = re.findall(rf"\b{module}\.(\w+)", text)
            taken.setdefault(module, set()).update(used)
    return taken


def _programs_beside(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return [p for p in folder.iterdir() if p.suffix in {".py", ".ipynb"}]
    return []


def _shown(paths: Sequence[Path]) -> Iterator[Path]:
    """Give each path; somebody who waits in a terminal sees a bar after two seconds."""
    stream = sys.stderr
    waits = stream is not None and stream.isatty()
    next_drawing, drawn = time.monotonic() + 2.0, False
    try:
        for number, path in enumerate(paths):
            if waits and time.monotonic() >= next_drawing:
                filled = 40 * number // len(paths)
                bar = "#" * filled + "." * (40 - filled)
                stream.write(f"\r[{bar}] {number}/{len(paths)}")
                stream.flush()
                next_drawing, drawn = time.monotonic() + 0.1, True
            yield path
    finally:
        if drawn:
            stream.write("\r" + " " * 80 + "\r")
            stream.flush()


def _done(
    path: Path,
    options: argparse.Namespace,
    taken: Collection[str],
    wanted: Callable[[str], bool],
) -> Result:
    """Look at one file, and rewrite it if that is asked for."""
    document = read_document(path)
    reports, text = modernize(document, taken=taken, wanted=wanted)
    result = Result(path, reports)
    if options.diff:
        old, new = (item.splitlines(keepends=True) for item in (document.text, text))
        result.diff = "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in difflib.unified_diff(old, new, f"a/{path}", f"b/{path}")
        )
    elif options.write and text != document.text:
        write_document(path, document.to_bytes(document.text), document.to_bytes(text))
    return result


if __name__ == "__main__":
    sys.exit(main())
