"""How fast the playground trains in Chromium, beside eager PyTorch on this machine.

Needs ``site/`` and a Chromium, see ``visits.py``. Both train in double precision on
the flower; PyTorch has one thread, which is its best for networks of this size. The
rounds alternate, so that a busy machine is fair to both. The page trains "as fast as
it can" while it paints; its frames are those that the browser showed in that time, once
more with a processor that Chromium slows four times. On a machine with other work the
frames say little; what the page's own thread computes for each of them says more: 60
frames a second leave it 16.7 ms, 30 on the slowed processor 8.3 ms of this one.
"""

import statistics
import sys
import time

import torch
import visits
from torch import nn

from nn_tutorial.datasets import flower

ROUNDS, SECONDS = 3, 3.0
HIDDEN = ((4,), (10,), (10, 10, 10))
# The steps and the frames of the next milliseconds, and how long they really took.
COUNT = """(milliseconds) => new Promise((done) => {
  const steps = () => Number(document.querySelector(".pg-steps").value);
  const start = performance.now(), first = steps();
  let frames = 0, longest = 0, last = start;
  requestAnimationFrame(function count(now) {
    frames++;
    longest = Math.max(longest, now - last);
    last = now;
    const seconds = (performance.now() - start) / 1000;
    if (1000 * seconds < milliseconds) requestAnimationFrame(count);
    else done([(steps() - first) / seconds, frames / seconds, longest]);
  });
})"""


def page_speed(tab, url: str, hidden: tuple[int, ...], slowed: int = 1) -> list[float]:
    """Return steps and frames per second, the longest frame and its work in ms."""
    tab.goto("about:blank")
    session = tab.context.new_cdp_session(tab)
    session.send("Emulation.setCPUThrottlingRate", {"rate": slowed})
    widths = ",".join(map(str, hidden))
    tab.goto(f"{url}en/pieces/playground.html#hidden={widths}&lr=0.1&speed=max")
    tab.click("[data-press=play]")
    tab.wait_for_timeout(500)  # the browser compiles what runs often
    session.send("Performance.enable")
    before = thread_seconds(session)
    steps, frames, longest = tab.evaluate(COUNT, 1000 * SECONDS)
    busy = 1000 * (thread_seconds(session) - before)
    return [steps, frames, longest, busy / (frames * SECONDS)]


def thread_seconds(session) -> float:
    """Return how long the page's thread has computed, without its waiting."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(one["value"] for one in metrics if one["name"] == "ThreadTime")


def pytorch_speed(hidden: tuple[int, ...]) -> float:
    """Return the steps per second of eager PyTorch."""
    inputs, targets = (tensor.double() for tensor in flower())
    layers: list[nn.Module] = []
    for width, following in zip((2, *hidden), (*hidden, 1), strict=True):
        layers += [nn.Linear(width, following, dtype=torch.float64), nn.Tanh()]
    model, loss_function = nn.Sequential(*layers[:-1]), nn.BCEWithLogitsLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def train(steps: int) -> None:
        for _ in range(steps):
            optimizer.zero_grad()
            loss_function(model(inputs), targets).backward()
            optimizer.step()

    train(100)
    start, steps = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS:
        train(50)
        steps += 50
    return steps / (time.perf_counter() - start)


def main() -> None:
    """Measure all networks and print a table."""
    if not (visits.SITE / "index.html").exists():
        sys.exit(f"no site in {visits.SITE}: run `nox -s docs` first")
    torch.set_num_threads(1)
    print("flower, tanh, double precision; median of", ROUNDS, "rounds")
    print(
        f"{'hidden':>9} {'page':>9} {'PyTorch':>9} {'ratio':>6} {'fps':>5}  worst frame"
        "  work a frame  fps slowed 4x"
    )
    with visits.served() as url, visits.browser() as chromium:
        tab = chromium.new_page()
        for hidden in HIDDEN:
            rounds = [
                (
                    *page_speed(tab, url, hidden),
                    pytorch_speed(hidden),
                    page_speed(tab, url, hidden, slowed=4)[1],
                )
                for _ in range(ROUNDS)
            ]
            page, fps, worst, work, eager, slow = map(
                statistics.median, zip(*rounds, strict=True)
            )
            ratio = statistics.median(row[0] / row[4] for row in rounds)
            name = "-".join(map(str, hidden))
            print(
                f"{name:>9} {page:7.0f}/s {eager:7.0f}/s {ratio:6.2f} {fps:5.0f}"
                f"  {worst:6.0f} ms  {work:9.1f} ms  {slow:12.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
