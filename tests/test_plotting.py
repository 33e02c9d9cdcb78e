import gzip
import itertools
import math
import re
import shutil
from io import StringIO

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup
from matplotlib.colors import to_rgb
from PIL import Image
from torch import Tensor, nn

from nn_tutorial.plotting import (
    INK,
    Film,
    draw_network,
    plot_confusion,
    plot_curves,
    plot_decision_boundary,
    plot_points,
    use_style,
)
from nn_tutorial.plotting.boundaries import REGION_STRENGTH
from nn_tutorial.plotting.films import _stacked
from nn_tutorial.plotting.style import CLASS_COLORS, CLASS_MARKERS
from nn_tutorial.plotting.svg import _compact_path, compact_svg

matplotlib.use("agg")

LIMITS = ((-5.0, 5.0), (-5.0, 5.0))
SQUARE = (4.5, 4.5)  # inches


@pytest.fixture(autouse=True)
def style():
    """Every test starts in the style of the book and leaves no figure behind."""
    with matplotlib.rc_context():
        use_style()
        yield
    plt.close("all")


@pytest.fixture
def ax():
    return plt.subplots(figsize=SQUARE)[1]


@pytest.fixture
def points():
    """400 points in [-4, 4], as many as the flower set has."""
    return 8 * torch.rand(400, 2, generator=torch.Generator().manual_seed(0)) - 4


def above_diagonal(points: Tensor) -> Tensor:
    return (points[:, 1] > points[:, 0]).long()


def wavy_net() -> nn.Sequential:
    """A 2-10-10-1 network whose boundary has islands and tight bends."""
    generator = torch.Generator().manual_seed(3)
    net = nn.Sequential(
        nn.Linear(2, 10), nn.Tanh(), nn.Linear(10, 10), nn.Tanh(), nn.Linear(10, 1)
    )
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=1.3, generator=generator)
    return net


def pixels(figure) -> np.ndarray:
    """Return the drawn figure on white, shape (H, W, 3), int."""
    figure.set_facecolor("white")
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(int)


def color_at(ax, x_1: float, x_2: float) -> np.ndarray:
    """Return the drawn color at a place of the axes, shape (3,), 0 to 255."""
    image = pixels(ax.figure)
    column, row = ax.transData.transform((x_1, x_2))
    return image[len(image) - 1 - int(row), int(column)]


def tint(label: int) -> np.ndarray:
    """The class color at low strength over white, by hand."""
    color = 255 * np.array(to_rgb(CLASS_COLORS[label]))
    return REGION_STRENGTH * color + (1 - REGION_STRENGTH) * 255


def svg_of(figure) -> str:
    file = StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


# -- Decision boundary -----------------------------------------------------------------


@pytest.mark.parametrize("answer", ["scores", "labels"])
def test_picture_cannot_be_told_from_a_million_points(answer, points):
    net = wavy_net()

    def labels(asked):
        return (net(asked) > 0).long()

    ours, ax = plt.subplots(figsize=SQUARE)
    if answer == "scores":
        plot_decision_boundary(ax, net, points, threshold=0, limits=LIMITS)
    else:
        plot_decision_boundary(ax, labels, points, limits=LIMITS)

    classic, ax = plt.subplots(figsize=SQUARE)
    side = np.arange(-5, 5, 0.01)
    x_1, x_2 = np.meshgrid(side, side)
    asked = torch.tensor(np.c_[x_1.ravel(), x_2.ravel()], dtype=torch.float32)
    with torch.no_grad():
        scores = net(asked).reshape(x_1.shape).numpy()
    level = 0.0
    if answer == "labels":
        scores, level = (scores > 0).astype(float), 0.5
    tints = [(color, REGION_STRENGTH) for color in CLASS_COLORS[:2]]
    ax.contourf(x_1, x_2, scores, levels=[-1e9, level, 1e9], colors=tints)
    ax.contour(x_1, x_2, scores, levels=[level], colors=INK, linewidths=1.2)
    ax.set(xlim=LIMITS[0], ylim=LIMITS[1], xlabel="$x_1$", ylabel="$x_2$")

    difference = np.abs(pixels(ours) - pixels(classic)).max(axis=-1)
    # A step of 16 in 255 is about the smallest one sees side by side. The classic
    # outline of labels is itself jagged.
    assert (difference > 16).mean() < (0.001 if answer == "scores" else 0.005)
    assert (difference > 64).mean() < 0.0002


