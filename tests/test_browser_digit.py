"""The piece on which readers draw a digit, in a real Chromium, and PyTorch beside it.

The network is the one that chapter 07 left in this clone's last build; the test images
are those with which it was built.
"""

import itertools
import json
import math
import os
import re
from ast import literal_eval
from base64 import b64decode, b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
pytest_plugins = ["visits"]

ROOT = Path(__file__).parents[1]
SITE = Path(os.environ.get("NN_TUTORIAL_SITE", ROOT / "site"))
LANGUAGES = ("zh", "en")
NEXT_FRAME = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"


CHAPTER_07 = "chapters/mnist"
READ_IMAGES = """(images) => images.map((text) => pieces.digit.probabilities(
  Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))))"""
READ_BESIDE = READ_IMAGES.replace("probabilities", "second")
PREPARE_IMAGES = """(images) => images.map((text) => {
  const ink = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return btoa(String.fromCharCode(...pieces.digit.prepare(ink, 28).pixels));
})"""


@cache
def trained() -> dict:
    """Return the network as chapter 07 left it in the build of this site."""
    return glued(CHAPTER_07, "mnist_network")


def glued(chapter: str, key: str) -> dict:
    run = ROOT / f"docs/_build/zh/jupyter_execute/{chapter}.glue.json"
    text = json.loads(run.read_text(encoding="utf8"))[key]["data"]["text/plain"]
    return json.loads(literal_eval(text))


@cache
def images_of_the_test():
    """Return the test images with which the site was built, uint8 (N, 28, 28)."""
    from torchvision.datasets import MNIST

    from nn_tutorial.mnist import mnist_root

    source = mnist_root(stand_in=True)
    assert source.checksum == trained()["data"], "the site was built with other data"
    return MNIST(source.root, train=False).data


def as_text(images) -> list[str]:
    return [b64encode(image.numpy().tobytes()).decode() for image in images]


def open_digit(visitor, language: str = "en"):
    """Open the page of the piece and wait until it can be used."""
    tab = visitor.open(f"{language}/pieces/digit.html")
    tab.wait_for_selector(".piece-box button")
    return tab


def with_network(tab):
    """Let a page fetch the network."""
    tab.evaluate("pieces.load('digit-weights.js')")
    return tab


def answer(tab) -> str:
    """Return what the network says, once it has said it."""
    tab.evaluate(NEXT_FRAME)
    tab.wait_for_selector(".digit-about:not(:empty)")
    tab.evaluate(NEXT_FRAME)
    return tab.inner_text(".digit-answer")


def test_the_page_reads_every_test_image_as_pytorch_does(visit):
    import torch
    from torch import nn

    sizes = trained()["sizes"]
    modules = []
    for n_in, n_out in itertools.pairwise(sizes):
        modules += [nn.Linear(n_in, n_out), nn.ReLU()]
    net = nn.Sequential(*modules[:-1])
    exact = bytearray(b64decode(trained()["parameters"]))
    nn.utils.vector_to_parameters(
        torch.frombuffer(exact, dtype=torch.float32), net.parameters()
    )
    images = images_of_the_test()
    with torch.no_grad():
        expected = net((images.float() / 255 - 0.5).flatten(1) / 0.5).softmax(dim=1)

    tab = with_network(open_digit(visit()))
    chunks = [
        torch.tensor(tab.evaluate(READ_IMAGES, as_text(chunk)))
        for chunk in images.split(1000)
    ]
    shown = torch.cat(chunks)

    same = (shown.argmax(dim=1) == expected.argmax(dim=1)).float().mean()
    worst = (shown - expected).abs().max()
    print(f"{len(images)} images: same class {same:.4f}, worst {worst:.1e}")
    assert same >= 0.999
    # The weights travel as two characters each.
    assert worst <= 2e-3


def convolutional_net(dtype):
    from torch import nn

    return nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        *(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(16 * 7 * 7, 10)),
    ).to(dtype)


def test_the_convolutional_network_of_the_page_computes_what_pytorch_does(visit):
    import torch
    from torch import nn

    tab = with_network(open_digit(visit()))
    images = images_of_the_test()[:1000]
    shown = torch.tensor(
        tab.evaluate(READ_BESIDE, as_text(images)), dtype=torch.float64
    )
    same = convolutional_net(torch.float64)  # with the weights that the page has
    rounded = tab.evaluate("pieces.digit.secondLayers().flat(2)")
    nn.utils.vector_to_parameters(
        torch.tensor(rounded, dtype=torch.float64), same.parameters()
    )
    exact = convolutional_net(torch.float32)  # with those that the chapter trained
    text = glued("chapters/convolution", "convolution_network")["parameters"]
    nn.utils.vector_to_parameters(
        torch.frombuffer(bytearray(b64decode(text)), dtype=torch.float32),
        exact.parameters(),
    )
    inputs = ((images.double() / 255 - 0.5) / 0.5).flatten(1)
    with torch.no_grad():
        assert (shown - same(inputs).softmax(dim=1)).abs().max() <= 1e-6
        trained = exact(inputs.float()).softmax(dim=1)
    assert (shown.argmax(dim=1) == trained.argmax(dim=1)).float().mean() >= 0.999
    assert (shown - trained).abs().max() <= 5e-3


