"""``{changes}``: what CHANGELOG.md tells readers, in the language of the page.

Under the heading of each version stands a list in English, a line ``---``, and the same
list in Chinese.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from nn_book.source.bilingual import language_of, metadata


class Changes(SphinxDirective):
    """Put the versions here, each as a section, the latest first."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        path = Path(self.env.srcdir).parent / "CHANGELOG.md"
        self.env.note_dependency(path)
        half = ("en", "zh").index(language_of(self.config))
        sections: list[nodes.Node] = []
        for version in re.split(r"^## ", path.read_text("utf8"), flags=re.M)[1:]:
            name, _, text = version.partition("\n")
            halves = text.split("\n---\n")
            if len(halves) != 2:
                raise self.error(f"{path.name}: {name} is not in both languages")
            section = nodes.section(ids=[nodes.make_id(f"version-{name}")])
            section += nodes.title("", name.strip())
            section += self.parse_text_to_nodes(halves[half])
            sections.append(section)
        return sections


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.add_directive("changes", Changes)
    return metadata(__file__)
