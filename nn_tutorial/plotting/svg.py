"""The SVG of Matplotlib made several times smaller, drawn the same.

Needs Matplotlib. To copy: this file and ``style.py``.
"""

import html
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence

from .style import INK

__all__ = ["compact_svg"]


_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}"
_FORMULA = re.compile(r"\$.*?\$")
_WORD = re.compile(r"[^\W\d_]{2}")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?")


def compact_svg(svg: str, *, ink: str = INK) -> str:
    """Return an SVG of Matplotlib made several times smaller, drawn the same.

    Comments, metadata, a date, empty shapes and groups that only carry an id go,
    coordinates keep two decimals of a point, and shared styles stand once. Of the
    letters that make up a word, an attribute ``data-text`` says which word it is. The
    result is a function of ``svg`` alone.

    Args:
        svg: What ``savefig`` wrote.
        ink: Color that takes the place of ``INK``: text, axes and boundary lines.

    Raises:
        ValueError: If ``svg`` was not written by Matplotlib.
    """
    drawing = _Drawing(svg)
    names = _short_names([drawing], prefix="n")
    body = "".join(drawing.shapes(names))
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{drawing.width_pt:g}pt" '
        f'height="{drawing.height_pt:g}pt" '
        f'viewBox="0 0 {drawing.width_pt:g} {drawing.height_pt:g}" '
        'stroke-linejoin="round">'
    )
    return f"{opening}{_definitions(names)}{body}</svg>\n".replace(INK, ink)


class _Drawing:
    """One SVG of Matplotlib: its size, what it defines, and its shapes in order."""

    def __init__(self, svg: str) -> None:
        if '<g id="figure_1">' not in svg:
            msg = "not an SVG that Matplotlib wrote: the group 'figure_1' is missing"
            raise ValueError(msg)
        builder = ElementTree.TreeBuilder(insert_comments=True)
        root = ElementTree.fromstring(svg, ElementTree.XMLParser(target=builder))
        _say_texts(root)
        self.width_pt, self.height_pt = (
            float(root.attrib[side].removesuffix("pt")) for side in ("width", "height")
        )
        # Matplotlib defines a glyph, marker or clip path where it first needs it.
        self._elements: dict[str, ElementTree.Element] = {}
        for parent in list(root.iter()):
            for definitions in parent.findall(f"{_SVG}defs"):
                parent.remove(definitions)
                for element in definitions:
                    if name := element.attrib.pop("id", None):
                        self._elements[name] = element
        self.definitions = {
            name: _serialized(element, {}) for name, element in self._elements.items()
        }
        self._root = root

    def shapes(self, names: Mapping[str, str]) -> list[str]:
        """Return each shape as text; ``names`` maps a definition to its new id."""
        ids = {name: names[text] for name, text in self.definitions.items()}
        return [_serialized(shape, ids) for shape in _flat(self._root)]


def _say_texts(root: ElementTree.Element) -> None:
    """Put the comment before the letters of a text into an attribute of theirs.

    Only words get one, no numbers and formulas. ``text-anchor`` says how another text
    in their place has to be aligned: in a legend and right of its axes a text starts
    beside the line that it names; on a tick of the y axis it ends there; any other is
    centred.
    """
    for parent in list(root.iter()):
        text = ""
        for element in list(parent):
            if not isinstance(element.tag, str):  # a comment
                text = html.unescape(element.text or "").strip()
                parent.remove(element)
            elif text:
                if _WORD.search(_FORMULA.sub("", text)):
                    element.attrib |= {"data-text": text, "text-anchor": "middle"}
                text = ""
    for group in root.iter(f"{_SVG}g"):
        name = group.get("id", "")
        right = _right_edge(group) if name.startswith("axes_") else None
        for letters in group.iterfind(f".//{_SVG}g[@data-text]"):
            place = _NUMBER.search(letters.get("transform", ""))
            beside = right is not None and place and float(place[0]) > right
            if beside or name.startswith("legend_"):
                letters.set("text-anchor", "start")
            elif name.startswith("ytick_"):
                letters.set("text-anchor", "end")


