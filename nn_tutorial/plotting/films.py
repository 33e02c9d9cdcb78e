"""An animation with a slider, for example of a model during training.

Needs Matplotlib; a film becomes an MP4 with the program ffmpeg. To copy: this file,
``svg.py`` and ``style.py``.
"""

import hashlib
import html
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
from matplotlib.animation import writers
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from .style import INK, _notebook_shell
from .svg import _definitions, _Drawing, _short_names

__all__ = ["Film"]


_FILM_STYLE = """
.nn-film svg{display:block;max-width:100%;height:auto}
.nn-film-controls{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1rem}
.nn-film-controls[hidden]{display:none}
.nn-film-play{font:inherit;min-width:5.5em;min-height:2.2em;cursor:pointer}
.nn-film-slider{flex:1;min-width:10em;min-height:2.2em}
.nn-film-label{display:block;font-variant-numeric:tabular-nums}
@media (prefers-reduced-motion:reduce){.nn-film-play{display:none}}
"""


# Starts every film that has not been started, so it may stand on a page many times.
_FILM_SCRIPT = """
for (const film of document.querySelectorAll(".nn-film:not([data-started])")) {
  film.dataset.started = "";
  const part = (name) => film.querySelector(".nn-film-" + name);
  const [button, slider, output] = ["play", "slider", "label"].map(part);
  const picture = film.querySelector("svg");
  const labels = JSON.parse(film.dataset.labels);
  const groups = [...film.querySelectorAll("[data-frames]")].map(
    (group) => [group, new Set(group.dataset.frames.split(" "))]);
  const chinese = document.documentElement.lang.toLowerCase().startsWith("zh");
  const [play, pause, frame] = chinese ? ["播放", "暂停", "第几帧"]
                                       : ["Play", "Pause", "Frame"];
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let timer = null;
  const show = () => {
    for (const [group, frames] of groups) {
      if (frames.has(slider.value)) group.removeAttribute("display");
      else group.setAttribute("display", "none");
    }
    const label = labels[slider.value];
    output.textContent = label;
    slider.setAttribute("aria-valuetext", label);
    picture.setAttribute("aria-label", label);
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = play;
    output.setAttribute("aria-live", "polite");
  };
  const start = () => {
    if (slider.value === slider.max) slider.value = 0;
    show();
    button.textContent = pause;
    output.setAttribute("aria-live", "off");
    timer = setInterval(() => {
      slider.stepUp();
      if (slider.value === slider.max) stop();
      show();
    }, Number(film.dataset.interval));
  };
  button.addEventListener("click", () => { if (timer) stop(); else start(); });
  slider.addEventListener("input", () => { stop(); show(); });
  calm.addEventListener("change", () => { if (calm.matches) stop(); });
  slider.setAttribute("aria-label", frame);
  slider.value = slider.max;
  stop();
  show();
  part("controls").hidden = false;
}
"""


