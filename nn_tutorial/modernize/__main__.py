"""The command line of ``nn_tutorial.modernize``."""

from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import io
import json
import locale
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

try:
    from .catalog import Text
    from .documents import SUFFIXES, DocumentError, read_document, write_document
    from .engine import Report, modernize
except ModuleNotFoundError as error:
    if error.name != "libcst":
        raise
    sys.exit('libcst is missing: python -m pip install "nn_tutorial[modernize]"')

CHAPTER = "chapters/old-code.html"
SKIPPED_FOLDERS = {"__pycache__", "node_modules", "site-packages"}

HELP = {
    "paths": Text(
        ".py、.ipynb 或 .md 文件，或放着它们的文件夹",
        ".py, .ipynb or .md files, or folders that hold them",
    ),
    "lang": Text("说明用的语言", "the language of the explanations"),
    "write": Text(
        "改写可以放心改写的地方", "rewrite what can be rewritten without risk"
    ),
    "check": Text("发现问题时退出码为 1", "exit with 1 if anything is found"),
    "format": Text("报告的格式", "how to report"),
    "about": Text(
        "找出 2017–2019 年的 PyTorch 写法，说明今天会怎样、该怎样写",
        "Find PyTorch habits of 2017 to 2019, say what happens today and what to write",
    ),
}


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
    results: list[tuple[Path, list[Report]]] = []
    errors: list[tuple[Path, Text]] = []
    stopped = False
    try:
        for path in _shown(list(_files(options.paths, errors))):
            try:
                results.append(_done(path, write=options.write))
            except DocumentError as error:
                errors.append((path, error.text))
    except KeyboardInterrupt:  # what has been done is told all the same
        stopped = True
    if options.format == "json":
        print(_as_json(results, errors, options.lang))
    else:
        for line in _as_text(results, errors, options.lang, wrote=options.write):
            print(line)
    habits = [r for _, reports in results for r in reports if r.level != "note"]
    if stopped:
        return 130
    if errors:
        return 2
    return 1 if options.check and habits else 0


def _parser(lang: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m nn_tutorial.modernize",
        description=getattr(HELP["about"], lang),
    )
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help=getattr(HELP["paths"], lang)
    )
    parser.add_argument(
        "--lang", choices=["zh", "en"], default=lang, help=getattr(HELP["lang"], lang)
    )
    parser.add_argument(
        "--write", action="store_true", help=getattr(HELP["write"], lang)
    )
    parser.add_argument(
        "--check", action="store_true", help=getattr(HELP["check"], lang)
    )
    parser.add_argument(
        "--format",
        choices=["text", "json"],
        default="text",
        help=getattr(HELP["format"], lang),
    )
    return parser


def _language(arguments: Sequence[str] | None) -> str:
    """Return the reader's language: as asked for, else that of the system."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for place, word in enumerate(words):
        if word == "--lang":
            word = "--lang=" + "".join(words[place + 1 : place + 2])
        if word in {"--lang=zh", "--lang=en"}:
            return word.removeprefix("--lang=")
    variables = ("LC_ALL", "LC_MESSAGES", "LANG")
    asked = next((os.environ[name] for name in variables if os.environ.get(name)), "")
    name = asked or locale.getlocale()[0] or ""
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


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


def _done(path: Path, *, write: bool) -> tuple[Path, list[Report]]:
    document = read_document(path)
    reports, text = modernize(document)
    if write and text != document.text:
        write_document(path, document.to_bytes(document.text), document.to_bytes(text))
    return path, reports


# -- What the reader sees --------------------------------------------------------------


def _link(rule: str, lang: str) -> str:
    """Return where the chapter explains a habit, below the book's address if known."""
    try:
        urls = importlib.metadata.metadata("nn_tutorial").get_all("Project-URL") or []
    except importlib.metadata.PackageNotFoundError:
        urls = []
    known = dict(url.split(", ", 1) for url in urls if ", " in url)
    book = known.get("Documentation", "").rstrip("/")
    return f"{book}/{lang}/{CHAPTER}#{rule}".lstrip("/")


