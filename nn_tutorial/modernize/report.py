"""What the reader sees: lines of text, first what stops the program, or JSON."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from .catalog import SEVERITIES, WORDS, Text
from .engine import Report

__all__ = ["Result", "as_json", "as_text", "summary"]

CHAPTER = "chapters/old-code.html"
JSON_VERSION = 1

PLACES_SHOWN = 3


@dataclasses.dataclass
class Result:
    """What became of one file.

    Attributes:
        path: The file.
        reports: What was found in it.
        diff: What ``--write`` would change, if that was asked for.
    """

    path: Path
    reports: list[Report]
    diff: str = ""


def link(rule: str, lang: str) -> str:
    """Return the address of a habit's section; ``""`` if the site is not known."""
    try:
        urls = importlib.metadata.metadata("nn_tutorial").get_all("Project-URL") or []
    except importlib.metadata.PackageNotFoundError:
        urls = []
    known = dict(url.split(", ", 1) for url in urls if ", " in url)
    book = known.get("Documentation", "").rstrip("/")
    return f"{book}/{lang}/{CHAPTER}#{rule}" if book else ""


def as_text(
    results: Sequence[Result],
    errors: Sequence[tuple[Path, Text]],
    lang: str,
    *,
    wrote: bool,
) -> Iterator[str]:
    """Give the lines of the report, by severity; of harmless rules one line each."""
    words = {key: str(getattr(text, lang)) for key, text in WORDS.items()}
    everything = [(item.path, report) for item in results for report in item.reports]

    def place(path: Path, report: Report) -> str:
        cell = f"{words['cell'].format(report.cell)}:" if report.cell else ""
        return f"{path}:{cell}{report.line}:{report.column}"

    def state(report: Report) -> str:
        if not report.rewritten:
            return words["left"]
        return words["rewritten" if wrote else "can be"]

    for severity, name in SEVERITIES.items():
        found = [pair for pair in everything if pair[1].severity == severity]
        said = str(getattr(name, lang))
        if severity == "spelling":
            yield from _harmless(found, said, lang, words, place, state)
            continue
        explained = set()
        for path, report in found:
            yield f"{place(path, report)}: {said}: {report.rule} [{state(report)}]"
            yield f"    | {report.code}"
            # A rule whose words differ from place to place explains each.
            key = (report.rule, report.today, report.fix)
            if key not in explained:
                explained.add(key)
                yield from _explained(report, lang, words)
            if reason := getattr(report.reason, lang):
                yield f"    {words['why']}{reason}"
    for path, report in everything:
        if report.severity == "note":
            yield f"{place(path, report)}: {getattr(report.today, lang)}"
    for path, text in errors:
        yield f"{path}: {getattr(text, lang)}"
    yield summary(results, errors, lang, wrote=wrote)


def _explained(report: Report, lang: str, words: dict[str, str]) -> Iterator[str]:
    today = [report.says, getattr(report.today, lang)]
    for number, text in enumerate(filter(None, today)):
        yield f"    {'      ' if number else words['today']}{text}"
    yield f"    {words['fix']}{getattr(report.fix, lang)}"
    if url := link(report.rule, lang):
        yield f"    {words['book']}{url}"


def _harmless(
    found: Iterable[tuple[Path, Report]],
    said: str,
    lang: str,
    words: dict[str, str],
    place: Callable[[Path, Report], str],
    state: Callable[[Report], str],
) -> Iterator[str]:
    """Give one line for all places of a rule that changes nothing."""
    groups: dict[tuple[str, str, Text, Text], list[tuple[Path, Report]]] = {}
    for path, report in found:
        key = (report.rule, state(report), report.fix, report.reason)
        groups.setdefault(key, []).append((path, report))
    for (rule, mark, fix, reason), pairs in groups.items():
        shown = [place(*pair) for pair in pairs[:PLACES_SHOWN]]
        if len(pairs) > PLACES_SHOWN:
            shown.append(words["more"].format(len(pairs) - PLACES_SHOWN))
        why = f" ({getattr(reason, lang)})" if reason.en else ""
        yield (
            f"{said}: {rule} × {len(pairs)} [{mark}] {getattr(fix, lang)}{why}: "
            f"{', '.join(shown)}"
        )


def summary(
    results: Sequence[Result],
    errors: Sequence[tuple[Path, Text]],
    lang: str,
    *,
    wrote: bool,
) -> str:
    """Return the last line: how many files, places, rewritten, left."""
    habits = [r for item in results for r in item.reports if r.severity != "note"]
    fixed = sum(report.rewritten for report in habits)
    left = len(habits) - fixed
    stops = sum(r.severity == "stops" and not r.rewritten for r in habits)
    files = len(results)
    if lang == "zh":
        parts = [f"看了 {files} 个文件，发现 {len(habits)} 处"]
        if fixed:
            parts.append(
                f"改写了 {fixed} 处" if wrote else f"{fixed} 处可用 --write 改写"
            )
        if left:
            among = f"，其中 {stops} 处会报错" if stops else ""
            parts.append(f"{left} 处请你来改{among}")
        if errors:
            parts.append(f"{len(errors)} 个文件没能处理")
        return "；".join(parts) + "。"
    parts = [f"{_counted(files, 'file')} looked at, "]
    parts[0] += f"{_counted(len(habits), 'place')} found"
    if fixed:
        parts.append(
            f"{fixed} rewritten" if wrote else f"{fixed} can be rewritten with --write"
        )
    if left:
        among = f", {stops} of them stop the program" if stops else ""
        parts.append(f"{left} left to you{among}")
    if errors:
        parts.append(f"{_counted(len(errors), 'file')} could not be handled")
    return "; ".join(parts) + "."


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def as_json(
    results: Sequence[Result],
    errors: Sequence[tuple[Path, Text]],
    lang: str,
    *,
    wrote: bool,
) -> str:
    """Return the report as JSON; lines and columns count from 1, ends are exclusive."""
    findings = []
    for item in results:
        for report in item.reports:
            note = report.severity == "note"
            fields = {
                "file": str(item.path),
                "cell": report.cell or None,
                "line": report.line,
                "column": report.column,
                "end_line": report.end_line,
                "end_column": report.end_column,
                "rule": report.rule,
                "severity": report.severity,
                "code": report.code,
                "message": report.says,
                "today": getattr(report.today, lang),
                "fix": getattr(report.fix, lang),
                "fixable": report.rewritten,
                "fixed": report.rewritten and wrote,
                "reason": getattr(report.reason, lang),
                "url": "" if note else link(report.rule, lang),
            }
            findings.append(fields)
    problems = [{"file": str(p), "message": getattr(text, lang)} for p, text in errors]
    content = {"version": JSON_VERSION, "findings": findings, "errors": problems}
    return json.dumps(content, ensure_ascii=False, indent=2)