class Film:
    """An animation with a slider, for example of a model during training.

    In a notebook and in the book it becomes one SVG with a slider and a play button,
    which stores everything that is the same in all frames only once. It shows the last
    frame until the reader moves the slider, and it plays only on request and only
    once. It needs no server and no library, and it is a still picture where scripts do
    not run. In a script, ``show`` plays it in a window, and ``save`` writes it as GIF
    or MP4.

    The axes have the size that the last frame needs. Set their limits in ``draw``;
    otherwise they change with the data of each frame.

    Args:
        draw: Called as ``draw(ax, frame)`` on empty axes (an array of axes if
            ``columns`` is above 1); draws one frame and returns its label, such as
            ``"step 300, loss 0.412"``.
        frames: The values passed to ``draw``, at least two.
        figsize: Width and height in inches; None uses those of the style.
        columns: Number of axes side by side.
        interval_s: Time between two frames while playing, in seconds.

    Raises:
        TypeError: If ``draw`` cannot be called, and, when the film is shown, if it
            does not return a label.
        ValueError: If there are fewer than two frames, or if the interval is not above
            zero.
    """

    def __init__(
        self,
        draw: Callable[[Any, Any], str],
        frames: Iterable[Any],
        *,
        figsize: tuple[float, float] | None = None,
        columns: int = 1,
        interval_s: float = 0.25,
    ) -> None:
        if not callable(draw):
            msg = f"draw must be a function of axes and frame, got {draw!r}"
            raise TypeError(msg)
        self.frames = list(frames)
        if len(self.frames) < 2:
            msg = f"a film needs at least two frames, got {len(self.frames)}"
            raise ValueError(msg)
        if not interval_s > 0:
            msg = f"interval_s must be above 0 seconds, got {interval_s}"
            raise ValueError(msg)
        self.draw = draw
        self.figsize = figsize
        self.columns = columns
        self.interval_s = interval_s
        self._html: str | None = None

    def __repr__(self) -> str:
        return f"<Film of {len(self.frames)} frames; show() plays it in a window>"

    def _repr_html_(self) -> str:
        if self._html is None:
            self._html = self._render()
        return self._html

    def show(self) -> None:
        """Show the film: in the notebook, or, in a script, played in a window.

        Without a notebook and without a window system it does nothing. Closing the
        window ends the film.
        """
        if _notebook_shell() is not None:
            from IPython.display import display

            display(self)
            return
        figure = plt.figure(figsize=self.figsize, facecolor="white")
        number = figure.number
        if figure.canvas.required_interactive_framework is None:
            plt.close(figure)
            return
        for frame in self.frames:
            figure.clear()
            label = self._draw(figure, frame)
            figure.suptitle(label)
            plt.pause(self.interval_s)
            if not plt.fignum_exists(number):
                return

    def save(self, path: str | os.PathLike[str], *, dpi: float = 100) -> None:
        """Write the film to a file, with the label of each frame above it.

        Args:
            path: Ends in ``.gif``, or in ``.mp4``, which is many times smaller but
                needs the program ffmpeg.
            dpi: Dots per inch of ``figsize``.

        Raises:
            RuntimeError: If ffmpeg is needed but not installed.
            ValueError: If ``path`` has another suffix.
        """
        kinds = {".gif": "pillow", ".mp4": "ffmpeg"}
        kind = kinds.get(Path(path).suffix.lower())
        if kind is None:
            raise ValueError(f"{path}: a film is saved as .gif or .mp4")
        if not writers.is_available(kind):
            msg = f"{path} needs the program {kind}, which is not installed: install"
            raise RuntimeError(f"{msg} it, or save the film as .gif")
        # Matplotlib asks for a whole number, and its writers take any.
        fps: Any = 1 / self.interval_s
        writer = writers[kind](fps=fps)
        figure = Figure(figsize=self.figsize, facecolor="white")
        with writer.saving(figure, os.fspath(path), dpi=dpi):
            for _ in self._labels(figure, titled=True):
                writer.grab_frame(facecolor="white")

    def _draw(self, figure: Figure, frame: Any) -> str:
        """Draw one frame on fresh axes of ``figure`` and return its label."""
        label = self.draw(figure.subplots(ncols=self.columns), frame)
        if not isinstance(label, str):
            msg = (
                "draw must return the label of its frame, such as "
                f'f"step {{step}}", got {label!r}'
            )
            raise TypeError(msg)
        return label

    def _labels(self, figure: Figure, *, titled: bool = False) -> Iterator[str]:
        """Draw one frame after the other and yield its label.

        The axes of all frames stand where the last frame needs them.
        """
        label = self._draw(figure, self.frames[-1])
        if titled:
            figure.suptitle(label)
        figure.draw_without_rendering()
        places = [ax.get_position(original=True) for ax in figure.axes]
        figure.set_layout_engine("none")
        for frame in self.frames:
            figure.clear()
            label = self._draw(figure, frame)
            if titled:
                figure.suptitle(label)
            for ax, place in zip(figure.axes, places, strict=False):
                ax.set_position(place)
            yield label

    def _pictures(self) -> tuple[list[_Drawing], list[str]]:
        """Return the drawing and the label of every frame."""
        figure = Figure(figsize=self.figsize, facecolor="none")
        canvas = FigureCanvasSVG(figure)
        dpi = figure.dpi
        drawings, labels = [], []
        for label in self._labels(figure):
            labels.append(label)
            file = StringIO()
            with matplotlib.rc_context(
                {"svg.fonttype": "path", "svg.hashsalt": "film"}
            ):
                # Half the time of savefig, which draws everything twice.
                canvas.print_svg(file, metadata={"Date": None})
            figure.dpi = dpi  # print_svg sets it to 72
            drawings.append(_Drawing(file.getvalue()))
        return drawings, labels

    def _render(self) -> str:
        """Return the film as HTML."""
        drawings, labels = self._pictures()
        last = len(labels) - 1
        # The name of the film comes from its content: two films never share an id,
        # and the same film has the same one in every build.
        digest = hashlib.sha256()
        for drawing in drawings:
            identity = _short_names([drawing], prefix="")
            for text in [*identity, *drawing.shapes(identity)]:
                digest.update(text.encode())
        name = f"film-{digest.hexdigest()[:8]}"

        names = _short_names(drawings, prefix=f"{name}-")
        shapes = _stacked([drawing.shapes(names) for drawing in drawings])
        body = ""
        for shape, frames in shapes:
            if frames is None:
                body += shape
            else:
                hidden = "" if last in frames else ' display="none"'
                numbers = " ".join(map(str, frames))
                body += f'<g data-frames="{numbers}"{hidden}>{shape}</g>'
        width, height = drawings[0].width_pt, drawings[0].height_pt
        picture = (
            f'<svg viewBox="0 0 {width:g} {height:g}" width="{width / 0.75:.0f}" '
            f'height="{height / 0.75:.0f}" stroke-linejoin="round" role="img" '
            f'aria-label="{html.escape(labels[-1])}">{_definitions(names)}{body}</svg>'
        ).replace(INK, "currentColor")
        return (
            f'<div class="nn-film" id="{name}" style="max-width:{width / 0.75:.0f}px" '
            f'data-interval="{1000 * self.interval_s:g}" '
            f'data-labels="{html.escape(json.dumps(labels, ensure_ascii=False))}">'
            f"<style>{_FILM_STYLE}</style>\n{picture}\n"
            '<div class="nn-film-controls" hidden>'
            '<button type="button" class="nn-film-play">Play</button>'
            f'<input type="range" class="nn-film-slider" min="0" max="{last}" '
            f'value="{last}" aria-label="Frame" '
            f'aria-valuetext="{html.escape(labels[-1])}"></div>\n'
            f'<output class="nn-film-label" aria-live="polite">'
            f"{html.escape(labels[-1], quote=False)}</output>\n"
            f"<script>{_FILM_SCRIPT}</script></div>"
        )


def _stacked(frames: Sequence[Sequence[str]]) -> list[tuple[str, list[int] | None]]:
    """Merge the shapes of all frames, in drawing order, each distinct one once.

    Args:
        frames: For each frame its shapes, bottom first.

    Returns:
        Pairs of shapes and the frames that show them; None means all frames.
    """
    common = list(frames[0])
    for shapes in frames[1:]:
        matcher = SequenceMatcher(None, common, shapes, autojunk=False)
        common = [
            common[block.a + index]
            for block in matcher.get_matching_blocks()
            for index in range(block.size)
        ]
    # Before each common shape, and after the last, lies what only some frames have.
    slots: list[dict[str, list[int]]] = [{} for _ in range(len(common) + 1)]
    for number, shapes in enumerate(frames):
        start = 0
        for slot, shape in enumerate([*common, None]):
            end = len(shapes) if shape is None else shapes.index(shape, start)
            if between := "".join(shapes[start:end]):
                slots[slot].setdefault(between, []).append(number)
            start = end + 1
    stacked: list[tuple[str, list[int] | None]] = []
    for between_shapes, shape in zip(slots, [*common, None], strict=True):
        stacked.extend(between_shapes.items())
        if shape is not None:
            stacked.append((shape, None))
    return stacked
