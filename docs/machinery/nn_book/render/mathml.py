r"""Formulas become MathML while the book is built: no script, no font, no request.

latex2mathml does the parsing. Its output is then brought to MathML Core, the part of
MathML that browsers agree on, and checked: a command it does not know, or a formula
it understands only half, would otherwise reach the reader as ``\comand``.
"""

import html
import re
import unicodedata
from typing import Any
from xml.etree.ElementTree import Element, tostring

import latex2mathml.exceptions
from docutils import nodes
from latex2mathml.converter import convert_to_element
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.util.typing import ExtensionMetadata

from nn_book.source.bilingual import metadata

LOGGER = logging.getLogger(__name__)

# How many children an element must have; fewer is a missing argument.
ARITY = {
    **dict.fromkeys(["mfrac", "mroot", "msub", "msup", "munder", "mover"], 2),
    **dict.fromkeys(["msubsup", "munderover"], 3),
}
CORE = {"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mstyle", "mpadded"}
CORE |= {"mphantom", "msqrt", "mtable", "mtr", "mtd", *ARITY}

# LaTeX environments by the names latex2mathml has for the same thing. It would number
# the rows of `align` itself; the book numbers the formulas that have a label.
ENVIRONMENTS = dict.fromkeys(["align", "align*", "aligned", "split"], "align*")
ENVIRONMENTS |= {name: name for name in ("bmatrix", "cases", "matrix", "pmatrix")}
LENGTHS = {"thin": "0.1667em", "medium": "0.2222em", "thick": "0.2778em"}
CLOSING = {")", "]", "}"}
LIMITS = {"max", "min", "sup", "inf", "lim", "arg\u2009max", "arg\u2009min"}


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
    latex = _prepare(latex)
    try:
        math = convert_to_element(latex, display="block" if display else "inline")
    except (IndexError, StopIteration) as error:
        raise ValueError("it ends too early") from error
    except Exception as error:
        if type(error).__module__ != latex2mathml.exceptions.__name__:
            raise
        words = re.sub("(?<=[a-z])(?=[A-Z])", " ", type(error).__name__)
        raise ValueError(words.lower().removesuffix(" error")) from error

    del math.attrib["xmlns"]  # needless in HTML
    if not display:
        del math.attrib["display"]
    for element in math.iter():
        element.text = html.unescape(element.text) if element.text else None
        _check(element)
        _restyle(element)
    for element in list(math.iter()):
        _join_letters(element)
        _place_limits(element)
        _space_names(element)
        _close_signs(element)
        # Raised, a prime is a speck in many fonts; the font of the text has it right.
        if element.tag == "msup" and element[1].text in ("′", "″"):
            element.tag, element[1].tag = "mrow", "mtext"
    return tostring(math, encoding="unicode")


def _prepare(latex: str) -> str:
    """Write what latex2mathml misreads in a way that it reads right."""
    if latex.count("{") != latex.count("}"):  # "\\{" and "\\}" come in pairs as well
        raise ValueError('the braces "{" and "}" do not match')

    def environment(match: re.Match[str]) -> str:
        if match[2] not in ENVIRONMENTS:
            raise ValueError(f"unknown environment {match[2]}")
        return rf"\{match[1]}{{{ENVIRONMENTS[match[2]]}}}"

    if r"\\" in latex and r"\begin" not in latex:
        raise ValueError("several lines: put them between \\begin{aligned} and \\end")
    latex = re.sub(r"\\(begin|end)\{([^}]*)\}", environment, latex)
    latex = re.sub(r"(\d)\{,\}(?=\d)", r"\1\\text{,}", latex)  # 10{,}000 is one number
    return re.sub(r"\\mathrm\{(\w)\}", r"\\mathrm{{\1}}", latex)  # an upright d


def _check(element: Element) -> None:
    """Refuse what a browser would show wrongly."""
    if element.tag not in CORE:
        raise ValueError(f"browsers cannot draw <{element.tag}>: say it another way")
    if len(element) != ARITY.get(element.tag, len(element)):
        raise ValueError("an argument is missing")
    text = element.text or ""
    if element.tag != "mtext" and text.startswith("\\"):
        raise ValueError(f"unknown command {text}")
    if element.tag != "mtext" and text == "&":
        raise ValueError('"&" stands outside an environment that aligns')