def test_a_model_is_asked_far_fewer_than_a_million_points(ax, points):
    asked = []

    def model(grid):
        asked.append(len(grid))
        return above_diagonal(grid)

    plot_decision_boundary(ax, model, points)
    assert sum(asked) < 60_000


def test_bare_labels_give_an_exact_circle(ax, points):
    # Labels alone say nothing about how far the boundary is: bisection must find it.
    def inside(asked):
        return asked.square().sum(dim=1) < 9

    plot_decision_boundary(ax, inside, points, limits=LIMITS)
    ring = ax.patches[1].get_path().vertices
    radius = np.hypot(*ring.T)
    cell = 10 / 199
    assert np.abs(radius - 3).max() < cell / 20
    shoelace = np.sum(ring[:-1, 0] * ring[1:, 1] - ring[1:, 0] * ring[:-1, 1]) / 2
    assert abs(shoelace) == pytest.approx(math.pi * 9, rel=1e-3)
    assert len(ring) < 200


def test_regions_have_the_tint_of_their_class(ax, points):
    def ring_and_core(asked):
        radius = torch.linalg.norm(asked, dim=1)
        return (radius < 3).long() - (radius < 1).long()

    plot_decision_boundary(ax, ring_and_core, points, limits=LIMITS)
    for place, label in [((4, 4), 0), ((2, 0), 1), ((0, 0), 0)]:  # the core is a hole
        np.testing.assert_allclose(color_at(ax, *place), tint(label), atol=2)


def test_class_with_the_largest_score_owns_the_region(ax, points):
    centers = torch.tensor([[3.0, 3], [-3, 3], [-3, -3], [3, -3]])

    def nearness(asked):
        return -torch.cdist(asked, centers)  # (M, 4)

    plot_decision_boundary(ax, nearness, points, limits=LIMITS)
    for label, (x_1, x_2) in enumerate(centers.tolist()):
        np.testing.assert_allclose(color_at(ax, x_1, x_2), tint(label), atol=2)


@pytest.mark.parametrize("threshold", [0.0, 0.5, -1.25])
@pytest.mark.parametrize("column", [False, True])
def test_threshold_is_where_class_1_begins(ax, points, threshold, column):
    def score(asked):
        return asked[:, :1] if column else asked[:, 0]

    plot_decision_boundary(ax, score, points, threshold=threshold, limits=LIMITS)
    ring = ax.patches[1].get_path().vertices
    assert ring[:, 0].min() == pytest.approx(threshold, abs=0.001)
    np.testing.assert_allclose(color_at(ax, threshold + 1, 0), tint(1), atol=2)
    np.testing.assert_allclose(color_at(ax, threshold - 1, 0), tint(0), atol=2)


def test_a_model_of_one_opinion_colours_the_whole_plane(ax, points):
    plot_decision_boundary(ax, lambda asked: asked[:, 0] < 99, points, limits=LIMITS)
    np.testing.assert_allclose(color_at(ax, 4.9, -4.9), tint(1), atol=2)


def test_module_is_evaluated_without_gradients_and_gets_its_modes_back(ax, points):
    class Spy(nn.Module):
        def __init__(self):
            super().__init__()
            self.kept_in_evaluation = nn.Dropout().eval()
            self.layer = nn.Linear(2, 1, dtype=torch.float64)
            self.seen = set()

        def forward(self, asked):
            modes = (self.training, self.layer.training)
            self.seen.add((*modes, torch.is_grad_enabled(), asked.dtype))
            return self.layer(asked)

    spy = Spy()
    plot_decision_boundary(ax, spy, points, threshold=0)
    assert spy.seen == {(False, False, False, torch.float64)}
    assert spy.training and spy.layer.training
    assert not spy.kept_in_evaluation.training
    assert torch.is_grad_enabled()


def test_modes_come_back_when_the_model_fails(ax, points):
    net = nn.Linear(3, 1)
    with pytest.raises(RuntimeError):
        plot_decision_boundary(ax, net, points, threshold=0)
    assert net.training


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_points_come_in_the_dtype_of_the_parameters(ax, points, dtype):
    net = nn.Linear(2, 1).to(dtype)
    plot_decision_boundary(ax, net, points, threshold=0)
    assert len(ax.patches) >= 1


