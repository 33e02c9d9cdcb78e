"""Make one classic script of the small modules that a piece is written in.

Modules (``import`` and ``export``) do not load from a disk, so every piece is put
together when the book is built: ``docs/pieces/NAME/main.mjs`` and all that it imports
becomes ``_static/pieces/NAME.js``, and ``worker.mjs`` becomes ``NAME-worker.js``. All
modules of one script share one scope; so what stands at their top level has different
names, and what is imported keeps its name.
"""

import re
from pathlib import Path

IMPORT = re.compile(r'^import \{[^}]*\} from "(\./[\w.-]+\.mjs)";\n', re.M)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.M)
DECLARED = re.compile(
    r"^(?:export )?(?:async )?(?:function|class|const|let) (\w+)", re.M
)
BLOCK = r"/\*\*(?:[^*]|\*(?!/))*\*/"
COMMENT = re.compile(rf"^ *//.*\n|^ *{BLOCK}\n|{BLOCK} ?", re.M)
INDENT = re.compile(r"^ +", re.M)


def bundle(entry: Path) -> str:
    """Return a script of a module and all that it imports, in the order of need.

    Raises:
        ValueError: If a module imports or exports in a way that is not understood, or
            two modules declare the same name.
    """
    texts: dict[Path, str] = {}

    def visit(path: Path) -> None:
        if path in texts:
            return
        text = path.read_text(encoding="utf8")
        texts[path] = ""  # a circle of imports ends here
        for name in IMPORT.findall(text):
            visit((path.parent / name).resolve())
        texts.pop(path)
        texts[path] = text

    visit(entry.resolve())
    owners: dict[str, Path] = {}
    for path, text in texts.items():
        for name in DECLARED.findall(text):
            if owners.setdefault(name, path) != path:
                raise ValueError(f"{name} is declared in {owners[name]} and in {path}")
    code = "\n".join(map(plain, texts.values()))
    return f'"use strict";\n(() => {{\n{code}}})();\n'


def plain(text: str) -> str:
    """Return the code of a module without imports, exports, comments and indents."""
    code = EXPORT.sub("", IMPORT.sub("", text))
    if found := re.search(r"^(?:import|export)\b.*", code, re.M):
        raise ValueError(f"cannot bundle: {found[0]}")
    return INDENT.sub("", COMMENT.sub("", code)).lstrip("\n")


def write_bundles(sources: Path, target: Path) -> None:
    """Write the scripts of all pieces below ``sources`` into a folder."""
    target.mkdir(parents=True, exist_ok=True)
    for main in sorted(sources.glob("*/main.mjs")):
        name = main.parent.name
        (target / f"{name}.js").write_text(bundle(main), encoding="utf8")
        worker = main.with_name("worker.mjs")
        if worker.exists():
            path = target / f"{name}-worker.js"
            path.write_text(bundle(worker), encoding="utf8")
