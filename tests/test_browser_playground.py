"""The playground in a real Chromium, and PyTorch beside it.

The script that readers copy is run by this Python, which needs torch and numpy.
"""

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs

import pytest

pytestmark = pytest.mark.browser
pytest_plugins = ["visits"]

SITE = Path(os.environ.get("NN_TUTORIAL_SITE", Path(__file__).parents[1] / "site"))
PAGE = "pieces/playground.html"
USUAL = {
    "data": "flower", "hidden": "4", "activation": "tanh", "lr": "1", "init": "linear",
    "seed": "5", "speed": "10", "steps": "0",
}  # fmt: skip
POINTS = "0:1:1,0:-1:-1.5,1:-1.25:1,1:1:-1,0:2:2,1:-2:2.5"


class Playground:
    """The playground on its page, as a reader handles it."""

    def __init__(self, visitor, state: str = "", lang: str = "en") -> None:
        self.visitor = visitor
        self.tab = visitor.open(f"{lang}/{PAGE}{state and '#'}{state}")
        self.tab.wait_for_selector(".piece-box .pg-plane")

    def button(self, key: str):
        return self.tab.locator(f"[data-press={key}]")

    def value(self, key: str) -> float:
        return float(self.tab.locator(f".pg-{key}").get_attribute("value"))

    def wait_for_step(self, step: int) -> None:
        self.tab.wait_for_function(
            "(step) => Number(document.querySelector('.pg-steps').value) >= step",
            arg=step,
        )

    def steps_in(self, milliseconds: int) -> float:
        before = self.value("steps")
        self.tab.wait_for_timeout(milliseconds)
        return self.value("steps") - before

    def address(self) -> str:
        # The page itself is asked: tab.url hears of a new address a moment later.
        return self.tab.evaluate("location.hash.slice(1)")

    def state(self) -> dict[str, str]:
        fields = parse_qs(self.address())
        return {key: values[0] for key, values in fields.items()}

    def notice(self) -> str:
        notice = self.tab.locator(".pg-notice")
        return notice.inner_text() if notice.is_visible() else ""

    def heard(self) -> str:
        # The last word counts, after a moment by the page's own clock.
        self.tab.evaluate("new Promise((done) => setTimeout(done, 400))")
        return self.tab.locator("[role=status]").text_content()

    def copied_script(self) -> str:
        self.visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.button("copy_code").click()
        return self.tab.evaluate("navigator.clipboard.readText()")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tab.keyboard.press(key)


@pytest.fixture
def playground(visit):
    def open_playground(state: str = "", lang: str = "en", **options) -> Playground:
        return Playground(visit(**options), state, lang)

    return open_playground


# -- It is PyTorch's training -----------------------------------------------------


def test_a_seed_draws_the_weights_that_pytorch_draws(playground):
    import torch
    from torch import nn

    tab = playground().tab
    widths = [[], [1], [3], [4], [7, 9], [10, 10, 10], [5, 1, 8]]
    seeds = [0, 1, 5, 7, 1234567, 2**31, 2**32 - 1]
    worst = 0.0
    for init in ("linear", "small"):
        for number, hidden in enumerate(widths * 2):
            seed, sizes = seeds[number % 7], [2, *hidden, 1 if number < 7 else 4]
            torch.manual_seed(seed)
            layers = [
                nn.Linear(inputs, outputs, dtype=torch.float64)
                for inputs, outputs in itertools.pairwise(sizes)
            ]
            for layer in layers if init == "small" else []:
                nn.init.normal_(layer.weight, std=0.01)
                nn.init.zeros_(layer.bias)
            expected = [p.flatten() for la in layers for p in (la.weight, la.bias)]
            drawn = tab.evaluate(
                """([sizes, init, seed]) => {
                  const { Network } = pieces.playground;
                  return new Network(sizes, "tanh", init, seed).layers.flatMap(
                    ({ weights, biases }) => [[...weights], [...biases]]);
                }""",
                [sizes, init, seed],
            )
            for ours, theirs in zip(drawn, expected, strict=True):
                assert len(ours) == len(theirs)
                difference = torch.tensor(ours, dtype=torch.float64) - theirs
                worst = max(worst, difference.abs().max().item())
    # Logarithm and cosine of two libraries may differ in the last of 53 bits.
    assert worst <= 2**-52


