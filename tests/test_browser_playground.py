"""The playground in a real Chromium, and PyTorch beside it.

The script that readers copy is run by this Python, which needs torch and numpy.
"""

import contextlib
import io
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
        return self.tab.locator(".piece-box [role=status]").text_content()

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
            expected = torch.cat(
                [p.flatten() for la in layers for p in (la.weight, la.bias)]
            )
            order = torch.randperm(37)
            drawn, shuffled = tab.evaluate(
                """([sizes, init, seed]) => {
                  const { Generator, initialParameters } = pieces.playground.engine;
                  const generator = new Generator(seed), order = new Int32Array(37);
                  const drawn = initialParameters(sizes, init, generator);
                  generator.shuffle(order);
                  return [[...drawn], [...order]];
                }""",
                [sizes, init, seed],
            )
            difference = torch.tensor(drawn, dtype=torch.float64) - expected
            worst = max(worst, difference.abs().max().item())
            assert shuffled == order.tolist()
    # Logarithm and cosine of two libraries may differ in the last of 53 bits.
    assert worst <= 2**-52


SETUPS = [
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
    f"data=points&points={POINTS}&hidden=3&lr=0.3&seed=6",
    f"data=points&points={POINTS},2:0:3,3:0:-3&hidden=5&activation=relu&lr=0.03",
    f"data=points&points={POINTS}&noise=0.1&test=20&hidden=2",
    "optimizer=momentum&lr=0.1",
    "optimizer=adam&lr=0.01",
    "data=spiral&hidden=8,8&optimizer=adam&lr=0.01&batch=10",
    "batch=30&lr=0.1",
    "batch=1&lr=0.01&optimizer=momentum",
    "penalty=l1:0.001",
    "penalty=l2:0.01&hidden=6",
    "noise=0.3&seed=3",
    "test=30",
    "noise=0.5&test=50&batch=10&optimizer=adam&lr=0.01&penalty=l2:0.001"
    "&features=x1,x2,x1x2&hidden=5,3",
    "data=circles&features=x1x1,x2x2&hidden=0&lr=0.1",
    "data=spiral&features=x1,x2,sin1,sin2&hidden=8&lr=0.1&test=20",
    "changes=0:w1.2.1:0.5,300:lr:0.1,300:w2.1.3:-1.5,700:b1.1:0.25,1000:b2.1:1",
    "data=quadrants&batch=30&test=40&optimizer=adam&lr=0.03&penalty=l1:0.0001"
    "&hidden=4,4&activation=relu",
    "data=slope&hidden=0&lr=0.03",
    "data=slope&hidden=3&activation=relu&lr=0.01&noise=0.2&penalty=l2:0.01",
    "data=hills&hidden=8,8&optimizer=adam&lr=0.01&batch=30&test=20",
    "activation=linear&hidden=3,2&lr=0.1",
    "data=xor&hidden=4&activation=relu&lr=0.1&noise=0.2&test=20&draw=3",
    "data=flower&draw=7&lr=0.3",
    "data=gaussians&draw=2&noise=0.3&hidden=3&lr=0.1",
]
# The losses after 1000 steps, by the page itself and by its worker, and the script.
TRAIN = """async (query) => {
  const { readState, readData, setupOf, server, pythonScript } =
    pieces.playground.engine;
  const fields = Object.fromEntries(new URLSearchParams(query));
  const { state, problems } = readState(fields);
  if (problems.length) throw new Error(problems.join());
  const setup = setupOf(state, readData(state, pieces.playgroundData));
  const run = { act: "run", steps: 1000, until: 1000, milliseconds: 1e9 };
  const here = server();
  here({ act: "setup", setup });
  const worker = new Worker(pieces.address("playground-worker.js"));
  const ask = (request) => new Promise((done) => {
    worker.onmessage = ({ data }) => done(data.answer);
    worker.postMessage({ number: 1, request });
  });
  await ask({ act: "setup", setup });
  const reports = [here(run), await ask(run)];
  worker.terminate();
  const words = pieces.playground.words.en;
  return {
    losses: reports.map(({ loss, testLoss }) => [loss, testLoss]),
    kernels: reports.map(({ kernels }) => kernels),
    script: pythonScript(state, 1000, pieces.playgroundData, words),
  };
}"""


@pytest.fixture(scope="module")
def engine(chromium, url):
    tab = chromium.new_page()
    tab.goto(f"{url}en/{PAGE}")
    tab.wait_for_selector(".pg-plane")  # script and data have come
    yield lambda query: tab.evaluate(TRAIN, query)
    tab.close()


