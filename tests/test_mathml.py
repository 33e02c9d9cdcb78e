"""Formulas: MathML Core that says what the LaTeX says, or an error that names it."""

import re
from xml.etree import ElementTree

import pytest
from nn_book.render.mathml import to_mathml

# https://www.w3.org/TR/mathml-core/
CORE = {"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mstyle", "mpadded"}
CORE |= {"mphantom", "msqrt", "mroot", "mfrac", "mtable", "mtr", "mtd"}
CORE |= {"msub", "msup", "msubsup", "munder", "mover", "munderover"}
APPLIED = "\u2061"  # what a screen reader says as "of"


def inside(latex: str, *, display: bool = False) -> str:
    """Return what stands in the <math> element."""
    found = re.fullmatch(r"<math[^>]*>(.*)</math>", to_mathml(latex, display=display))
    return found[1]


def texts(latex: str) -> list[str]:
    """Return the tag and text of every leaf, in order of reading."""
    tree = ElementTree.fromstring(to_mathml(latex, display=False))
    return [f"{e.tag} {e.text}" for e in tree.iter() if e.text]


def test_a_fraction_reads_as_numerator_and_denominator():
    assert inside(r"\frac{1}{1+e^{-z}}") == (
        '<mfrac><mn>1</mn><mrow><mn>1</mn><mo lspace="0" rspace="0">+</mo><msup>'
        '<mi>e</mi><mrow><mo lspace="0" rspace="0">−</mo><mi>z</mi></mrow></msup>'
        "</mrow></mfrac>"
    )


def test_a_style_stands_where_an_epub_allows_it():
    aligned = to_mathml(r"\begin{aligned} a &= b \\ c &= d \end{aligned}", display=True)
    assert '<mtable displaystyle="true">' in aligned
    assert "scriptlevel" not in aligned
    assert "<mtable>" in to_mathml(r"\begin{pmatrix} a & b \end{pmatrix}", display=True)
    assert inside(r"x \tfrac{1}{2}", display=True) == (
        '<mi>x</mi><mstyle displaystyle="false"><mfrac><mn>1</mn><mn>2</mn></mfrac>'
        "</mstyle>"
    )


def test_only_a_displayed_formula_puts_the_limits_of_a_sum_above_and_below():
    assert inside(r"\sum_{n}^{N} x", display=True).startswith("<munderover>")
    # A browser moves the limits of a sum aside that is not displayed, unless told.
    assert "movablelimits" not in to_mathml(r"\sum_{n}^{N} x", display=False)
    assert to_mathml("x", display=True).startswith('<math display="block">')
    assert to_mathml("x", display=False).startswith("<math><mi>")


def test_chinese_stands_in_a_formula_as_text():
    assert texts(r"x > 0 \text{ 其中 }") == [
        "mi x",
        "mo >",
        "mn 0",
        "mtext \xa0其中\xa0",
    ]


def test_signs_of_html_are_escaped():
    assert inside("a < b") == "<mi>a</mi><mo>&lt;</mo><mi>b</mi>"


@pytest.mark.parametrize(
    ("latex", "letter"),
    [
        (r"\mathbb{R}", "ℝ"),
        (r"\mathbf{W}", "𝐖"),
        (r"\boldsymbol{\sigma}", "𝝈"),
        (r"\mathcal{L}", "ℒ"),
        (r"\boldsymbol{W}", "𝑾"),
    ],
)
def test_fonts_become_letters_of_unicode(latex, letter):
    assert texts(latex) == [f"mi {letter}"]


def test_an_upright_d_and_an_upright_word_stay_upright():
    assert '<mi mathvariant="normal">d</mi>' in to_mathml(r"\mathrm{d}x", display=False)
    assert texts(r"\mathrm{ReLU}(x)")[0] == "mi ReLU"


def test_the_name_of_a_function_keeps_its_distance_but_not_from_its_bracket():
    thin = '<mspace width="0.1667em"/>'
    name = f'<mi>log</mi></mrow><mo lspace="0.1667em">{APPLIED}</mo>'
    assert inside(r"t \log p").startswith(f"<mi>t</mi>{thin}<mrow>")
    assert inside(r"t \log p").endswith(f"{name}<mi>p</mi></mrow>")
    assert f"<mi>tanh</mi></mrow><mo>{APPLIED}</mo><mrow><mo " in inside(r"\tanh(x)")
    assert f'<mo stretchy="false">)</mo>{thin}<mrow>' in inside(r"(1-p)\log q")
    assert "<mo>+</mo><mrow>" in inside(r"1 + \log q")
    assert inside(r"\log_2 x").endswith(
        f'</msub><mo lspace="0.1667em">{APPLIED}</mo><mi>x</mi></mrow>'
    )
    # A browser would set an operator it does not know apart by a wide space.
    assert "<mi>max</mi>" in inside(r"\max(0, x)")