@pytest.mark.parametrize(
    "state",
    [
        "",  # the usual set-up
        "hidden=1",
        "hidden=0&lr=0.1",
        "hidden=10,10,10&lr=0.1&seed=0",
        "hidden=10&activation=sigmoid&lr=3&seed=11",
        "hidden=4&init=small&seed=7",
        "hidden=6,3&activation=relu&lr=0.03&seed=2",
        "data=gaussians&hidden=3&activation=relu&lr=0.1&seed=4294967295",
        "data=gaussians&hidden=0&lr=0.3&init=small&seed=3",
        "data=quadrants&hidden=5&lr=0.3&seed=1",
        "data=quadrants&hidden=0&lr=1&seed=8",
        "data=quadrants&hidden=3,3&activation=sigmoid&lr=3&init=small&seed=9",
        "data=quadrants&hidden=8,8&activation=relu&lr=0.1&seed=10",
        f"data=points&points={POINTS}&hidden=3&lr=0.3&seed=6",
        f"data=points&points={POINTS},2:0:3,3:0:-3&hidden=5&activation=relu&lr=0.03",
    ],
)
def test_the_copied_script_ends_at_the_loss_of_the_page(playground, tmp_path, state):
    page = playground(f"{state}&steps=1000".lstrip("&"))
    page.wait_for_step(1000)
    script = page.copied_script()
    assert "nn_tutorial" not in script
    assert "range(1000)" in script

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf8",
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert page.value("steps") == 1000
    assert float(done.stdout) == pytest.approx(page.value("loss"), abs=1e-6, rel=0)


def test_single_steps_add_up_to_a_run(playground):
    page = playground()
    for _ in range(7):
        page.button("step").click()
    assert page.value("steps") == 7
    loss = page.value("loss")
    again = playground("steps=7")
    again.wait_for_step(7)
    assert again.value("loss") == loss


# -- What the chapters say of it --------------------------------------------------


def state_in(chapter: str) -> str:
    [page] = (SITE / "en/chapters").glob(f"{chapter}-*.html")
    return re.search(r'data-state="([^"]+)"', page.read_text("utf8"))[1].replace(
        "&amp;", "&"
    )


def test_chapter_04_one_hidden_neuron_is_not_enough_and_four_are(playground):
    state = state_in("04")
    assert "hidden=1&" in state
    for change in (
        "",
        "&seed=6",
        "&seed=7&activation=relu&lr=0.1",
        "&lr=3",
        "&hidden=4",
    ):
        page = playground(f"{state}{change}&steps=3000")
        page.wait_for_step(3000)
        # Along a petal's two neighbours a straight line is right for about one.
        right = page.value("accuracy")
        assert right > 0.85 if "hidden=4" in change else right < 0.7


def test_chapter_09_a_large_network_learns_the_noise(playground):
    page = playground(f"{state_in('09')}&steps=5000")
    page.wait_for_step(5000)
    by_quadrant = page.tab.evaluate(
        """() => {
          const { inputs, labels } = pieces.playgroundData.quadrants;
          const bytes = Uint8Array.from(atob(inputs), (char) => char.charCodeAt());
          const numbers = new Float32Array(bytes.buffer), n = labels.length;
          const right = [...labels].filter((label, k) => {
            const east = numbers[k] > 0, north = numbers[n + k] > 0;
            return label == (north ? (east ? 0 : 1) : east ? 3 : 2);
          });
          return right.length / n;
        }"""
    )
    assert page.value("accuracy") > by_quadrant > 0.9


# -- The address ------------------------------------------------------------------


def test_the_address_holds_every_setting(playground):
    page = playground()
    for key, value in (
        ("data", "quadrants"), ("depth", "2"), ("activation", "relu"), ("rate", "0.03"),
        ("init", "small"), ("speed", "100"),
    ):  # fmt: skip
        page.tab.select_option(f"[data-field={key}]", value)
    page.tab.locator(".pg-widths input").nth(1).fill("7")
    page.tab.fill(".pg-settings input[type=number]", "42")
    page.tab.keyboard.press("Tab")
    page.button("step").click()
    expected = {
        "data": "quadrants", "hidden": "4,7", "activation": "relu", "lr": "0.03",
        "init": "small", "seed": "42", "speed": "100", "steps": "1",
    }  # fmt: skip
    assert page.state() == expected

    guest = playground(page.address())
    guest.wait_for_step(1)
    assert guest.state() == expected
    assert guest.value("loss") == page.value("loss")


def test_the_own_points_are_in_the_address(playground):
    page = playground(f"data=points&points={POINTS}")
    assert page.state()["points"] == POINTS


def test_the_other_language_opens_the_same_set_up(playground):
    page = playground("hidden=3&seed=8&steps=20")
    page.wait_for_step(20)
    loss = page.value("loss")
    page.tab.click("a.language")
    page.tab.wait_for_url(f"**/zh/{PAGE}#*")
    page.tab.wait_for_selector(".pg-plane")
    page.wait_for_step(20)
    assert page.value("loss") == loss