def test_a_function_gets_points_of_the_kind_of_inputs(ax, points):
    kinds = []

    def model(asked):
        kinds.append((type(asked), asked.dtype))
        return asked[:, 0] > 0

    plot_decision_boundary(ax, model, points.double())
    plot_decision_boundary(ax, model, points.numpy())
    plot_decision_boundary(ax, model, points.int().numpy())
    assert kinds[0] == (Tensor, torch.float64)
    assert (np.ndarray, np.float32) in kinds
    assert kinds[-1] == (np.ndarray, np.float64)


def test_limits_leave_a_tenth_of_the_spread(ax):
    inputs = torch.tensor([[0.0, 5.0], [10.0, 5.0]])
    plot_decision_boundary(ax, above_diagonal, inputs)
    assert ax.get_xlim() == pytest.approx((-1, 11))
    assert ax.get_ylim() == pytest.approx((4, 6))  # no spread: 1 on either side


def test_labels_draw_the_points_too(ax, points):
    plot_decision_boundary(ax, above_diagonal, points, above_diagonal(points))
    assert sum(len(line.get_xdata()) for line in ax.lines) == 400


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (lambda p: p[:, 0], {}, "threshold=0 for logits or threshold=0.5"),
        (lambda p: p, {"threshold": 0.5}, "2 scores a point; leave it out"),
        (lambda p: p[:, 0] > 0, {"threshold": 0.5}, "returns labels; leave it out"),
        (lambda p: p[:-1, 0] > 0, {}, "must return shape"),
        (lambda p: p[:, :, None], {}, "must return shape"),
        (lambda p: p.sum(), {}, "must return shape"),
        (lambda p: p[:, 0].log(), {"threshold": 0}, "NaN at .* diverged"),
        (lambda p: (p[:, 0] > 0).long() * 9, {}, "classes 0 to 3"),
        (above_diagonal, {"resolution": 1}, "at least 2"),
        (above_diagonal, {"limits": ((1, 0), (0, 1))}, "rising"),
        (above_diagonal, {"limits": ((0, 1), (0, math.nan))}, "rising"),
    ],
)
def test_answers_and_options_that_make_no_picture(ax, points, model, options, message):
    with pytest.raises(ValueError, match=message):
        plot_decision_boundary(ax, model, points, **options)


@pytest.mark.parametrize("answer", [(1, 2), "class 0"])
def test_answers_that_are_not_numbers(ax, points, answer):
    with pytest.raises(TypeError, match="the answer of the model"):
        plot_decision_boundary(ax, lambda asked: answer, points)


def test_a_boundary_needs_points_of_two_classes(ax, points):
    with pytest.raises(ValueError, match="hold only class 1"):
        plot_decision_boundary(ax, above_diagonal, points, torch.ones(400))


# -- Points ----------------------------------------------------------------------------


@pytest.mark.parametrize("column", [False, True])
def test_points_have_color_and_shape_of_their_class(ax, column):
    inputs = torch.arange(10.0).reshape(5, 2).requires_grad_()
    labels = torch.tensor([2.0, 0.0, 2.0, 1.0, 3.0])  # float targets are welcome
    plot_points(ax, inputs, labels[:, None] if column else labels)
    drawn = {line.get_label(): line for line in ax.lines}
    assert drawn["class 2"].get_xydata().tolist() == [[0, 1], [4, 5]]
    for label in range(4):
        assert drawn[f"class {label}"].get_color() == CLASS_COLORS[label]
        assert drawn[f"class {label}"].get_marker() == CLASS_MARKERS[label]


