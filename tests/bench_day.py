"""Train in the playground for a day of the page's clock and weigh its memory.

``python tests/bench_day.py [hours]`` lets 8 hours pass on the page; it needs ``site/``
and a Chromium, see ``visits.py``. The clock of the page is a false one: each minute of
the page passes as half a second of frames, 30 of them, and a jump to the end of the
minute. The training runs all the time, and is begun anew where the playground ends it.
Printed is the heap of JavaScript after a collection of garbage, at the start (after
five minutes of warming up) and after each hour: it should grow by less than 5 MB.
"""

import sys

import visits

WARM_UP = 5  # minutes


def heap_mb(session) -> float:
    """Return the used heap after a collection of garbage, in MB."""
    session.send("HeapProfiler.collectGarbage")
    return session.send("Runtime.getHeapUsage")["usedSize"] / 1e6


def pass_a_minute(tab) -> None:
    """Show 30 frames and jump to the end of the minute; keep the training running."""
    tab.clock.run_for(500)
    tab.clock.fast_forward(59_500)
    tab.evaluate("""() => {
      const button = document.querySelector("[data-press=play]");
      if (button.textContent === "Train") button.click();
    }""")


def main(hours: float) -> None:
    with visits.served() as url, visits.browser() as chromium:
        visitor = visits.Visit(chromium, url)
        tab = visitor.tab
        tab.clock.install(time="2026-01-01T08:00:00")
        visitor.open("en/pieces/playground.html#speed=10&data=flower&lr=0.1")
        session = tab.context.new_cdp_session(tab)
        tab.wait_for_selector(".pg-plane")
        tab.clock.pause_at("2026-01-01T09:00:00")
        for _ in range(WARM_UP):
            pass_a_minute(tab)
        start = heap_mb(session)
        steps = tab.locator(".pg-steps")
        print(f"start: {start:.2f} MB, step {steps.get_attribute('value')}", flush=True)
        for minute in range(1, round(60 * hours) + 1):
            pass_a_minute(tab)
            if minute % 60 == 0 or minute == round(60 * hours):
                grown = heap_mb(session) - start
                step = steps.get_attribute("value")
                print(f"{minute} min: {grown:+.2f} MB, step {step}", flush=True)
        print("faults:", visitor.faults or "none")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 8.0)
