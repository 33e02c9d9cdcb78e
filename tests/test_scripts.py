"""Every chapter's script runs alone: `nox -s scripts`, after `nox -s docs`.

The environment of that session has no `nn_tutorial`, and each script starts in an empty
folder of its own.
"""

import ast
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.scripts
SITE = Path(__file__).parents[1] / "site"
SCRIPTS = sorted((SITE / "zh" / "chapters").glob("*.py"))


def test_there_is_a_script_for_every_chapter():
    pages = {page.stem for page in (SITE / "zh" / "chapters").glob("*.html")}
    assert {script.stem for script in SCRIPTS} == pages
    assert pages


def test_the_environment_has_no_companion_package():
    assert find_spec("nn_tutorial") is None


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_script_runs_in_an_empty_folder(script: Path, tmp_path: Path):
    copy = tmp_path / script.name
    copy.write_bytes(script.read_bytes())

    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", copy.name],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf8",
        check=False,
    )

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert done.stdout.strip()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_both_languages_have_the_same_code(script: Path):
    english = SITE / "en" / "chapters" / script.name
    codes = [ast.dump(ast.parse(path.read_text("utf8"))) for path in (script, english)]
    assert codes[0] == codes[1]