@pytest.mark.parametrize("state", SETUPS)
def test_page_worker_and_copied_script_end_at_the_same_losses(engine, state):
    import torch

    trained = engine(state)
    assert trained["kernels"] == ["JavaScript", "WebAssembly"]
    assert "nn_tutorial" not in trained["script"]
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(trained["script"], {})
    finally:
        torch.set_default_dtype(torch.float32)

    expected = [float(line) for line in printed.getvalue().split()]
    for loss, test_loss in trained["losses"]:
        shown = [loss, test_loss][: len(expected)]
        assert shown == pytest.approx(expected, abs=1e-6, rel=0)


def test_new_data_are_those_that_python_draws(playground):
    import torch

    tab = playground().tab
    sets = tab.evaluate("pieces.playgroundData")
    names = tab.evaluate("Object.keys(pieces.playground.engine.DRAWS)")
    assert {*sets} - {*names} == {"spiral"}  # nothing in it is random
    for name, number in itertools.product(names, (0, 1, 9999)):
        code = {}
        exec(sets[name]["code"], code)
        draw = code[sets[name]["call"].split("(")[0]]
        inputs, labels = draw(seed=number + (name == "flower"))
        places, shown = tab.evaluate(
            """([name, number]) => {
              const { places, labels } = pieces.playground.engine.DRAWS[name](number);
              return [[...places], [...labels]];
            }""",
            [name, number],
        )
        # Sine and logarithm of two libraries differ in the last bits of float32; sets
        # that need neither are the same, and the page carries no points of them.
        is_same = not sets[name]["inputs"]
        assert is_same == (name in ("xor", "slope"))
        torch.testing.assert_close(
            torch.tensor(places).reshape(2, -1).T,
            inputs,
            atol=0 if is_same else 5e-6,
            rtol=0,
        )
        torch.testing.assert_close(
            torch.tensor(shown).float(),
            labels.flatten().float(),
            atol=0 if is_same else 2e-6,
            rtol=0,
        )


@pytest.mark.parametrize(
    "state", ["", "data=quadrants&hidden=4,4&optimizer=adam&lr=0.03&batch=30&test=40"]
)
def test_the_copied_script_runs_alone_and_ends_at_the_loss_of_the_page(
    playground, tmp_path, state
):
    page = playground(f"{state}&steps=1000".lstrip("&"))
    page.wait_for_step(1000)
    script = page.copied_script()
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
    losses = [float(line) for line in done.stdout.split()]
    shown = [page.value("loss"), page.value("test_loss")][: len(losses)]
    assert losses == pytest.approx(shown, abs=1e-6, rel=0)


def test_single_steps_add_up_to_a_run(playground):
    page = playground()
    for _ in range(7):
        page.button("step").click()
    page.wait_for_step(7)
    assert page.value("steps") == 7
    loss = page.value("loss")
    again = playground("steps=7")
    again.wait_for_step(7)
    assert again.value("loss") == loss


def test_regression_is_a_kind_of_problem_and_learns_a_slope(playground):
    page = playground("hidden=0&lr=0.01&speed=100")
    groups = page.tab.locator("[data-field=data] optgroup")
    assert groups.evaluate_all("all => all.map(one => one.label)") == [
        "Classification",
        "Regression",
    ]
    page.tab.select_option("[data-field=data]", "slope")
    assert page.state()["data"] == "slope"
    assert page.tab.locator(".pg-accuracy").first.is_hidden()
    page.button("play").click()
    page.wait_for_step(1000)
    assert page.value("loss") < 1e-6
    # The height of the slope is (x1 + x2) / 10; the cross goes to x1 = x2.
    plane = page.tab.locator(".pg-out .pg-plane").first
    page.button("play").click()
    plane.focus()
    for _ in range(15):
        page.press("ArrowRight", "ArrowUp")
    told = page.tab.locator(".pg-probe").inner_text()
    x, output = re.search(r"x₁ = ([\d.]+),.* output ([\d.]+)", told).groups()
    assert float(output) == pytest.approx(float(x) / 5, abs=0.02)


# -- What the chapters say of it --------------------------------------------------


def state_in(chapter: str) -> str:
    page = (SITE / f"en/chapters/{chapter}.html").read_text("utf8")
    return re.search(r'data-state="([^"]+)"', page)[1].replace("&amp;", "&")


