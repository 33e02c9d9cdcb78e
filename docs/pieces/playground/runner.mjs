// The training as the reader drives it: train, pause, one step; and what stops it.
import { shortNumber } from "./inspect.mjs";
import { LIMITS, RATES, usual } from "./state.mjs";

/** @typedef {import("./lab.mjs").Lab} Lab */
/**
 * @typedef {object} Show What the page does about the training.
 * @property {(report: import("./training.mjs").Report) => void} take
 * @property {() => void} figures
 * @property {(aloud: boolean) => void} settle It stands still: show exactly where.
 * @property {() => void} surface
 * @property {(running: boolean) => void} button
 * @property {() => Promise<void>} restart
 * @property {() => void} begin
 */

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Runner {
  /** @param {Lab} lab @param {Show} show */
  constructor(lab, show) {
    this.lab = lab;
    this.show = show;
    this.running = this.catchingUp = this.seen = this.dirty = false;
    this.isSlow = false; // whether fine pictures would hold up the page
    this.mayExplode = false; // whether the reader wants to go on
    this.first = NaN; // loss at step 0
    this.asked = 0; // runs that the trainer still owes
    this.until = this.frame = 0;
    this.aloud = false; // whether to say where it stopped, once it has
    this.paintCost = this.lastPaint = this.lastSaid = this.lastSurface = 0; // ms
  }

  /** A new training begins at step 0. */
  reset() {
    this.asked = 0;
    this.isSlow = this.mayExplode = false;
    this.first = NaN;
  }

  async play() {
    const { lab, show } = this;
    const wrong = lab.complaint();
    if (wrong.length) return lab.tell(...wrong);
    if (!Number.isFinite(lab.report.loss) && lab.report.step) await show.restart();
    lab.tell();
    show.begin();
    lab.hear(lab.words.playing);
    this.lastSaid = performance.now();
    this.run(Math.min(lab.report.step + LIMITS.run, LIMITS.steps));
  }

  /** @param {number} until @param {boolean} [catchingUp] Whether to a step of the address. */
  run(until, catchingUp = false) {
    this.running = true;
    this.catchingUp = catchingUp;
    this.until = until;
    this.show.button(true);
    this.schedule();
  }

  pause(aloud = true) {
    const wasRunning = this.running;
    this.running = this.catchingUp = false;
    this.show.button(false);
    if (!wasRunning) return;
    this.show.figures();
    if (this.asked) this.aloud = aloud;
    else this.show.settle(aloud);
  }

  /** There is something new to see. */
  redraw() {
    this.dirty = true;
    this.schedule();
  }

  schedule() {
    if ((this.running || this.dirty) && this.seen && !this.frame)
      this.frame = requestAnimationFrame((now) => this.work(now));
  }

  // One frame: ask for steps, draw what has come.
  /** @param {number} now */
  work(now) {
    const { lab, show } = this;
    this.frame = 0;
    if (this.running) {
      const fast = this.catchingUp || lab.state.speed === "max";
      if (fast) while (this.asked < 2) this.request(Infinity);
      else if (this.asked < 2) this.request(Number(lab.state.speed));
    }
    // Whoever wants no motion gets a new picture once a second.
    const rest = this.catchingUp ? 250 : calm.matches ? 1000 : 2 * this.paintCost;
    if (this.dirty && (now - this.lastPaint >= rest || !this.running)) {
      this.lastPaint = now;
      const before = performance.now();
      lab.paint();
      this.paintCost = 0.8 * this.paintCost + 0.2 * (performance.now() - before);
      if (this.paintCost > 7) this.isSlow = true;
      if (now - this.lastSurface > 700) {
        this.lastSurface = now;
        show.surface();
      }
    }
    if (this.running && now - this.lastSaid > 5000) {
      this.lastSaid = now;
      lab.hear(lab.say("moving", { step: lab.report.step, loss: shortNumber(lab.report.loss, 4) }));
    }
    this.schedule();
  }

  /** Ask the trainer; undefined if the training has started over before it answered.
   * @param {number} steps @param {number} until @param {number} milliseconds */
  async ask(steps, until, milliseconds) {
    const { lab } = this;
    const mine = lab.starts;
    this.asked++;
    const answer = await lab.trainer.ask({ act: "run", steps, until, milliseconds });
    if (mine !== lab.starts) return undefined;
    this.asked--;
    this.show.take(answer);
    return answer;
  }

  /** @param {number} steps */
  async request(steps) {
    const { lab } = this;
    if (!(await this.ask(steps, this.until, lab.trainer.milliseconds))) return;
    if (!this.running) {
      if (!this.asked) {
        this.show.settle(this.aloud);
        this.aloud = false;
      }
      return;
    }
    if (this.isStuck()) return this.tellStuck();
    if (lab.report.step >= this.until) {
      const { catchingUp } = this;
      this.pause();
      return lab.tell(catchingUp ? "" : lab.say("limit", { n: LIMITS.run }));
    }
    const fast = this.catchingUp || lab.state.speed === "max";
    if (fast && this.seen && this.asked < 2) this.request(Infinity);
    this.schedule();
  }

  /** One step. */
  async advance() {
    const wrong = this.lab.complaint();
    if (wrong.length) return this.lab.tell(...wrong);
    if (!(await this.ask(1, Infinity, 1000))) return;
    this.show.settle(true);
    if (this.isStuck()) this.tellStuck();
  }

  // Whether the training has come to nothing, and going on would not help.
  isStuck() {
    const { loss, dead } = this.lab.report;
    if (!Number.isFinite(loss)) return true;
    return !this.catchingUp && ((loss > 10 * this.first && !this.mayExplode) || dead);
  }

  tellStuck() {
    const { lab, first } = this;
    this.pause(false);
    const { step, loss, rate, dead } = lab.report;
    const key = Number.isFinite(loss) && dead ? "dead" : "exploded";
    this.mayExplode = true;
    const smaller = RATES.findLast((other) => other <= rate / 9) ?? Number((rate / 10).toPrecision(3));
    lab.tell(
      lab.say(key, { step, rate, first: shortNumber(first), loss: loss < 1e4 ? shortNumber(loss) : loss.toExponential(1) }),
      [lab.say("smaller_rate", { rate: smaller }), () => lab.change({ lr: smaller })],
      ["usual", () => lab.change(usual())]);
  }
}
