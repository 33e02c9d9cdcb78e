"""Preview one language while it is written: ``python -m nn_book.serve zh``.

sphinx-autobuild watches, serves and reloads the page in the browser, but starts each
build in a new Python: importing Sphinx and MyST-NB anew takes longer than writing a
page. Here the process that watches has imported them, and each build is a fork of it.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import myst_nb.sphinx_ext  # noqa: F401  (imported once, for all builds)
import sphinx_autobuild.__main__ as autobuild
from sphinx.cmd.build import main as sphinx_build
from sphinx_autobuild.build import Builder

from nn_book import DOCS
from nn_book.build import BUILD, processes
from nn_book.execute import execution
from nn_book.render import layout  # noqa: F401  (likewise)


def build(arguments: list[str]) -> int:
    """Build once; what changed is executed by Sphinx, as far as no GPU has done it."""
    execution.prepare_environment()
    execution.filled_cache()
    return sphinx_build(["-q", *arguments])


class WarmBuilder(Builder):  # type: ignore[misc]
    """Builds in a fork of this process, in place of a new Python."""

    def __call__(self, *, changed_paths: Sequence[Path]) -> None:
        """Build; what is wrong with the book is told, and serving goes on."""
        if changed_paths:
            print(
                "changed:", *sorted({path.name for path in changed_paths}), flush=True
            )
        with processes(1) as pool:
            failed = pool.submit(build, self.sphinx_args).result()
        told = "the messages above name what is wrong;" if failed else "built;"
        print(told, f"the book is on {self.uri}", flush=True)


def main() -> None:
    """Watch, build and serve until Ctrl+C."""
    language, *options = sys.argv[1:]
    folder = BUILD / f"serve-{language}"
    command = ["-t", language, "-d", str(folder / "doctrees")]
    command += ["--watch", str(DOCS.parent / "nn_tutorial"), "--ignore", "*/_build/*"]
    autobuild.Builder = WarmBuilder
    autobuild.main([*command, *options, str(DOCS), str(folder / "html")])


if __name__ == "__main__":
    main()
