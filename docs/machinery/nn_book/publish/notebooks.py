"""The branch ``notebooks``: what Colab and Binder open of a published book."""

import re
import shutil
from pathlib import Path

from nn_book.publish.whole_book import LANGUAGES, BookError
from nn_book.templating import fill


def checked_repository(repository: str) -> str:
    """Return "owner/name", or "".

    Raises:
        BookError: If that is not the name of a repository.
    """
    if repository and not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        message = f"NN_TUTORIAL_REPOSITORY is {repository!r}"
        raise BookError(f"{message}: write owner/name, as GitHub does")
    return repository


def write_notebooks(site: Path, folder: Path, repository: str, address: str) -> None:
    """Lay out the branch: ``zh/``, ``en/``, and what Binder needs.

    Args:
        site: The built site; its pages link to these files on GitHub.
        folder: Where to write; what lies there is replaced.
        repository: "owner/name" on GitHub.
        address: Where the wheel of the package is published.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for language in LANGUAGES:
        (folder / language).mkdir(parents=True)
        for notebook in sorted((site / language / "chapters").glob("*.ipynb")):
            shutil.copy(notebook, folder / language)
    (folder / "binder").mkdir()
    for name, text in {
        "binder/environment.yml": fill("environment.yml", wheel=address),
        "README.md": fill("notebooks_readme.txt", repository=repository),
    }.items():
        (folder / name).write_text(text, encoding="utf8", newline="\n")
