"""Print how long the book takes: each chapter, cold and unchanged, both languages.

Builds a copy of docs/ in a temporary folder, so that nothing here is cold afterwards.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
EXECUTED = re.compile(r"^([\w-]+): executed in ([\d.]+) s$", re.MULTILINE)
LANGUAGE = re.compile(r"^(zh|en): ([\d.]+) s", re.M)


def build(docs: Path) -> str:
    """Return what a build prints; whoever waits for the table reads it meanwhile."""
    command = [sys.executable, "-m", "nn_book.build"]
    variables = {**os.environ, "NN_BOOK_DOCS": str(docs)}
    pipe, lines = subprocess.PIPE, []
    with subprocess.Popen(
        command, stdout=pipe, text=True, encoding="utf8", env=variables
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            sys.stderr.write(line)
    if process.returncode:
        sys.exit("the build failed")
    return "".join(lines)


def main() -> None:
    """Build twice and print two tables."""
    with tempfile.TemporaryDirectory() as folder:
        docs = Path(folder) / "docs"
        shutil.copytree(DOCS, docs, ignore=shutil.ignore_patterns("_build"))
        cold, unchanged = build(docs), build(docs)
    chapters = sorted(EXECUTED.findall(cold))
    print(f"{'chapter':<45} executed in s")
    for name, seconds in chapters:
        print(f"{name:<45} {float(seconds):13.1f}")
    print(
        f"{'all, one after the other':<45} {sum(float(s) for _, s in chapters):13.1f}"
    )
    print(f"\n{'language':<12} {'cold, s':>10} {'unchanged, s':>14}")
    first, second = dict(LANGUAGE.findall(cold)), dict(LANGUAGE.findall(unchanged))
    for lang in ("zh", "en"):
        print(f"{lang:<12} {float(first[lang]):10.1f} {float(second[lang]):14.1f}")


if __name__ == "__main__":
    main()
