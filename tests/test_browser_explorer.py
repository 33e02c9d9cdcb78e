"""The activation explorer in a real Chromium, and PyTorch beside it."""

import pytest

pytestmark = pytest.mark.browser
pytest_plugins = ["visits"]


def open_explorer(visitor, language: str = "en"):
    """Open the page of the explorer and wait until it can be used."""
    tab = visitor.open(f"{language}/pieces/explorer.html")
    tab.wait_for_selector(".piece-box button")
    return tab


# -- Numbers -------------------------------------------------------------------------

EXPLORER_VALUES = """(zs) => zs.map((z) => Object.fromEntries(
  Object.entries(pieces.explorer.functions).map(([name, { value, slope }]) =>
    [name, [value(z), slope(z)]])))"""
EXPLORER_CHAINS = """(chains) => chains.map(([name, z, depth, w]) =>
  pieces.explorer.gradients(name, z, depth, w))"""


def torch_functions():
    """Return PyTorch's own five functions, by the names of chapter 01."""
    import torch
    from torch.nn import functional

    return {
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "ReLU": torch.relu,
        "Leaky ReLU": functional.leaky_relu,
        "GELU": functional.gelu,
    }


def test_the_explorer_shows_the_values_and_slopes_of_autograd(visit):
    import torch

    small = [sign * 10.0**power for power in range(-12, 1) for sign in (-1, 1)]
    zs = [
        0.0,
        *small,
        *(k / 16 for k in range(-200, 201)),
        -1000.0,
        -50.0,
        37.5,
        1000.0,
    ]
    shown = open_explorer(visit()).evaluate(EXPLORER_VALUES, zs)
    assert shown[0].keys() == torch_functions().keys()
    for name, f in torch_functions().items():
        z = torch.tensor(zs, dtype=torch.float64, requires_grad=True)
        values = f(z)
        values.sum().backward()
        value, slope = torch.tensor([one[name] for one in shown], dtype=z.dtype).T
        torch.testing.assert_close(value, values.detach(), rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(slope, z.grad, rtol=0, atol=1e-6)


def test_the_explorer_leaves_the_gradient_of_autograd_at_every_layer(visit):
    import torch

    chains = [
        (name, z, depth, w)
        for name in torch_functions()
        for z in (-1000.0, -3.0, -0.5, 0.0, 0.1, 1.0, 8.0, 1000.0)
        for depth in (1, 2, 10, 20)
        for w in (0.1, 1.0, 1.5, 4.0)
    ]
    shown = open_explorer(visit()).evaluate(EXPLORER_CHAINS, chains)
    for chain, sizes in zip(chains, shown, strict=True):
        name, z, depth, w = chain
        f = torch_functions()[name]
        sums = [torch.tensor(z, dtype=torch.float64, requires_grad=True)]
        for _ in range(depth - 1):
            sums.append(w * f(sums[-1]))
            sums[-1].retain_grad()
        f(sums[-1]).backward()
        expected = [one.grad.item() for one in sums]
        assert sizes == pytest.approx(expected, rel=1e-6, abs=1e-6), chain


# -- Hands on ------------------------------------------------------------------------


def test_the_explorer_moves_by_keyboard_and_says_so(visit):
    tab = open_explorer(visit(), "zh")
    tab.focus("#explorer-z")
    tab.keyboard.press("ArrowRight")
    assert tab.input_value("input[type=number]") == "1.1"
    tab.wait_for_function(
        "document.querySelector('.piece-box [role=status]')"
        ".textContent.includes('z = 1.1')"
    )
    tab.focus("#explorer-depth")
    tab.keyboard.press("Home")
    assert "走过 1 层" in tab.inner_text(".piece-box")
    tab.focus("input[value=sigmoid]")
    tab.keyboard.press("ArrowDown")
    assert "tanh 在 z = 1.1" in tab.inner_text(".piece-box")


def test_the_explorer_follows_mouse_and_finger_in_the_plot(visit):
    tab = open_explorer(visit())
    box = tab.locator(".explorer-curve").bounding_box()
    middle = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] - 30, middle)
    tab.mouse.down()
    right = float(tab.input_value("input[type=number]"))
    tab.mouse.move(box["x"] + 60, middle)
    tab.mouse.up()
    left = float(tab.input_value("input[type=number]"))
    tab.mouse.move(box["x"] + 200, middle)
    assert (right > 6, left < -6) == (True, True)
    assert float(tab.input_value("input[type=number]")) == left
    phone = visit(viewport={"width": 360, "height": 740}, has_touch=True)
    tab = open_explorer(phone)
    tab.locator(".explorer-curve").tap(position={"x": 60, "y": 100})
    assert float(tab.input_value("input[type=number]")) < -4


@pytest.mark.parametrize("typed", ["1e9", "-1e300", ""])
def test_the_explorer_names_a_number_it_cannot_use_and_goes_on(visit, typed):
    tab = open_explorer(visit())
    tab.fill("input[type=number]", typed)
    tab.press("input[type=number]", "Tab")
    assert "from −1000 to 1000" in tab.inner_text("[role=alert]")
    assert "At z = 1 the value" in tab.inner_text(".piece-box")
    tab.fill("input[type=number]", "-1000")
    tab.press("input[type=number]", "Tab")
    assert tab.inner_text("[role=alert]") == ""
    assert "At z = −1000 the value of sigmoid is 0" in tab.inner_text(".piece-box")


@pytest.mark.parametrize(
    ("address", "readable"),
    [
        ("f=gelu&z=-2&depth=3&w=1.5", True),
        ("f=softmax&z=1", False),
        ("f=gelu&z=abc", False),
        ("depth=1000", False),
        ("depth=2.5", False),
        ("w=Infinity", False),
        ("z=", False),
        ("%E0%A4%A=1", False),
    ],
)
def test_the_explorer_opens_as_its_address_says_or_says_why_not(
    visit, address, readable
):
    visitor = visit()
    tab = visitor.open(f"en/pieces/explorer.html#{address}")
    tab.wait_for_selector(".piece-box input")
    says = "" if readable else "could not be read"
    assert says in tab.inner_text("[role=alert]")
    shown = (
        "At z = −2 the value of GELU" if readable else "At z = 1 the value of sigmoid"
    )
    assert shown in tab.inner_text(".piece-box")


def test_a_link_opens_the_same_set_up(visit):
    visitor = visit()
    tab = open_explorer(visitor)
    tab.check("input[value='Leaky ReLU']")
    tab.fill("input[type=number]", "-2.5")
    tab.keyboard.press("Tab")
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.click("[data-press=copy_link]")
    link = tab.evaluate("navigator.clipboard.readText()")
    assert link.endswith("#f=leaky-relu&z=-2.5&depth=10&w=1")
    guest = visit().open(link)
    guest.wait_for_selector(".piece-box button")
    assert guest.is_checked("input[value='Leaky ReLU']")
    assert guest.input_value("input[type=number]") == "-2.5"