def _right_edge(axes: ElementTree.Element) -> float | None:
    """Return where the ground of axes ends, which they draw first, or None."""
    ground = axes.find(f"{_SVG}g/{_SVG}path")
    path = "" if ground is None else ground.get("d", "")
    corners = re.fullmatch(r"M(.*)L(.*)L(.*)L(.*)z\s*", path, re.DOTALL)
    return float(corners[2].split()[0]) if corners else None


def _flat(parent: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """Yield the shapes below ``parent``, through groups that only carry an id."""
    for element in parent:
        tag = element.tag.removeprefix(_SVG)
        if tag == "metadata":
            continue
        if tag == "g" and set(element.attrib) <= {"id"}:
            yield from _flat(element)
        elif "fill: none" not in element.get("style", "") or "stroke" in element.get(
            "style", ""
        ):
            yield element


def _serialized(
    element: ElementTree.Element, ids: Mapping[str, str], *, said: str | None = None
) -> str:
    """Return an element as text, without its id.

    Args:
        element: A shape or a definition.
        ids: New id for each definition that is referred to.
        said: A style that the group around the element already has.
    """
    tag = element.tag.removeprefix(_SVG)
    attributes = {name.removeprefix(_XLINK): v for name, v in element.attrib.items()}
    attributes.pop("id", None)
    if attributes.get("style") == said:
        attributes.pop("style", None)
    # Hundreds of markers in one style: say it once, on their group.
    styles = {child.get("style") for child in element}
    shared = styles.pop() if tag == "g" and len(styles) == 1 else None
    if shared:
        attributes["style"] = "; ".join(filter(None, [attributes.get("style"), shared]))

    text = ""
    for name, value in attributes.items():
        if name == "d":
            value = _compact_path(value)
        elif name in {"x", "y", "width", "height"}:
            value = _rounded(value)
        elif name == "transform":
            value = re.sub(r"(?<=translate\()[^)]*", lambda at: _rounded(at[0]), value)
        elif name == "style":
            value = value.replace(": ", ":").replace("; ", ";")
        if value:
            value = re.sub(r"(?<=^#).+", lambda to: ids[to[0]], value)
            value = re.sub(r"(?<=url\(#)[^)]+", lambda to: ids[to[0]], value)
            text += f' {name}="{html.escape(value)}"'
    inside = html.escape((element.text or "").strip(), quote=False)
    inside += "".join(_serialized(child, ids, said=shared) for child in element)
    return f"<{tag}{text}>{inside}</{tag}>" if inside else f"<{tag}{text}/>"


def _rounded(numbers: str) -> str:
    """Round every number in a text to two decimals."""
    return _NUMBER.sub(lambda match: _hundredths(round(float(match[0]) * 100)), numbers)


def _hundredths(count: int) -> str:
    """Write ``count / 100`` with as few characters as SVG allows."""
    text = f"{abs(count) / 100:.2f}".rstrip("0").rstrip(".")
    if text.startswith("0."):
        text = text[1:]
    return f"-{text}" if count < 0 else text


def _compact_path(path: str) -> str:
    """Write a path with two decimals, and a line of many points as small steps."""
    commands = re.findall(r"([MLQCz])([^MLQCz]*)", path)
    text = ""
    here = (0, 0)
    for command, numbers in commands:
        if command in "QC" or any(curve in path for curve in "QC"):
            text += command + " ".join(_rounded(numbers).split())
        elif command == "z":
            text += "z"
        else:
            # Steps between rounded places, so that errors do not add up.
            x, y = (round(float(number) * 100) for number in numbers.split())
            if command == "M":
                text += f"M{_hundredths(x)} {_hundredths(y)}"
            else:
                text += f"l{_hundredths(x - here[0])} {_hundredths(y - here[1])}"
            here = (x, y)
    return text


def _short_names(drawings: Sequence[_Drawing], *, prefix: str) -> dict[str, str]:
    """Give every distinct definition of all drawings one short id, by its text."""
    texts = dict.fromkeys(
        text for drawing in drawings for text in drawing.definitions.values()
    )
    return {text: f"{prefix}{number}" for number, text in enumerate(texts)}


def _definitions(names: Mapping[str, str]) -> str:
    """Return the ``defs`` element for texts and their ids."""
    named = (
        re.sub(r"^<(\w+)", rf'<\1 id="{name}"', text) for text, name in names.items()
    )
    return f"<defs>{''.join(named)}</defs>"