def test_max_takes_its_limit_below_where_there_is_room():
    assert "<munder>" in inside(r"\max_{x} f", display=True)
    assert "<msub>" in inside(r"\max_{x} f", display=False)


def test_signs_are_operators_and_names_are_identifiers():
    assert texts(r"1 \pm x") == ["mn 1", "mo ±", "mi x"]
    assert texts(r"x \to \infty") == ["mi x", "mo →", "mi ∞"]
    assert texts("f'") == ["mi f", "mtext ′"]
    assert inside("x^2 + f'").startswith("<msup><mi>x</mi><mn>2</mn></msup>")


def test_bars_stand_close_to_what_they_enclose():
    bar = '<mo stretchy="false" lspace="0" rspace="0">|</mo>'
    assert inside("-|z|").endswith(f"−</mo>{bar}<mi>z</mi>{bar}")
    assert inside(r"\left| z \right|").count("<mo>|</mo>") == 2  # these grow


def test_a_number_with_thousands_is_one_number():
    assert inside("10{,}000") == '<mn>10</mn><mo rspace="0">,</mo><mn>000</mn>'


@pytest.mark.parametrize(
    "latex",
    [
        r"\begin{aligned} a &= b \\ c &= d \end{aligned}",
        r"\begin{align} a &= b \\ c &= d \end{align}",
    ],
)
def test_lines_are_aligned_and_never_numbered(latex):
    tree = ElementTree.fromstring(to_mathml(latex, display=True))
    assert [[len(cell) for cell in row] for row in tree.iter("mtr")] == [[1, 2], [1, 2]]
    sides = [cell.get("style").partition(";")[0] for cell in tree.iter("mtd")]
    assert sides == ["text-align: right", "text-align: left"] * 2


def test_cases_and_matrices():
    cases = to_mathml(r"\begin{cases} x & x>0 \\ 0 & x \le 0 \end{cases}", display=True)
    assert [e.tag for e in ElementTree.fromstring(cases).iter()].count("mtd") == 4
    matrix = to_mathml(r"\begin{pmatrix} 1 & 2 \end{pmatrix}", display=True)
    assert [e.tag for e in ElementTree.fromstring(matrix).iter()].count("mtd") == 2


@pytest.mark.parametrize(
    ("latex", "complaint"),
    [
        (r"\sigmoid(x)", r'Unknown command "\sigmoid"'),
        (r"\frac{1}", "Expected argument"),
        (r"\frac{1", 'Expected closing token "}"'),
        (r"a & b", 'Found "&"'),
        (r"a \\ b", r"between \begin{aligned}"),
        (r"\left( x", r'Expected closing token "\right"'),
        (r"x_", "Expected argument"),
        (r"\begin{tikz}x\end{tikz}", 'Unknown environment "tikz"'),
        (r"\boxed{x}", "browsers cannot draw <menclose>"),
    ],
)
def test_a_formula_that_cannot_be_shown_is_refused(latex, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        to_mathml(latex, display=True)


@pytest.mark.parametrize(
    ("latex", "signs"),
    [("b = -0.5", 1), ("(-2, -2)", 2), ("a - b", 0), ("(a) - b", 0), ("-2", 1)],
)
def test_a_sign_stands_close_to_its_number_and_a_subtraction_does_not(latex, signs):
    assert inside(latex).count('<mo lspace="0" rspace="0">−</mo>') == signs


def test_nothing_outside_mathml_core_gets_through():
    formulas = [
        r"\hat{y} = \sigma(w^\top x + b)",
        r"L = -\frac{1}{N} \sum_n \Bigl( t_n \log p_n \Bigr)",
        r"\nabla_w L \quad \lVert w \rVert_2 \qquad \underbrace{a + b}_{c}",
        r"\sqrt{x^2}\,\overline{x}\!\bar x \ldots \mathbb{E}[x]",
        r"\cdot \frac{\partial}{\partial w}",
    ]
    for latex in formulas:
        tree = ElementTree.fromstring(to_mathml(latex, display=True))
        assert {element.tag for element in tree.iter()} <= CORE
        # Of the fonts Core knows one: a single letter that is not in italics.
        assert {e.get("mathvariant") for e in tree.iter("mi")} <= {None, "normal"}
        assert all(e.tag == "mi" for e in tree.iter() if e.get("mathvariant"))


def test_a_formula_is_xml_without_names_that_only_html_knows():
    assert "&" not in to_mathml(r"\tanh(x)", display=False)