def test_both_networks_say_what_they_read(visit):
    tab = open_digit(visit())
    assert tab.locator(".digit-beside").inner_text() == ""
    stroke(tab, ring())
    assert answer(tab).startswith("The deep network reads 0 ")
    said = tab.inner_text(".digit-beside")
    assert re.match(r"The convolutional network reads \d with probability", said)
    heads = tab.locator(".digit-bars thead th").all_inner_texts()
    assert heads[-2:] == ["deep", "conv."]
    rows = tab.locator(".digit-bars tbody tr").all_inner_texts()
    assert all(len(row.split("%")) == 3 for row in rows)
    tab.click("button:text('Clear')")
    tab.evaluate(NEXT_FRAME)
    assert tab.inner_text(".digit-beside") == ""


def test_the_page_prepares_the_images_of_mnist_as_mnist_did(visit):
    tab = open_digit(visit())
    originals = images_of_the_test()
    images = as_text(originals)
    prepared = []
    for start in range(0, len(images), 1000):
        prepared += tab.evaluate(PREPARE_IMAGES, images[start : start + 1000])
    if trained()["stand_in"]:  # its digits fill another box, and lie elsewhere in it
        for text in prepared:
            rows = range(28)
            image = [b64decode(text)[28 * row : 28 * row + 28] for row in rows]
            mass = sum(map(sum, image))
            down = sum(row * sum(image[row]) for row in rows) / mass
            assert abs(down - 14) <= 0.5
            inked = [row for row in rows if any(image[row])]
            inked_columns = [x for x in rows if any(line[x] for line in image)]
            spans = (inked[-1] - inked[0], inked_columns[-1] - inked_columns[0])
            assert 18 <= max(spans) + 1 <= 20
    else:
        edges = originals.clone()
        edges[:, 1:-1, 1:-1] = 0
        cut_off = edges.flatten(1).any(dim=1).tolist()  # at the edge, by MNIST itself
        assert sum(cut_off) < len(images) / 50
        same = [a == b for a, b in zip(images, prepared, strict=True)]
        assert all(one or cut for one, cut in zip(same, cut_off, strict=True))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_network_of_the_page_is_that_of_the_chapter(visit, language):
    checksum = sha256(b64decode(trained()["parameters"])).hexdigest()
    chapter = (SITE / language / f"{CHAPTER_07}.html").read_text(encoding="utf8")
    assert checksum[:12] in chapter
    tab = open_digit(visit(), language)
    tab.click("button[aria-expanded]")
    tab.wait_for_selector(".digit-samples button")
    assert checksum[:12] in tab.inner_text(".digit-about")
    file = SITE / language / "_static/pieces/digit-weights.js"
    assert f'"sha256":"{checksum}"' in file.read_text(encoding="ascii")
    assert file.stat().st_size <= 900_000
    warned = "MNIST was not available" in tab.inner_text(".digit-about")
    warned = warned or "没有 MNIST" in tab.inner_text(".digit-about")
    assert warned == trained()["stand_in"]


def test_the_network_is_fetched_when_it_is_first_needed(visit):
    visitor = visit()
    fetched = []
    visitor.tab.on("request", lambda request: fetched.append(request.url))
    tab = open_digit(visitor)
    tab.wait_for_timeout(300)
    assert not any("weights" in address for address in fetched)
    tab.click(".digit-paper")
    tab.mouse.move(0, 0)
    stroke(tab, [(0.5, 0.2), (0.5, 0.8)])
    answer(tab)
    assert sum("weights" in address for address in fetched) == 1


