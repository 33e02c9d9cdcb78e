"""The settings of Sphinx that the machinery decides, not the book; for ``conf.py``."""

import os
from typing import Any

from nn_book.execute import execution
from nn_book.execute.cache import prepare_cache
from nn_book.publish.notebooks import checked_repository
from nn_book.publish.wheel import wheel_name
from nn_book.publish.whole_book import FOLDER, file_name
from nn_book.source.course import FOLDER as CHAPTERS
from nn_book.source.course import OLD_ADDRESSES

STAND_IN = {
    "zh": "这次构建没有用真正的 MNIST，用的是小得多的替代数据："
    "有关章节的结果与真数据不同。",
    "en": "This build uses a small stand-in, not the real MNIST: results in the "
    "chapters on it differ from those of the real data.",
}


def execute(lang: str) -> dict[str, Any]:
    """Return where MyST-NB finds the executed chapters, and what it makes of them.

    Args:
        lang: "zh" or "en".
    """
    stand_in = execution.prepare_environment()
    return {
        "nb_execution_mode": "cache",
        "nb_execution_cache_path": str(prepare_cache()),
        # Only a preview executes what it does not find there.
        "nb_execution_in_temp": True,  # what a chapter saves does not litter sources
        "nb_execution_timeout": execution.TIMEOUT_S,
        "nb_execution_show_tb": True,
        "nb_output_stderr": "error",  # a warning nobody explains, or a missing glyph
        "nb_merge_streams": True,
        "html_theme_options": {"announcement": STAND_IN[lang] if stand_in else ""},
    }


def publish(lang: str) -> dict[str, Any]:
    """Return what depends on where the site is published, and what lies beside it.

    Args:
        lang: "zh" or "en".
    """
    site = os.environ.get("NN_TUTORIAL_SITE_URL", "")  # known when it is published
    # "owner/name", likewise
    repository = checked_repository(os.environ.get("NN_TUTORIAL_REPOSITORY", ""))
    # What nn_book.build puts beside the folders of the languages; the PDF adds itself.
    labels = {
        "zh": {"zip": "网页（.zip）", "epub": "电子书（.epub）"},
        "en": {"zip": "Web pages (.zip)", "epub": "E-book (.epub)"},
    }
    return {
        "html_baseurl": f"{site}{lang}/" if site else "",
        "repository": repository,
        "redirects": {
            f"{CHAPTERS}{old}": f"{new}.html" for old, new in OLD_ADDRESSES.items()
        },
        "redirect_html_template_file": "theme/redirect.html",
        "downloads_book": {
            label: f"../{FOLDER}/{file_name(lang, ending)}"
            for ending, label in labels[lang].items()
        },
        "downloads_repository": repository,
        # The package itself: published, or where notebook and script lie.
        "downloads_wheel": f"../{FOLDER}/{wheel_name()}",
        "downloads_wheel_address": f"{site}{FOLDER}/{wheel_name()}" if site else "",
    }