@pytest.mark.parametrize(
    ("inputs", "labels", "error", "message"),
    [
        (torch.zeros(4, 3), torch.zeros(4), ValueError, r"inputs\[:, :2\]"),
        (torch.zeros(4), torch.zeros(4), ValueError, r"got \(4,\)"),
        (torch.zeros(0, 2), torch.zeros(0), ValueError, "empty"),
        (torch.tensor([[0, 1], [0, math.nan]]), [0, 1], ValueError, "row 1"),
        (torch.tensor([[math.inf, 1], [0, 2]]), [0, 1], ValueError, "row 0"),
        ([["a", "b"]], [0], TypeError, "inputs must hold real numbers"),
        (torch.zeros(2, 2, dtype=torch.complex64), [0, 1], TypeError, "complex64"),
        (torch.zeros(4, 2), torch.zeros(3), ValueError, r"got \(3,\)"),
        (torch.zeros(4, 2), torch.eye(4), ValueError, r"argmax\(1\)"),
        (torch.zeros(2, 2), torch.tensor([0.0, 0.7]), ValueError, "whole numbers"),
        (torch.zeros(2, 2), torch.tensor([0.0, math.nan]), ValueError, "whole numbers"),
        (torch.zeros(2, 2), torch.tensor([0, 4]), ValueError, "0 to 3"),
        (torch.zeros(2, 2), torch.tensor([0, -1]), ValueError, "0 to 3"),
        (torch.zeros(2, 2), ["cat", "dog"], TypeError, "labels must hold real numbers"),
    ],
)
def test_points_that_cannot_be_drawn(ax, inputs, labels, error, message):
    with pytest.raises(error, match=message):
        plot_points(ax, inputs, labels)


# -- Curves ----------------------------------------------------------------------------


def test_test_curves_are_dashed_in_the_color_of_their_run(ax):
    names = ["deep, training", "deep, test", "latest, training"]
    plot_curves(ax, {name: [3.0, 2.0] for name in names}, ylabel="loss (nats)")
    deep, deep_test, latest = ax.lines
    assert [line.get_linestyle() for line in ax.lines] == ["-", "--", "-"]
    assert deep.get_color() == deep_test.get_color() != latest.get_color()
    assert deep.get_xdata().tolist() == [1, 2]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss (nats)")


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_names_do_not_overlap_and_stay_beside_the_axes(ax, end):
    names = [f"seed {seed}" for seed in range(5)]
    plot_curves(ax, {name: [0.5, end] for name in names}, ylabel="accuracy")
    ax.figure.canvas.draw()
    assert {text.get_text() for text in ax.texts} == set(names)
    boxes = sorted(
        # Annotation.get_window_extent would add the thread to the line.
        (matplotlib.text.Text.get_window_extent(text) for text in ax.texts),
        key=lambda box: box.y0,
    )
    for lower, upper in itertools.pairwise(boxes):
        assert lower.y1 <= upper.y0
    half = boxes[0].height / 2
    assert ax.bbox.y0 - half <= boxes[0].y0 + 1
    assert boxes[-1].y1 <= ax.bbox.y1 + half + 1
    assert max(box.x1 for box in boxes) <= ax.figure.bbox.x1


def test_names_stand_at_the_height_of_the_ends_when_there_is_room(ax):
    plot_curves(ax, {"training": [5.0, 1.0], "test": [6.0, 4.0]}, ylabel="loss")
    ax.figure.canvas.draw()
    for text in ax.texts:
        box = matplotlib.text.Text.get_window_extent(text)
        _, end = ax.transData.transform(text.xy)
        assert (box.y0 + box.y1) / 2 == pytest.approx(end, abs=2)  # pixels


def test_numbers_of_epochs_do_not_touch_in_half_a_figure():
    figure, axes = plt.subplots(1, 2)
    for ax in axes:
        plot_curves(ax, {"training": range(20)}, ylabel="loss")
    figure.draw_without_rendering()

    for ax in axes:
        shown = [tick.label1 for tick in ax.xaxis.get_major_ticks()]
        boxes = sorted(
            (text.get_window_extent() for text in shown if text.get_text()),
            key=lambda box: box.x0,
        )
        assert len(boxes) >= 3
        for left, right in itertools.pairwise(boxes):
            assert left.x1 + 3 < right.x0


def test_one_epoch_is_a_visible_point(ax):
    plot_curves(ax, {"training": [0.7]}, ylabel="loss", x=[10])
    assert ax.lines[0].get_marker() == "o"


@pytest.mark.parametrize(
    ("curves", "options", "error", "message"),
    [
        ({}, {}, ValueError, "curves is empty"),
        ({"training": []}, {}, ValueError, r"'training' must have shape"),
        ({"training": [[1.0]]}, {}, ValueError, r"got \(1, 1\)"),
        ({"training": [1.0, math.nan]}, {}, ValueError, "nan at index 1.*diverged"),
        ({"training": ["low"]}, {}, TypeError, "curve 'training'"),
        ({"test": [1.0, 2.0]}, {"x": [1]}, ValueError, "2 values, but x"),
        ({"test": [1.0, 0.0]}, {"yscale": "log"}, ValueError, "above 0"),
    ],
)
def test_curves_that_cannot_be_drawn(ax, curves, options, error, message):
    with pytest.raises(error, match=message):
        plot_curves(ax, curves, ylabel="loss", **options)