def _restyle(element: Element) -> None:
    """Say fonts and lengths as MathML Core does: by letter, by style, in em."""
    text = element.text or " "
    if element.tag in ("mi", "mo") and text[0] in "±∓¬′∞∅":  # the other way round
        element.tag = "mi" if text in "∞∅" else "mo"
    # \left, \middle and \right make a fence that grows; other bars stand close.
    if element.tag == "mo" and text in "|‖" and element.get("fence") != "true":
        element.attrib.update(stretchy="false", lspace="0", rspace="0")
    font = element.attrib.pop("mathvariant", None)
    if element.tag == "mtext":
        if font in ("bold", "italic"):
            name = {"bold": "font-weight", "italic": "font-style"}[font]
            element.set("style", f"{name}:{font}")
    elif font == "normal" and element.tag == "mi":
        element.set("mathvariant", "normal")
    elif font:
        element.text = "".join(styled(letter, font) for letter in element.text or "")
    width = element.get("width", "")
    if named := re.fullmatch("(negative)?(thin|medium|thick)mathspace", width):
        element.set("width", ("-" if named[1] else "") + LENGTHS[named[2]])


def styled(letter: str, font: str) -> str:
    """Return the Unicode letter that is bold, script, double-struck, ...

    Args:
        letter: One character.
        font: A ``mathvariant`` of MathML, such as "bold" or "double-struck".

    Returns:
        The mathematical letter, or the letter itself where Unicode has none.
    """
    name = unicodedata.name(letter, "").removeprefix("LATIN ").removeprefix("GREEK ")
    name = name.replace("LETTER ", "")
    font = font.replace("-italic", " italic").upper()
    for candidate in (f"MATHEMATICAL {font} {name}", f"{font} {name}"):  # 𝐀 and ℒ
        try:
            return unicodedata.lookup(candidate)
        except KeyError:
            continue
    return letter


def _join_letters(element: Element) -> None:
    r"""Make one word of the upright letters of ``\mathrm{ReLU}``, to be read aloud."""
    joined: list[Element] = []
    for child in element:
        upright = child.tag == "mi" and child.get("mathvariant") == "normal"
        if upright and joined and joined[-1].get("mathvariant") == "normal":
            joined[-1].text = f"{joined[-1].text}{child.text}"
        else:
            joined.append(child)
    element[:] = joined


def _place_limits(element: Element) -> None:
    """Let "max" and its kin take their limits below, where the formula has room."""
    base = element[0] if element.tag in ("msub", "msup", "msubsup") else None
    if base is not None and base.text in LIMITS:
        base.set("movablelimits", "true")
        tags = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}
        element.tag = tags[element.tag]


def _space_names(element: Element) -> None:
    """Set a thin space around the name of a function, none before its bracket."""
    children: list[Element] = []
    previous = None
    for child in element if element.tag in ("math", "mrow", "mtd", "mstyle") else ():
        if previous is not None and (_is_name(previous) or _is_name(child)):
            bracket = child.tag == "mo" and not _is_name(child)
            # Signs such as "=" bring spaces of their own; a closing bracket does not.
            apart = previous.tag in ("mo", "mspace") and previous.text not in CLOSING
            close = bracket or child.tag == "mspace"
            if not close and (_is_name(previous) or not apart):
                children.append(Element("mspace", width=LENGTHS["thin"]))
        children.append(child)
        previous = child
    if children:
        element[:] = children
    if element.tag == "mo" and _is_name(element):
        element.attrib.update(lspace="0", rspace="0")


def _close_signs(element: Element) -> None:
    """Set a sign close to its number: nothing is subtracted after "=" or "("."""
    previous = None
    for child in element:
        if (
            child.tag == "mo"
            and child.text in {"−", "+", "±"}
            and previous is not None
            and previous.tag == "mo"
            and previous.text not in CLOSING
            and not _is_name(previous)
        ):
            child.set("form", "prefix")
        previous = child


def _is_name(element: Element) -> bool:
    """Tell whether an element is a word such as "log", or such a word with limits."""
    if element.tag in ("msub", "msup", "msubsup", "munder", "mover", "munderover"):
        return _is_name(element[0])
    text = (element.text or "").replace("\u2009", "")
    return element.tag in ("mi", "mo") and len(text) > 1 and text.isalpha()


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