def test_a_new_address_in_the_same_tab_is_followed(playground):
    page = playground()
    page.tab.evaluate("location.hash = 'hidden=2,2&seed=3'")
    page.tab.wait_for_function("document.querySelectorAll('.pg-layer').length === 2")
    assert page.tab.locator(".pg-layer").count() == 2


def test_the_anchor_of_a_heading_stays_until_something_is_changed(playground):
    page = playground()
    page.tab.evaluate("location.hash = 'playground-how'")
    page.tab.reload()
    page.tab.wait_for_selector(".pg-plane")
    page.tab.wait_for_timeout(200)
    assert page.address() == "playground-how"
    page.button("next_seed").click()
    assert page.state()["seed"] == "6"


# -- What goes wrong --------------------------------------------------------------


@pytest.mark.parametrize(
    "nonsense",
    [
        "hidden=11", "hidden=4,4,4,4", "hidden=x", "lr=-1", "lr=0", "lr=Infinity",
        "seed=1.5", "seed=4294967296", "steps=99999999", "data=moon", "color=red",
        "points=0:99:1", "points=7:1:1", "activation=__proto__", "constructor=1",
    ],
)  # fmt: skip
def test_a_broken_address_is_told_and_can_be_left(playground, nonsense):
    page = playground(f"{nonsense}&speed=100")
    assert nonsense in page.notice()
    assert page.state() == {**USUAL, "speed": "100"}
    page.tab.locator(".pg-notice button").click()
    assert page.notice() == ""
    assert page.state() == USUAL
    page.button("play").click()
    page.wait_for_step(20)


def test_a_learning_rate_that_explodes_is_told_and_can_be_mended(playground):
    page = playground("hidden=4&lr=30&speed=1")
    page.button("play").click()
    page.tab.wait_for_selector(".pg-notice button")
    assert "learning rate 30 is too large" in page.notice()
    assert page.value("loss") > 6
    stopped_at = page.value("steps")
    assert stopped_at < 20
    page.button("play").click()  # the reader wants to see how it ends
    page.wait_for_step(stopped_at + 5)
    assert page.notice() == ""
    page.button("reset").click()
    page.button("play").click()
    page.tab.locator(".pg-notice button").first.click()
    assert page.state()["lr"] == "3"
    assert page.value("steps") < stopped_at
    assert page.notice() == ""


def test_a_loss_that_is_no_number_is_told_and_can_be_left(playground):
    page = playground("hidden=4&lr=100&activation=relu&steps=50")
    page.tab.wait_for_function("document.querySelector('.pg-loss').value > 1e30")
    page.button("play").click()
    page.tab.wait_for_selector(".pg-notice button")
    assert "learning rate 100 is too large" in page.notice()
    page.tab.locator(".pg-notice button").last.click()
    assert page.state() == USUAL
    page.button("step").click()
    assert page.value("loss") < 1


def test_a_network_that_cannot_learn_any_more_is_told(playground):
    page = playground("hidden=10,10,10&lr=10&activation=relu")
    page.button("play").click()
    page.tab.wait_for_selector(".pg-notice button")
    assert "one answer for all of them" in page.notice()
    # Of 200 points in each class one answer gets half, at a loss of ln 2 at best.
    assert page.value("accuracy") == 0.5
    assert page.value("loss") >= 0.6931


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("data=points", "There are no points yet"),
        ("data=points&points=2:1:1,2:0:1", "All points are of class 2"),
    ],
)
def test_without_two_classes_nothing_is_trained_and_the_reason_told(
    playground, state, told
):
    page = playground(state)
    assert told in page.notice()
    page.button("play").click()
    page.button("step").click()
    assert page.steps_in(200) == 0
    assert told in page.notice()
    page.tab.locator(".pg-notice button").click()
    assert page.state()["data"] == "flower"
    assert page.notice() == ""


# -- For everyone -----------------------------------------------------------------


def test_all_is_done_and_heard_with_the_keyboard(playground):
    page = playground("data=points")
    plane = page.tab.get_by_role("application", name="Arrow keys move a cross")
    plane.focus()
    page.press("ArrowRight", "ArrowUp")
    assert re.search(r"x₁ = 0\.50, x₂ = 0\.50 → class \d, p = 0\.\d", page.heard())
    page.press("Enter")
    assert "class 1; 1 points" in page.heard()
    page.tab.get_by_role("radio", name="class 1").focus()
    page.press("ArrowLeft")  # class 0
    plane.focus()
    page.press("ArrowLeft", "ArrowLeft", "Shift+ArrowLeft", "Enter")
    assert page.state()["points"] == "1:0.5:0.5,0:-0.55:0.5"
    page.tab.get_by_role("button", name="Train").focus()
    page.press("Enter")
    assert page.heard() == "Training"
    page.wait_for_step(30)
    page.press("Enter")
    stopped = re.search(r"step (\d+): loss (\d\.\d+), accuracy", page.heard())
    assert float(stopped[1]) == page.value("steps")
    plane.focus()
    page.press("Backspace")
    assert "1 points" in page.heard()