WORDS = {
    "rewritten": Text("已改写", "rewritten"),
    "can be": Text("可以改写", "can be rewritten"),
    "left": Text("请你来改", "left to you"),
    "note": Text("说明", "note"),
    "today": Text("今天：", "today: "),
    "fix": Text("改法：", "fix: "),
    "why": Text("没有改写：", "not rewritten: "),
    "book": Text("详见：", "book: "),
    "cell": Text("第 {} 格", "cell {}"),
}


def _as_text(
    results: Sequence[tuple[Path, list[Report]]],
    errors: Sequence[tuple[Path, Text]],
    lang: str,
    *,
    wrote: bool,
) -> Iterator[str]:
    def word(key: str) -> str:
        return str(getattr(WORDS[key], lang))

    explained = set()
    for path, reports in results:
        for report in reports:
            cell = f"{word('cell').format(report.cell)}:" if report.cell else ""
            place = f"{path}:{cell}{report.line}:{report.column}"
            if report.level == "note":
                yield f"{place}: {getattr(report.today, lang)}"
                continue
            state = "left"
            if report.rewritten:
                state = "rewritten" if wrote else "can be"
            yield f"{place}: {report.rule} [{word(state)}]"
            yield f"    | {report.code}"
            if report.rule not in explained:
                explained.add(report.rule)
                today = [report.says, getattr(report.today, lang)]
                for number, text in enumerate(filter(None, today)):
                    yield f"    {'      ' if number else word('today')}{text}"
                yield f"    {word('fix')}{getattr(report.fix, lang)}"
                yield f"    {word('book')}{_link(report.rule, lang)}"
            if reason := getattr(report.reason, lang):
                yield f"    {word('why')}{reason}"
    for path, text in errors:
        yield f"{path}: {getattr(text, lang)}"
    yield _summary(results, errors, lang, wrote=wrote)


def _summary(
    results: Sequence[tuple[Path, list[Report]]],
    errors: Sequence[tuple[Path, Text]],
    lang: str,
    *,
    wrote: bool,
) -> str:
    habits = [r for _, reports in results for r in reports if r.level != "note"]
    mended = sum(report.rewritten for report in habits)
    left = len(habits) - mended
    files = len(results)
    if lang == "zh":
        parts = [f"看了 {files} 个文件，发现 {len(habits)} 处"]
        if mended:
            parts.append(
                f"改写了 {mended} 处" if wrote else f"{mended} 处可用 --write 改写"
            )
        if left:
            parts.append(f"{left} 处请你来改")
        if errors:
            parts.append(f"{len(errors)} 个文件没能处理")
        return "；".join(parts) + "。"
    parts = [f"{_counted(files, 'file')} looked at, "]
    parts[0] += f"{_counted(len(habits), 'place')} found"
    if mended:
        parts.append(
            f"{mended} rewritten"
            if wrote
            else f"{mended} can be rewritten with --write"
        )
    if left:
        parts.append(f"{left} left to you")
    if errors:
        parts.append(f"{_counted(len(errors), 'file')} could not be dealt with")
    return "; ".join(parts) + "."


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _as_json(
    results: Sequence[tuple[Path, list[Report]]],
    errors: Sequence[tuple[Path, Text]],
    lang: str,
) -> str:
    findings = []
    for path, reports in results:
        for report in reports:
            fields = dataclasses.asdict(report)
            for name in ("today", "fix", "reason"):
                fields[name] = fields[name][lang]
            link = {} if report.level == "note" else {"link": _link(report.rule, lang)}
            findings.append({"file": str(path), **fields, **link})
    problems = [{"file": str(p), "message": getattr(text, lang)} for p, text in errors]
    content = {"findings": findings, "errors": problems}
    return json.dumps(content, ensure_ascii=False, indent=2)


if __name__ == "__main__":
    sys.exit(main())