# -- Confusion matrix ------------------------------------------------------------------


def test_confusion_matrix_names_every_count_in_its_place(ax):
    counts = [[50, 2, 0], [0, 60, 4], [1, 0, 1000]]

    plot_confusion(ax, counts)

    written = {
        (int(text.get_position()[1]), int(text.get_position()[0])): int(text.get_text())
        for text in ax.texts
    }
    assert written == {
        (row, column): count
        for row, line in enumerate(counts)
        for column, count in enumerate(line)
        if count
    }
    # Class 0 is in the upper left corner, and an axis says which is the truth.
    assert ax.yaxis_inverted()
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("truth", "prediction")


def test_confusion_matrix_colours_mistakes_by_their_number_and_no_right_answer(ax):
    counts = torch.tensor([[50, 2, 0], [0, 60, 4], [1, 0, 1000]])

    plot_confusion(ax, counts)
    ax.figure.draw_without_rendering()

    strength = ax.collections[0].get_alpha()
    assert np.allclose(5 * strength, [[0, 2, 0], [0, 0, 4], [1, 0, 0]])


def test_perfect_confusion_matrix_has_no_colour(ax):
    plot_confusion(ax, np.eye(3))

    assert not np.any(ax.collections[0].get_alpha())


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (np.zeros((2, 3)), r"\(C, C\), got \(2, 3\)"),
        (np.zeros((0, 0)), r"\(C, C\), got \(0, 0\)"),
        ([[0.5, 0.5], [0, 1]], "count examples, not fractions"),
        ([[-1, 0], [0, 1]], "whole numbers from 0"),
    ],
)
def test_confusion_matrices_that_cannot_be_drawn(ax, counts, message):
    with pytest.raises(ValueError, match=message):
        plot_confusion(ax, counts)


# -- Networks --------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sizes", [[2, 4, 1], [784, 400, 200, 100, 10]])
def test_network_states_the_parameters_that_pytorch_counts(ax, sizes, bias):
    pairs = itertools.pairwise(sizes)
    layers = [nn.Linear(*pair, bias=bias) for pair in pairs]
    counts = [sum(p.numel() for p in layer.parameters()) for layer in layers]
    draw_network(ax, sizes, bias=bias)
    texts = [text.get_text() for text in ax.texts]
    assert f"{sum(counts):,} parameters" in texts
    for count in counts:
        assert any(text.endswith(f"= {count:,}") for text in texts)


def test_network_draws_every_neuron_and_edge_and_cuts_wide_layers_short(ax):
    draw_network(ax, [2, 4, 20], max_neurons=6)
    assert len(ax.patches) == 2 + 4 + 6
    assert len(ax.collections[0].get_segments()) == 2 * 4 + 4 * 6


@pytest.mark.parametrize("figsize", [(6.4, 3.6), (4.5, 2.7), (4.5, 4.5)], ids=str)
@pytest.mark.parametrize("sizes", [[2, 4, 1], [2, 10, 10, 1]], ids=str)
def test_words_of_a_network_stay_inside_the_figure(figsize, sizes, caplog):
    _, ax = plt.subplots(figsize=figsize)
    draw_network(ax, sizes)
    ax.figure.canvas.draw()
    assert not caplog.records  # Matplotlib complains in its log, which fails the book
    box = ax.figure.bbox
    for text in ax.texts:
        extent = text.get_window_extent()
        assert box.x0 <= extent.x0 and extent.x1 <= box.x1
        assert box.y0 <= extent.y0 and extent.y1 <= box.y1


@pytest.mark.parametrize(
    ("sizes", "options", "error", "message"),
    [
        ([2], {}, ValueError, "input and an output"),
        ([2, 0, 1], {}, ValueError, "0 is not a whole number of at least 1"),
        ([2, 4.0, 1], {}, ValueError, "4.0 is not a whole number"),
        ([2, True], {}, ValueError, "True is not a whole number"),
        ([2, 1], {"names": ["in"]}, ValueError, "2 layers"),
        ([2, 1], {"max_neurons": 1}, ValueError, "at least 2"),
    ],
)
def test_networks_that_cannot_be_drawn(ax, sizes, options, error, message):
    with pytest.raises(error, match=message):
        draw_network(ax, sizes, **options)