def test_one_hidden_neuron_is_not_enough_and_four_are(playground):
    state = state_in("logistic")
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
        # Along a petal's two neighbors a straight line is right for about one.
        right = page.value("accuracy")
        assert right > 0.85 if "hidden=4" in change else right < 0.7


def test_a_large_network_learns_the_noise(playground):
    page = playground(f"{state_in('autograd')}&steps=5000")
    page.wait_for_step(5000)
    by_quadrant = page.tab.evaluate(
        """() => {
          const { readData, readState } = pieces.playground.engine;
          const { state } = readState({ data: "quadrants" });
          const { places, labels } = readData(state, pieces.playgroundData).train;
          const n = labels.length;
          const right = labels.filter((label, k) => {
            const east = places[k] > 0, north = places[n + k] > 0;
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
        ("data", "quadrants"), ("activation", "relu"), ("optimizer", "adam"),
        ("rate", "0.03"), ("init", "small"), ("speed", "100"), ("noise", "0.2"),
        ("test", "30"), ("batch", "10"), ("penalty", "l2"), ("amount", "0.003"),
    ):  # fmt: skip
        page.tab.select_option(f"[data-field={key}]", value)
    page.button("more_layers").click()
    for _ in range(3):
        page.button("more_units2").click()
    page.tab.click("[data-node='0.x1x2']")
    page.tab.fill(".pg-settings input[type=number]", "42")
    page.tab.keyboard.press("Tab")
    page.button("step").click()
    page.wait_for_step(1)
    expected = {
        "data": "quadrants", "hidden": "4,7", "activation": "relu", "lr": "0.03",
        "init": "small", "seed": "42", "speed": "100", "steps": "1", "noise": "0.2",
        "features": "x1,x2,x1x2", "optimizer": "adam", "batch": "10", "test": "30",
        "penalty": "l2:0.003",
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
    page.tab.wait_for_selector("[data-press=more_units2]")
    assert page.tab.locator(".pg-node:not(.pg-input)").count() == 5


def test_the_anchor_of_a_heading_stays_until_something_is_changed(playground):
    page = playground()
    page.tab.evaluate("location.hash = 'playground-how'")
    page.tab.reload()
    page.tab.wait_for_selector(".pg-plane")
    page.tab.wait_for_timeout(200)
    assert page.address() == "playground-how"
    page.button("next_seed").click()
    assert page.state()["seed"] == "6"


# -- Everything that playground.tensorflow.org has --------------------------------

# What is there, as of November 2026, and what does it here.
THERE = {
    "play and pause": "[data-press=play]",
    "one step": "[data-press=step]",
    "reset": "[data-press=reset]",
    "counter of epochs": ".pg-steps",
    "learning rate": "[data-field=rate]",
    **{
        f"activation {name}": f"[data-field=activation] option[value={name}]"
        for name in ("relu", "tanh", "sigmoid", "linear")
    },
    "no regularization": "[data-field=penalty] option[value=none]",
    "L1": "[data-field=penalty] option[value=l1]",
    "L2": "[data-field=penalty] option[value=l2]",
    "rate of regularization": "[data-field=amount]",
    "classification": "[data-field=data] optgroup:nth-of-type(1)",
    "regression": "[data-field=data] optgroup:nth-of-type(2)",
    **{
        f"data {there}": f"[data-field=data] option[value={here}]"
        for there, here in {
            "circle": "circles", "exclusive or": "xor", "gaussian": "gaussians",
            "spiral": "spiral", "plane": "slope", "multi gaussian": "hills",
        }.items()
    },
    "ratio of training and test data": "[data-field=test]",
    "noise": "[data-field=noise]",
    "batch size": "[data-field=batch]",
    "regenerate": "[data-press=regenerate]",
    **{
        f"input {name}": f"[data-node='0.{name}']"
        for name in ("x1", "x2", "x1x1", "x2x2", "x1x2", "sin1", "sin2")
    },
    "more layers": "[data-press=more_layers]",
    "fewer layers": "[data-press=fewer_layers]",
    "more neurons": "[data-press=more_units1]",
    "fewer neurons": "[data-press=fewer_units1]",
    "picture of each neuron": "[data-node='1.0'] canvas",
    "weights as lines": ".pg-lines",
    "training loss": ".pg-loss",
    "test loss": ".pg-test_loss",
    "loss curve": ".pg-curve",
    "plane": ".pg-plane",
    "legend of the colors": ".pg-legend",
    "show test data": "[data-field=show_test]",
    "discretize output": "[data-field=hard]",
    "hide controls by the address": "[data-hide=rate]",
    "the setting in the address": "[data-press=copy_link]",
}  # fmt: skip


def test_every_row_of_the_tensorflow_playground_is_here(playground):
    tab = playground().tab
    missing = [row for row, place in THERE.items() if not tab.locator(place).count()]
    assert missing == []
    tab.click("[data-node='1.0']")  # weights and biases are numbers to edit
    assert tab.locator("[data-parameter^='w1.1.']").count() == 2
    assert tab.locator("[data-parameter='b1.1']").count() == 1


PICTURE = "(plane) => plane.toDataURL()"


def test_the_mouse_over_a_neuron_shows_its_picture_large(playground):
    page = playground(viewport={"width": 1440, "height": 900})
    plane = page.tab.locator(".pg-plane").first
    whole = plane.evaluate(PICTURE)
    pictures = set()
    for node in ("1.0", "1.1", "0.x1"):
        page.tab.hover(f"[data-node='{node}']")
        page.tab.evaluate("new Promise(requestAnimationFrame)")
        pictures.add(plane.evaluate(PICTURE))
    assert len(pictures - {whole}) == 3
    page.tab.hover(".pg-legend")
    page.tab.wait_for_timeout(50)
    assert plane.evaluate(PICTURE) == whole
    page.tab.hover("[data-node='0.sin1']")  # does not go into the network
    page.tab.wait_for_timeout(50)
    assert plane.evaluate(PICTURE) == whole


def test_the_address_hides_controls(playground):
    page = playground("hide=rate,play,seed&seed=3")
    for gone in ("[data-field=rate]", "[data-press=play]", "[data-press=next_seed]"):
        assert page.tab.locator(gone).is_hidden()
    assert page.tab.locator("[data-press=step]").is_visible()
    page.tab.click(".pg-hide summary")
    page.tab.uncheck("[data-hide=play]")
    page.tab.check("[data-hide=data]")
    assert page.state()["hide"] == "data,rate,seed"
    assert page.button("play").is_visible()
    assert page.tab.locator("[data-field=data]").is_hidden()
    page.tab.uncheck("[data-hide=data]")
    for name in ("rate", "seed"):
        page.tab.uncheck(f"[data-hide={name}]")
    assert "hide" not in page.state()


def test_new_data_keep_the_network_and_are_in_the_address(playground):
    page = playground("data=xor&hidden=3")
    plane = page.tab.locator(".pg-plane").first
    page.tab.click("[data-node='1.0']")
    fields = "(all) => all.map((field) => field.value)"
    weights = page.tab.locator("[data-parameter]").evaluate_all(fields)
    before = plane.evaluate(PICTURE)
    page.button("regenerate").click()
    assert page.state()["draw"] == "1"
    page.tab.wait_for_timeout(50)
    assert plane.evaluate(PICTURE) != before
    assert page.tab.locator("[data-parameter]").evaluate_all(fields) == weights
    page.tab.select_option("[data-field=data]", "spiral")
    assert page.button("regenerate").is_disabled()  # nothing in it is random
    page.tab.select_option("[data-field=noise]", "0.3")
    assert page.button("regenerate").is_enabled()


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
    assert "same output for all points" in page.notice()
    # Of 200 points in each class one answer gets half, at a loss of ln 2 at best.
    assert page.value("accuracy") == 0.5
    assert page.value("loss") >= 0.6931


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("data=points", "There are no points yet"),
        ("data=points&points=2:1:1,2:0:1", "All points belong to class 2"),
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


# The parameters that PyTorch draws for [2, 4, 1] and seed 5, layer by layer.
DRAW = """(sizes) => {
  const { Generator, initialParameters } = pieces.playground.engine;
  return [...initialParameters(sizes, "linear", new Generator(5))];
}"""


def test_a_neuron_is_reached_seen_and_heard_with_the_keyboard(playground):
    page = playground()
    page.tab.locator(".pg-node[tabindex='0']").focus()
    page.press("ArrowDown", "Enter")
    heard = page.heard()
    drawn = page.tab.evaluate(DRAW, [2, 4, 1])
    shown = [f"{drawn[i]:.2f}".replace("-", "−") for i in (2, 3, 9)]
    expected = f"weights {shown[0]}, {shown[1]}, bias {shown[2]}"
    assert heard == f"Layer 1, neuron 2: {expected}"
    assert expected in page.tab.inner_text(".pg-probe")
    formula = page.tab.inner_text(".pg-panel .pg-formula")
    assert formula.startswith(f"h₁‚₂ = Tanh({shown[0]}·x₁")


def test_the_numbers_of_a_formula_are_those_of_pytorch(playground):
    import torch

    page = playground("hidden=3&steps=50")
    page.wait_for_step(50)
    page.tab.click("[data-node='2.0']")
    rows = page.tab.locator(".pg-panel tbody tr").all()
    fields = [row.locator("td").all() for row in rows]
    numbers = [
        [float(cell.inner_text().replace("−", "-") or 0) for cell in cells[1:]]
        for cells in fields
    ]
    script = page.copied_script().replace("print(", "result = (")
    space: dict = {}
    try:
        exec(script, space)
    finally:
        torch.set_default_dtype(torch.float32)
    model, point = space["model"], space["inputs"][0]
    hidden = model[:2](point)
    products = [*(model[2].weight[0] * hidden).tolist(), model[2].bias.item()]
    assert [product for _, product in numbers] == pytest.approx(products, abs=0.006)
    assert [value for value, _ in numbers[:-1]] == pytest.approx(
        hidden.tolist(), abs=0.006
    )
    last = page.tab.inner_text(".pg-panel .pg-formula span:last-child")
    shown = float(last.removeprefix("= ").replace("−", "-"))
    assert shown == pytest.approx(sum(products), abs=0.006)


def test_a_weight_is_read_under_the_mouse_and_edited_with_a_click(playground):
    page = playground("hidden=1", viewport={"width": 1440, "height": 900})
    first, second = (
        page.tab.locator(f"[data-node='{node}']").bounding_box()
        for node in ("1.0", "2.0")
    )
    x = (first["x"] + first["width"] + second["x"]) / 2
    page.tab.mouse.move(x, first["y"] + first["height"] / 2)
    drawn = page.tab.evaluate(DRAW, [2, 1, 1])
    value = f"{drawn[3]:.3f}".replace("-", "−")
    assert (
        page.tab.inner_text(".pg-tip")
        == f"Weight from Layer 1, neuron 1 to Output: {value}"
    )
    page.tab.mouse.click(x, first["y"] + first["height"] / 2)
    page.tab.keyboard.type("0.75")
    page.press("Enter")
    page.tab.wait_for_function("location.hash.includes('changes=0:w2.1.1:0.75')")
    guest = playground(page.address())
    guest.tab.click("[data-node='2.0']")
    assert guest.tab.input_value("[data-parameter='w2.1.1']") == "0.75"


def test_neurons_and_layers_come_and_go_in_the_drawing(playground):
    page = playground()
    page.button("more_units1").click()
    page.tab.locator("[data-node='1.2']").focus()
    page.press("+", "-", "-")
    assert page.state()["hidden"] == "4"
    page.button("more_layers").click()
    assert page.state()["hidden"] == "4,4"
    for _ in range(2):
        page.button("fewer_layers").click()
    assert page.state()["hidden"] == "0"
    page.tab.click("[data-node='0.sin1']")
    page.tab.click("[data-node='0.x1']")
    page.tab.click("[data-node='0.x2']")
    page.tab.click("[data-node='0.sin1']")  # the last one stays
    assert page.state()["features"] == "sin1"


def test_stepping_through_shows_the_gradients_of_pytorch(playground):
    import torch
    from torch import nn

    page = playground("hidden=3,2")
    page.button("through").click()
    shown = []
    for _ in range(20):
        numbers = page.tab.locator(".pg-numbered .pg-number").all_inner_texts()
        shown.append([float(number.replace("−", "-")) for number in numbers])
        if page.button("through_next").is_disabled():
            break
        page.button("through_next").click()
    from nn_tutorial.datasets import flower

    inputs, targets = flower()
    torch.manual_seed(5)
    sizes = [2, 3, 2, 1]
    layers = [
        nn.Linear(n, m, dtype=torch.float64) for n, m in itertools.pairwise(sizes)
    ]
    values, sums = [inputs[0].double()], []
    for layer in layers:
        sums.append(layer(values[-1]))
        sums[-1].retain_grad()
        values.append(sums[-1].tanh())
    nn.BCEWithLogitsLoss()(sums[-1], targets[0].double()).backward()
    forward = [x for row in (*values[:3], sums[-1]) for x in row.tolist()]
    backward = [x for row in sums for x in row.grad.tolist()]
    assert shown[3] == pytest.approx(forward, abs=0.006)
    assert shown[-1] == pytest.approx(backward, abs=0.006)
    assert len(shown) == 9


def test_the_rate_changes_while_it_trains_and_the_script_does_the_same(
    playground, tmp_path
):
    page = playground("speed=1&lr=1")
    page.button("play").click()
    page.wait_for_step(10)
    page.tab.select_option("[data-field=rate]", "0.1")
    page.tab.wait_for_timeout(300)
    page.button("play").click()
    page.tab.wait_for_function("location.hash.includes(':lr:0.1')")
    at = int(re.search(r"changes=(\d+):lr:0.1", page.address())[1])
    assert at >= 10
    assert page.value("steps") >= at
    script = page.copied_script()
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path, capture_output=True, encoding="utf8", check=True,
    )  # fmt: skip
    assert float(done.stdout) == pytest.approx(page.value("loss"), abs=1e-9)


def test_two_set_ups_run_side_by_side_and_are_in_the_address(playground):
    page = playground("hidden=2&test=20")
    page.button("compare").click()
    page.button("more_units1").click()
    page.button("play").click()
    page.wait_for_step(100)
    page.button("play").click()
    page.tab.wait_for_function(
        """() => {
          const steps = document.querySelector(".pg-steps").value;
          const text = document.querySelector(".pg-rival").innerText;
          return text.includes(`Steps ${steps};`);
        }"""
    )
    text = page.tab.inner_text(".pg-rival")
    assert "hidden: here 3, for comparison 2" in text
    steps = int(page.value("steps"))
    alone = playground(f"hidden=2&test=20&steps={steps}")
    alone.wait_for_step(steps)
    assert f"Training loss {alone.value('loss'):.4f}" in text
    guest = playground(page.address())
    guest.wait_for_step(steps)
    assert "hidden: here 3, for comparison 2" in guest.tab.inner_text(".pg-rival")


def test_the_loss_surface_is_that_of_the_two_weights(playground):
    page = playground("hidden=2&steps=200")
    page.wait_for_step(200)
    page.tab.click(".pg-fold summary")
    label = page.tab.locator(".pg-surface[aria-label*='from']")
    label.wait_for()
    low, high, now = map(
        float, re.findall(r"\d+\.\d+", label.get_attribute("aria-label"))
    )
    assert low <= now <= high
    assert now == pytest.approx(page.value("loss"), abs=6e-4)


def test_settings_are_in_a_sheet_on_a_phone_and_beside_the_picture_on_a_desk(
    playground,
):
    page = playground(viewport={"width": 360, "height": 740})
    assert not page.tab.locator("[data-field=activation]").is_visible()
    top = page.tab.locator(".pg-graph").bounding_box()["y"]
    assert top < page.tab.locator(".pg-plane").first.bounding_box()["y"]
    page.button("settings").click()
    page.tab.select_option("[data-field=activation]", "relu")
    page.press("Escape")
    assert not page.tab.locator("[data-field=activation]").is_visible()
    assert page.state()["activation"] == "relu"
    page.tab.set_viewport_size({"width": 1440, "height": 900})
    page.tab.locator("[data-field=activation]").wait_for()
    box = page.tab.locator(".pg-settings").bounding_box()
    plane = page.tab.locator(".pg-plane").first.bounding_box()
    assert box["x"] + box["width"] < plane["x"]
    assert abs(box["y"] - plane["y"]) < 200


def test_drawing_puts_a_row_of_points(playground):
    page = playground("data=points")
    box = page.tab.locator(".pg-plane").first.bounding_box()
    page.tab.locator(".pg-plane").first.scroll_into_view_if_needed()
    box = page.tab.locator(".pg-plane").first.bounding_box()
    page.tab.mouse.move(box["x"] + 30, box["y"] + 40)
    page.tab.mouse.down()
    page.tab.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 40, steps=30)
    page.tab.mouse.up()
    points = page.state()["points"].split(",")
    assert 8 < len(points) < 31
    assert {point.split(":")[0] for point in points} == {"1"}


def test_the_mouse_shows_the_value_under_it(playground):
    page = playground("hidden=0")
    plane = page.tab.locator(".pg-plane").first
    box = plane.bounding_box()
    plane.hover(position={"x": box["width"] / 2, "y": box["height"] / 2})
    page.tab.wait_for_function(
        "/class/.test(document.querySelector('.pg-probe').textContent)"
    )
    text = page.tab.inner_text(".pg-probe")
    # In the middle the logit of one layer is its bias.
    bias = page.tab.evaluate(DRAW, [2, 1])[2]
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
    plane = page.tab.locator(".pg-plane").first
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