def stroke(tab, places: list[tuple[float, float]]) -> None:
    """Draw a line with the mouse through places of the paper, in parts of its side."""
    tab.locator(".digit-paper").scroll_into_view_if_needed()
    box = tab.locator(".digit-paper").bounding_box()
    points = [
        (box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in places
    ]
    tab.mouse.move(*points[0])
    tab.mouse.down()
    for point in points[1:]:
        tab.mouse.move(*point, steps=4)
    tab.mouse.up()


def ring() -> list[tuple[float, float]]:
    turns = [2 * math.pi * k / 40 for k in range(41)]
    return [(0.5 + 0.2 * math.sin(t), 0.5 - 0.3 * math.cos(t)) for t in turns]


def test_a_drawing_is_read_wherever_it_stands_and_however_large_it_is(visit):
    tab = open_digit(visit())
    stroke(tab, ring())
    assert answer(tab).startswith("The deep network reads 0 ")
    tab.click("button:text('Clear')")
    stroke(tab, [(0.1 + 0.3 * x, 0.6 + 0.35 * (y - 0.5)) for x, y in ring()])
    assert answer(tab).startswith("The deep network reads 0 ")
    tab.click("button:text('Clear')")
    stroke(tab, [(0.5, 0.2), (0.5, 0.8)])
    assert answer(tab).startswith("The deep network reads 1 ")
    shares = tab.locator(".digit-bars tbody td:last-child").all_inner_texts()
    assert len(shares) == 10
    assert "1" in tab.locator(".digit-bars tr.first th").inner_text()


def test_a_digit_can_be_drawn_with_the_keyboard_and_is_announced(visit):
    tab = open_digit(visit(), "zh")
    tab.get_by_role("application", name="画数字的纸").focus()
    tab.keyboard.press("Space")
    for _ in range(16):
        tab.keyboard.press("ArrowDown")
    assert answer(tab).startswith("深层网络读作 1")
    tab.wait_for_function(
        "document.querySelector('.piece-box [role=status]')"
        ".textContent.startsWith('深层网络读作 1')"
    )
    tab.keyboard.press("Space")
    tab.wait_for_function(
        "document.querySelector('.piece-box [role=status]')"
        ".textContent.startsWith('提笔')"
    )
    tab.keyboard.press("Delete")
    assert answer(tab) == "在方框里写一个 0 到 9 的数字。"


def test_a_finger_draws_and_the_page_stays_where_it_is(visit):
    phone = visit(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True
    )
    tab = open_digit(phone)
    tab.locator(".digit-paper").scroll_into_view_if_needed()
    scrolled = tab.evaluate("scrollY")
    box = tab.locator(".digit-paper").bounding_box()
    x = box["x"] + box["width"] / 2
    touch = phone.context.new_cdp_session(tab)
    for kind, share in (
        ("touchStart", 0.2),
        *[("touchMove", 0.2 + 0.06 * k) for k in range(1, 11)],
        ("touchEnd", None),
    ):
        points = (
            [] if share is None else [{"x": x, "y": box["y"] + box["height"] * share}]
        )
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert answer(tab).startswith("The deep network reads 1 ")
    assert tab.evaluate("scrollY") == scrolled


def test_what_cannot_be_read_gets_a_clear_word(visit):
    tab = open_digit(visit())
    assert "Draw a digit" in tab.inner_text(".digit-answer")
    stroke(tab, [(0.5, 0.5), (0.5, 0.5)])
    tab.evaluate(NEXT_FRAME)
    assert "only a dot" in tab.inner_text(".digit-answer")
    for row in range(12):
        stroke(tab, [(0.1, 0.1 + 0.07 * row), (0.9, 0.1 + 0.07 * row)])
    tab.evaluate(NEXT_FRAME)
    assert "The box is almost full" in tab.inner_text(".digit-answer")
    assert set(tab.locator(".digit-bars tbody td:last-child").all_inner_texts()) == {
        "–"
    }
    tab.click("button:text('Clear')")
    tab.evaluate(NEXT_FRAME)
    assert "Draw a digit" in tab.inner_text(".digit-answer")


def test_every_sample_is_read_as_the_chapter_says_and_some_are_wrong(visit):
    tab = open_digit(visit())
    tab.click("button[aria-expanded]")
    tab.wait_for_selector(".digit-samples button")
    samples, verdicts = trained()["samples"], []
    assert tab.locator(".digit-samples button").count() == len(samples)
    for button, sample in zip(
        tab.locator(".digit-samples button").all(), samples, strict=True
    ):
        assert f"label {sample['label']}" in button.get_attribute("aria-label")
        button.click()
        said = answer(tab)
        right = f"The deep network reads {sample['label']}" in said
        right = right or f"most likely a {sample['label']}" in said
        assert said.endswith("right." if right else "wrong.")
        verdicts.append(right)
    assert verdicts[-4:] == [False] * 4
    assert {sample["label"] for sample in samples} == set(range(10))


def test_a_network_that_cannot_be_fetched_is_fetched_with_the_next_stroke(
    chromium, url
):
    context = chromium.new_context()
    tab = context.new_page()
    tab.route("**/digit-weights.js", lambda route: route.abort())
    tab.goto(f"{url}en/pieces/digit.html")
    tab.wait_for_selector(".digit-paper")
    stroke(tab, [(0.5, 0.2), (0.5, 0.8)])
    tab.wait_for_selector("text=could not be loaded")
    tab.unroute("**/digit-weights.js")
    stroke(tab, [(0.5, 0.2), (0.5, 0.7)])
    assert answer(tab).startswith("The deep network reads 1 ")
    context.close()


def test_the_network_is_fetched_from_a_disk_too(chromium):
    context = chromium.new_context()
    tab = context.new_page()
    tab.goto((SITE / "zh/pieces/digit.html").as_uri())
    tab.wait_for_selector(".piece-box button")
    stroke(tab, [(0.5, 0.2), (0.5, 0.8)])
    assert answer(tab).startswith("深层网络读作 1")
    context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_piece_in_use_locks_nobody_out(visit, language):
    from axe_playwright_python.base import AXE_SCRIPT

    tab = open_digit(visit(), language)
    tab.evaluate(AXE_SCRIPT)
    tab.click("button[aria-expanded]")
    tab.click(".digit-samples button >> nth=3")
    answer(tab)
    faults = []
    for theme, width in itertools.product(("light", "dark"), (360, 1440)):
        tab.emulate_media(color_scheme=theme)
        tab.set_viewport_size({"width": width, "height": 800})
        tab.evaluate(NEXT_FRAME)
        if tab.evaluate("document.documentElement.scrollWidth") > width:
            faults.append(f"{width} px: wider than the page")
        for violation in tab.evaluate("axe.run('.piece')")["violations"]:
            for node in violation["nodes"]:
                faults.append(f"{theme} {violation['id']}: {node['html'][:160]}")
    assert faults == []


def test_the_piece_rests_when_nobody_draws(visit):
    tab = open_digit(visit())
    stroke(tab, [(0.5, 0.2), (0.5, 0.8)])
    answer(tab)
    frames = tab.evaluate(
        """() => new Promise((done) => {
             let frames = 0;
             const own = window.requestAnimationFrame;
             window.requestAnimationFrame = (f) => { frames++; return own(f); };
             setTimeout(() => done(frames), 400);
           })"""
    )
    assert frames == 0


def test_on_a_phone_verdict_paper_and_clear_are_in_view_together(visit):
    tab = open_digit(visit(viewport={"width": 360, "height": 640}))
    tab.locator(".digit-answer").evaluate(
        "(box) => box.scrollIntoView({ behavior: 'instant' })"  # else it takes a while
    )
    boxes = [
        tab.locator(name).bounding_box()
        for name in (".digit-answer", ".digit-paper", ".digit-clear")
    ]
    assert all(box["y"] >= 0 for box in boxes)
    assert all(box["y"] + box["height"] <= 640 for box in boxes)


def test_the_layers_are_shown_as_pictures_and_the_gradient_is_its_slope(visit):
    tab = open_digit(visit())
    tab.click("text=Choose an image from the test set")
    tab.wait_for_selector(".digit-samples button")
    tab.locator(".digit-samples button").first.click()
    tab.click(".digit-inside summary")
    tab.wait_for_selector(".digit-layers figure")
    captions = tab.locator(".digit-layers figcaption").all_inner_texts()
    sizes = [int(re.search(r"of (\d+) neurons", text)[1]) for text in captions]
    pictures = tab.locator(".digit-layers canvas").evaluate_all(
        "(all) => all.map(({ width, height }) => width * height)"
    )
    assert len(sizes) >= 2
    assert all(
        n <= area < n + n**0.5 + 1 for n, area in zip(sizes, pictures, strict=True)
    )
    measured, gradient = tab.evaluate(
        """() => {
          const pixels = Array.from({ length: 784 }, (_, i) => (i * 37) % 256);
          const logit = (moved) => {
            const p = pieces.digit.probabilities(moved);
            return Math.log(p[3]) - Math.log(p[5]);
          };
          const [three, five] = [3, 5].map((n) => pieces.digit.gradient(pixels, n));
          const at = 406, moved = pixels.slice();
          moved[at] += 0.01;
          const slope = ((logit(moved) - logit(pixels)) / 0.01) * (255 / 2);
          return [slope, three[at] - five[at]];
        }"""
    )
    assert measured == pytest.approx(gradient, abs=1e-3)


def test_paper_is_dark_in_the_dark_theme_and_is_read_the_same(visit):
    tab = open_digit(visit(color_scheme="dark"))
    style = "(box) => getComputedStyle(box).filter"
    assert tab.locator(".digit-paper").evaluate(style) == "invert(0.9)"