# -- Small SVG -------------------------------------------------------------------------


def figure_with_400_points(points):
    figure, ax = plt.subplots(figsize=SQUARE)
    plot_decision_boundary(ax, wavy_net(), points, above_diagonal(points), threshold=0)
    return figure


def test_compact_svg_is_small_and_the_same_every_time(points):
    svg, again = (svg_of(figure_with_400_points(points)) for _ in range(2))
    assert svg == again
    compact = compact_svg(svg)
    assert compact == compact_svg(again)
    assert len(compact) < 40_000 < len(svg)


def test_compact_svg_keeps_every_shape_and_place(points):
    svg = svg_of(figure_with_400_points(points))
    soup = BeautifulSoup(compact_svg(svg), "html.parser")
    raw = BeautifulSoup(svg[svg.index("<svg") :], "html.parser")
    markers = [use for use in soup.find_all("use") if use.get("x")]
    raw_markers = [use for use in raw.find_all("use") if use.get("x")]
    assert len(markers) == len(raw_markers) >= 400
    for ours, theirs in zip(markers, raw_markers, strict=True):
        if style := theirs.get("style"):  # ours may say it once, on the group
            assert style.replace(" ", "") in (
                ours.get("style"),
                ours.parent.get("style"),
            )
        assert float(ours["x"]) == pytest.approx(float(theirs["x"]), abs=0.00501)
        assert float(ours["y"]) == pytest.approx(float(theirs["y"]), abs=0.00501)
    ids = {tag["id"] for tag in soup.find_all(id=True)}
    referred = re.findall(r'(?:href="#|url\(#)([^")]+)', str(soup))
    assert ids and set(referred) == ids
    assert soup.svg["width"] == "324pt"  # 4.5 in at 72 points
    assert not re.search("<metadata|<!--|figure_1", str(soup))


def test_long_lines_keep_their_places_within_half_a_hundredth_of_a_point():
    steps = np.random.default_rng(0).normal(size=(500, 2)).cumsum(axis=0)
    path = "M " + " L ".join(f"{x:.6f} {y:.6f}" for x, y in steps)
    compact = _compact_path(path)
    start, *moves = re.split("[Ml]", compact)[1:]
    places = [start.split(), *(move.split() for move in moves)]
    drawn = np.array(places, dtype=float).cumsum(axis=0)
    assert np.abs(drawn - steps).max() <= 0.00501
    assert len(compact) < 0.6 * len(path)


def test_ink_is_exchanged_everywhere_and_nothing_else(points):
    svg = svg_of(figure_with_400_points(points))
    light, dark = compact_svg(svg), compact_svg(svg, ink="#ced6dd")
    assert INK in light and INK not in dark
    assert dark == light.replace(INK, "#ced6dd")
    assert not re.search("#000000|black", light)


def test_other_svg_is_refused():
    with pytest.raises(ValueError, match="Matplotlib"):
        compact_svg('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>')


# -- Style -----------------------------------------------------------------------------


def test_saved_figures_are_transparent(tmp_path):
    figure, ax = plt.subplots()
    ax.plot([1, 2])
    figure.savefig(tmp_path / "figure.png")
    assert plt.imread(tmp_path / "figure.png")[0, 0, 3] == 0


def test_text_is_no_smaller_than_ten_points_and_inside_the_figure():
    figure, ax = plt.subplots()
    ax.set(xlabel="epoch", ylabel="loss (nats)", title="training")
    figure.canvas.draw()
    sizes = [text.get_fontsize() for text in ax.findobj(matplotlib.text.Text)]
    assert min(sizes) >= 10
    assert ax.xaxis.label.get_window_extent().y0 >= 0


def test_film_does_nothing_in_a_script_without_a_window():
    frames = []
    Film(lambda ax, frame: frames.append(frame), [1, 2]).show()  # a warning would fail
    assert frames == []
    assert plt.get_fignums() == []


# -- Film ------------------------------------------------------------------------------


def turning_boundary(points):
    """Return a draw function: a boundary that turns over points that stay."""

    def draw(ax, angle):
        direction = torch.tensor([math.cos(angle), math.sin(angle)])
        plot_decision_boundary(
            ax,
            lambda asked: asked @ direction + 0.4 * asked[:, 0].sin(),
            points,
            above_diagonal(points),
            threshold=0,
        )
        return f"angle {angle:.2f}"

    return draw


