r"""Formulas become MathML while the book is built: no script, no font, no request.

math-core writes MathML Core, the part of MathML that browsers agree on, and refuses a
command that it does not know. Here it gets what is particular to the book.
"""

import html
import re
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.util.typing import ExtensionMetadata

from nn_book.source.bilingual import metadata

LOGGER = logging.getLogger(__name__)
CONVERTER = LatexToMathML(fancy_error=False)

# math-core would number the rows of `align`; the book numbers formulas with a label.
NUMBERED = re.compile(r"(?<=\{)align\*?(?=\})")
# Raised, a prime is a speck in many fonts; the font of the text has it right.
PRIME = re.compile(r"<msup>((?:(?!<msup>).)*?)<mo>([′″‴])</mo></msup>")
NAMED = {"&ApplyFunction;": "\u2061"}  # XML, and so an EPUB, does not know the name
TABLE = '<mtable displaystyle="true">'
CHANCERY = "\ufe00"  # asks for one of two script letters, which few fonts have


def to_mathml(latex: str, *, display: bool) -> str:
    """Convert one formula to a ``<math>`` element.

    Args:
        latex: The formula, without dollar signs.
        display: True for a formula on its own line, False inside a sentence.

    Returns:
        MathML Core as text, ready to stand in an HTML page.

    Raises:
        ValueError: If the formula cannot be converted; the message says what stops it.
    """
    if r"\\" in latex and r"\begin" not in latex:
        raise ValueError("several lines: put them between \\begin{aligned} and \\end")
    latex = NUMBERED.sub("aligned", latex)
    try:
        math = CONVERTER.convert_with_local_state(latex, displaystyle=display)
    except LatexError as error:
        raise ValueError(f"at character {error}") from error
    if "<menclose" in math:
        raise ValueError("browsers cannot draw <menclose>: say it another way")
    math = PRIME.sub(r"<mrow>\1<mtext>\2</mtext></mrow>", math)
    for name, sign in NAMED.items():
        math = math.replace(name, sign)
    return with_styles(math.replace(CHANCERY, ""))


def with_styles(math: str) -> str:
    """Return the formula with its styles where the schema of an EPUB has them."""
    math = math.replace('<mtable displaystyle="true" scriptlevel="0">', TABLE)
    math = math.replace('<mtable displaystyle="false" scriptlevel="0">', "<mtable>")
    if "<mfrac displaystyle" not in math:
        return math
    tree = ElementTree.fromstring(math)
    for parent in list(tree.iter()):
        for place, child in enumerate(parent):
            if child.tag == "mfrac" and (style := child.attrib.pop("displaystyle", "")):
                parent[place] = ElementTree.Element("mstyle", displaystyle=style)
                parent[place].append(child)
    return ElementTree.tostring(tree, encoding="unicode")


def formula(node: nodes.math | nodes.math_block) -> str:
    """Return the MathML of a node, or report its place and show its source."""
    latex = node.astext().strip()
    try:
        return to_mathml(latex, display=isinstance(node, nodes.math_block))
    except ValueError as error:
        place: nodes.Element | None = node
        while place is not None and place.line is None:  # inline nodes have no line
            place = place.parent
        LOGGER.warning("the formula %r: %s", latex, error, location=place, type="math")
        return f"<code>{html.escape(latex)}</code>"


def visit_inline(translator: Any, node: nodes.math) -> None:
    """Write a formula that stands in a sentence."""
    translator.body.append(formula(node))
    raise nodes.SkipNode


def visit_display(translator: Any, node: nodes.math_block) -> None:
    """Write a formula that has its own line, and its number if it has a label."""
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    translator.body.append(f'<div class="formula">{formula(node)}</div>')
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, _("Link to this equation"))
        translator.body.append("</span>")
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the renderer; as the only one besides MathJax it becomes the default."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_display, None))
    return metadata(__file__)
