"""Count the lines that the book is built with, by room, and those of the package.

nox -s bench -- bench_size
"""

from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
MACHINERY = ROOT / "docs" / "machinery" / "nn_book"
THEME = ROOT / "docs" / "theme"


def lines(paths: Iterable[Path]) -> int:
    """Return the number of lines of some files together."""
    return sum(len(path.read_text(encoding="utf8").splitlines()) for path in paths)


def main() -> None:
    """Print one table."""
    rooms = sorted(path for path in MACHINERY.iterdir() if path.is_dir())
    rows = [(f"nn_book/{room.name}", lines(room.rglob("*.py"))) for room in rooms]
    rows.append(("nn_book (all)", lines(MACHINERY.rglob("*.py"))))
    rows.append(("conf.py", lines([ROOT / "docs" / "conf.py"])))
    kinds = ("*.html", "*.css", "*.js")
    frame = [path for kind in kinds for path in THEME.rglob(kind)]
    rows.append(("theme: templates, styles, scripts", lines(frame)))
    for name in ("", "modernize", "exercises", "plotting"):
        folder = ROOT / "nn_tutorial" / name
        files = list(folder.rglob("*.py")) if folder.is_dir() else []
        rows.append((f"nn_tutorial/{name}", lines(files)))
    for name, count in rows:
        print(f"{name:<36} {count:6,}")


if __name__ == "__main__":
    main()