def visible(film: BeautifulSoup, frame: int) -> str:
    """Return what the picture holds when the slider stands at ``frame``."""
    shapes = []
    for child in film.svg.find_all(recursive=False):
        if child.name == "defs":
            continue
        frames = child.get("data-frames")
        if frames is None:
            shapes.append(str(child))
        elif str(frame) in frames.split():
            shapes.append(child.decode_contents())
    return "".join(shapes)


def without_ids(soup: BeautifulSoup, drawing: str) -> str:
    """Put definitions in the place of references to them."""
    for element in soup.svg.defs.find_all(id=True):
        name = element["id"]
        text = str(element).replace(f' id="{name}"', "")
        drawing = re.sub(rf"#{name}(?=[\")])", lambda _, text=text: text, drawing)
    return drawing


def test_every_frame_shows_what_it_would_show_alone(points):
    draw, angles = turning_boundary(points), [0.0, 0.7, 2.1]
    html = Film(draw, angles, figsize=SQUARE)._repr_html_()
    film = BeautifulSoup(html, "html.parser")
    for number, angle in enumerate(angles):
        figure, ax = plt.subplots(figsize=SQUARE)
        draw(ax, angle)
        alone = compact_svg(svg_of(figure), ink="currentColor")
        expected = BeautifulSoup(alone, "html.parser")
        body = "".join(map(str, expected.svg.find_all(recursive=False)[1:]))
        assert without_ids(film, visible(film, number)) == without_ids(expected, body)


def test_points_that_stay_stand_once_above_the_regions_that_change(points):
    html = Film(turning_boundary(points), [0, 1, 2], figsize=SQUARE)._repr_html_()
    film = BeautifulSoup(html, "html.parser")
    markers = [use for use in film.svg.find_all("use") if use.get("x")]
    assert 400 <= len(markers) < 420  # and the ticks
    changing = [
        child.has_attr("data-frames")
        for child in film.svg.find_all(recursive=False)
        if child.name != "defs"
    ]
    assert changing[:3] == [True] * 3
    assert not any(changing[3:])


def test_24_frames_of_a_boundary_weigh_less_than_60_kb(points):
    angles = np.linspace(0, math.pi, 24)
    draw = turning_boundary(points)

    def draw_without_axes(ax, angle):  # they stand once, and cost this test seconds
        ax.set_axis_off()
        return draw(ax, angle)

    html = Film(draw_without_axes, angles, figsize=SQUARE)._repr_html_()
    assert len(gzip.compress(html.encode())) < 50_000


def grow(ax, width):
    ax.plot([0, width], [0, 1])
    ax.set(xlim=(0, 4), ylabel=f"width {width}")
    return f'width {width} < 5 & "wide"'


def test_film_is_a_still_picture_of_the_last_frame_until_its_script_runs():
    film = BeautifulSoup(Film(grow, [1, 2, 3])._repr_html_(), "html.parser")
    shown = {
        group["data-frames"]
        for group in film.select("[data-frames]")
        if group.get("display") != "none"
    }
    assert shown == {"2"}
    assert film.select_one(".nn-film-controls").has_attr("hidden")
    assert film.select_one("output").text == 'width 3 < 5 & "wide"'
    assert film.svg["role"] == "img"
    assert film.svg["aria-label"] == 'width 3 < 5 & "wide"'


def test_film_has_native_controls_with_names():
    film = BeautifulSoup(Film(grow, [1, 2, 3])._repr_html_(), "html.parser")
    slider = film.select_one("input.nn-film-slider")
    assert (slider["type"], slider["min"], slider["max"]) == ("range", "0", "2")
    assert slider["aria-label"] and slider["aria-valuetext"]
    assert film.select_one("button.nn-film-play")["type"] == "button"
    assert film.select_one("output.nn-film-label")["aria-live"] == "polite"


def test_film_takes_the_text_color_of_the_page_and_leaks_no_style():
    html = Film(grow, [1, 2])._repr_html_()
    assert "currentColor" in html and INK not in html
    assert "*{" not in html  # Matplotlib's own style is for every element of a page
    sheet = re.sub(
        r"@media[^{]*\{", "", re.search("<style>(.*)</style>", html, re.S)[1]
    )
    selectors = re.findall(r"([^{}]+)\{", sheet)
    assert selectors and all(".nn-film" in selector for selector in selectors)