def test_a_neuron_is_seen_and_heard_alone(playground):
    page = playground()
    page.tab.locator(".pg-pictures input:checked").focus()
    page.press("ArrowDown", "ArrowDown")
    heard = page.heard()
    weights = page.tab.evaluate(
        """() => {
          const { weights, biases } = new pieces.playground.Network(
            [2, 4, 1], "tanh", "linear", 5).layers[0];
          return [weights[2], weights[3], biases[1]];
        }"""
    )
    shown = [f"{value:.2f}".replace("-", "−") for value in weights]
    expected = f"weights {shown[0]}, {shown[1]}, bias {shown[2]}"
    assert heard == f"Layer 1, neuron 2: {expected}"
    assert expected in page.tab.inner_text(".pg-probe")


def test_the_mouse_shows_the_value_under_it(playground):
    page = playground("hidden=0")
    plane = page.tab.locator(".pg-plane")
    box = plane.bounding_box()
    plane.hover(position={"x": box["width"] / 2, "y": box["height"] / 2})
    page.tab.wait_for_function(
        "/class/.test(document.querySelector('.pg-probe').textContent)"
    )
    text = page.tab.inner_text(".pg-probe")
    # In the middle the logit of one layer is its bias.
    bias = page.tab.evaluate(
        'new pieces.playground.Network([2, 1], "tanh", "linear", 5).layers[0].biases[0]'
    )
    p = 1 / (1 + 2.718281828459045 ** -abs(bias))
    assert float(re.search(r"p = (\S+)", text)[1]) == pytest.approx(p, abs=0.01)
    assert f"class {int(bias > 0)}" in text


def test_a_finger_puts_points_where_it_taps(playground):
    page = playground(
        "data=points",
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
    )
    plane = page.tab.locator(".pg-plane")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    for n, (x, y) in enumerate(((0.25, 0.5), (0.75, 0.25)), 1):
        plane.tap(position={"x": x * box["width"], "y": y * box["height"]})
        page.tab.wait_for_function(  # a tap becomes a click a moment later
            "(n) => location.hash.match(/points=([^&]*)/)?.[1].split(',').length == n",
            arg=n,
        )
    points = [point.split(":") for point in page.state()["points"].split(",")]
    assert [float(x) for _, x, _ in points] == pytest.approx([-2.5, 2.5], abs=0.1)
    assert [float(y) for _, _, y in points] == pytest.approx([0, 2.5], abs=0.1)


def test_nothing_runs_where_nobody_looks(playground):
    page = playground("speed=1", viewport={"width": 1000, "height": 500})
    page.button("play").click()
    assert page.steps_in(400) > 0
    page.tab.evaluate(
        "scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })"
    )
    page.tab.wait_for_timeout(200)
    assert page.steps_in(400) == 0
    page.tab.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    page.tab.wait_for_timeout(200)
    assert page.steps_in(400) > 0


def test_without_a_press_nothing_moves(playground):
    assert playground().steps_in(300) == 0


# Count how often the large picture is drawn anew.
COUNT_PICTURES = """() => {
  globalThis.pictures = 0;
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...values) {
    globalThis.pictures++;
    return draw.apply(this, values);
  };
}"""


@pytest.mark.parametrize(
    ("motion", "low", "high"), [("no-preference", 9, 999), ("reduce", 1, 4)]
)
def test_who_wants_no_motion_gets_a_picture_a_second(playground, motion, low, high):
    page = playground("speed=1", reduced_motion=motion)
    page.tab.evaluate(COUNT_PICTURES)
    page.button("play").click()
    page.tab.wait_for_timeout(1500)
    assert low <= page.tab.evaluate("pictures") <= high
    assert page.value("steps") > 4


def test_the_picture_follows_the_theme(playground):
    page = playground(color_scheme="light")
    page.tab.evaluate(COUNT_PICTURES)
    page.tab.click("[popovertarget=menu-theme]")
    page.tab.click(".theme-change-button[data-mode=dark]")
    page.tab.wait_for_function("pictures > 0")
