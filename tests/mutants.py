"""Make small mistakes in modules at random and count those that no test sees.

``nox -s mutants`` makes 40 in the modules below; ``nox -s mutants -- --count 200
nn_tutorial/saving.py`` chooses number and modules (a count of 0 makes all). mutmut
makes each mistake in a process forked from one in which PyTorch is imported already,
and runs the tests that reach it. It prints what survived: then a test is missing, or
the mutated code means the same.
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORK = ROOT / "docs" / "_build" / "mutants"
MACHINERY = ROOT / "docs" / "machinery" / "nn_book"
SMALL = [
    *(f"nn_tutorial/{name}.py" for name in ("datasets", "models", "training")),
    *(f"docs/machinery/nn_book/source/{name}.py" for name in ("bilingual", "pairs")),
]
# They read the clone, start many processes, or execute chapters.
SLOW = re.compile(
    r"test_(browser|chapter|build|gpu|shares|trust|scripts|formats)|test_rep"
)
CONFIGURATION = """
[tool.mutmut]
source_paths = ["nn_tutorial", "src"]
only_mutate = {modules}
also_copy = ["docs", "noxfile.py", "CLAIMS.md", "README.md", "README.zh.md"]
pytest_add_cli_args_test_selection = {tests}
"""


def lay_out(modules: list[Path], tests: list[str]) -> None:
    """Copy the repository as mutmut expects it: packages at the top, or in src/."""
    shutil.rmtree(WORK, ignore_errors=True)
    leave = shutil.ignore_patterns("_build", "__pycache__", "*.pyc")
    for name in ("nn_tutorial", "tests", "docs"):
        shutil.copytree(ROOT / name, WORK / name, ignore=leave)
    shutil.copytree(MACHINERY, WORK / "src" / "nn_book", ignore=leave)
    for path in [*ROOT.glob("*.md"), *ROOT.glob("LICENSE*"), ROOT / "noxfile.py"]:
        shutil.copy(path, WORK)
    names = [str(path).replace(str(MACHINERY), "src/nn_book") for path in modules]
    names = [name.replace(f"{ROOT}{os.sep}", "") for name in names]
    configuration = CONFIGURATION.format(modules=names, tests=tests)
    text = (ROOT / "pyproject.toml").read_text(encoding="utf8") + configuration
    (WORK / "pyproject.toml").write_text(text, encoding="utf8")


def tests_of(modules: list[Path]) -> list[str]:
    """Return the files of quick tests with a line that imports one of the modules."""
    stems = "|".join(path.stem for path in modules)
    imports = re.compile(rf"(?m)^.*\b(nn_tutorial|nn_book)\b.*\b({stems})\b")
    return [
        f"tests/{file.name}"
        for file in sorted((ROOT / "tests").glob("test_*.py"))
        if not SLOW.match(file.name) and imports.search(file.read_text(encoding="utf8"))
    ]


def mutmut(*arguments: str) -> str:
    """Run mutmut in the copy; return what it said."""
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",  # a process with threads cannot be forked
        "NN_BOOK_DOCS": str(WORK / "mutants" / "docs"),
    }
    command = [sys.executable, "-m", "mutmut", *arguments]
    done = subprocess.run(
        command,
        cwd=WORK,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf8",
    )
    return done.stdout


def states() -> dict[str, str]:
    """Return what became of each mutant so far."""
    return dict(
        re.findall(r"(?m)^ *(\S+__mutmut_\d+): (.+)$", mutmut("results", "--all", "1"))
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=SMALL)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    modules = [(ROOT / name).resolve(strict=True) for name in options.modules]
    tests = tests_of(modules)
    print("tests:", *tests, flush=True)
    lay_out(modules, tests)

    # mutmut draws no sample: this makes the mutants, looks which tests reach them, and
    # ends because it finds none of that name.
    said = mutmut("run", "none of that name")
    mutants = list(states())
    if "nothing matches" not in said or not mutants:
        sys.exit(said)
    count = min(options.count or len(mutants), len(mutants))
    chosen = random.Random(options.seed).sample(mutants, count)
    said = mutmut("run", *chosen)
    found = states()
    if all(found[name] == "not checked" for name in chosen):
        sys.exit(said)
    survivors = [name for name in chosen if found[name] not in ("killed", "timeout")]
    for name in survivors:
        print(f"\n{mutmut('show', name)}\n{found[name]}", flush=True)
    print(f"\n{count} of {len(mutants)} mutants, seed {options.seed}:", end=" ")
    print(f"{count - len(survivors)} caught, {len(survivors)} not")


if __name__ == "__main__":
    main()