def test_two_films_share_no_id_and_one_film_is_always_the_same():
    one, same, other = (
        Film(grow, frames)._repr_html_() for frames in ([1, 2], [1, 2], [1, 3])
    )
    assert one == same
    ids = [set(re.findall(r' id="([^"]+)"', html)) for html in (one, other)]
    assert ids[0] and not ids[0] & ids[1]


def test_film_reads_no_network():
    html = Film(grow, [1, 2])._repr_html_()
    assert not re.search(r"https?:|src=|import\b", html)


def test_film_with_two_columns_gets_two_axes():
    def draw(axes, frame):
        axes[0].plot([frame, 1])
        axes[1].plot([1, frame])
        return f"frame {frame}"

    assert Film(draw, range(2), columns=2)._repr_html_().count("<svg") == 1


@pytest.mark.parametrize("seed", range(20))
def test_stacked_shapes_give_back_every_frame_in_order(seed):
    choice = np.random.default_rng(seed).choice
    frames = [
        [str(choice(list("abcdef"))) for _ in range(choice(9))]
        for _ in range(choice([2, 3, 5]))
    ]
    stacked = _stacked(frames)
    for number, shapes in enumerate(frames):
        shown = [s for s, owners in stacked if owners is None or number in owners]
        assert "".join(shown) == "".join(shapes)


def test_window_plays_each_frame_once_and_stops_when_closed(monkeypatch):
    canvas = type(plt.figure().canvas)
    monkeypatch.setattr(canvas, "required_interactive_framework", "test")
    titles = []

    def pause(seconds):
        titles.append((plt.gcf().get_suptitle(), seconds))
        if len(titles) == 5:  # the reader closes the window in the second showing
            plt.close()

    monkeypatch.setattr(plt, "pause", pause)
    film = Film(grow, [1, 2, 3], interval_s=0.5)
    film.show()
    assert titles == [(f'width {n} < 5 & "wide"', 0.5) for n in (1, 2, 3)]
    film.show()
    assert len(titles) == 5


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (("draw", [1, 2]), {}, TypeError, "draw must be a function"),
        ((grow, [1]), {}, ValueError, "at least two frames, got 1"),
        ((grow, []), {}, ValueError, "at least two frames, got 0"),
        ((grow, [1, 2]), {"interval_s": 0}, ValueError, "above 0 seconds"),
    ],
)
def test_films_that_cannot_be_shown(arguments, options, error, message):
    with pytest.raises(error, match=message):
        Film(*arguments, **options)


def test_a_frame_without_a_label_is_refused():
    with pytest.raises(TypeError, match="return the label"):
        Film(lambda ax, frame: None, [1, 2])._repr_html_()


# -- Films as files --------------------------------------------------------------------


def moving_line(ax, x):
    ax.plot([x, x], [0, 1], color="black")
    ax.set(xlim=(-1, 3), ylim=(0, 1))
    return f"x = {x}"


def test_film_is_saved_as_gif_with_every_frame_and_its_time(tmp_path):
    film = Film(moving_line, range(3), figsize=(2, 1), interval_s=0.5)

    film.save(tmp_path / "film.gif")

    with Image.open(tmp_path / "film.gif") as image:
        assert (image.size, image.n_frames) == ((200, 100), 3)
        frames = []
        for number in range(3):
            image.seek(number)
            assert image.info["duration"] == 500
            frames.append(np.array(image.convert("RGB")))
    assert (frames[0][0, 0] == 255).all(), "the film is white at its edge"
    assert len({frame.tobytes() for frame in frames}) == 3


def test_film_is_saved_as_mp4_or_says_what_is_missing(tmp_path, monkeypatch):
    film = Film(moving_line, range(3), figsize=(2, 1))
    if shutil.which("ffmpeg"):
        film.save(tmp_path / "film.mp4")
        assert (tmp_path / "film.mp4").read_bytes()[4:8] == b"ftyp"

    monkeypatch.setattr("matplotlib.animation.FFMpegWriter.isAvailable", lambda: False)
    with pytest.raises(RuntimeError, match=r"needs the program ffmpeg.* as \.gif"):
        film.save(tmp_path / "film.mp4")
    with pytest.raises(ValueError, match=r"saved as \.gif or \.mp4"):
        film.save(tmp_path / "film.avi")
