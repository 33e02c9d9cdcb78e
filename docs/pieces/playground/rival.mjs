// The other side of a comparison: its own training, always as many steps as this one.
import { readData } from "./data.mjs";
import { Scene } from "./drawing.mjs";
import { shortNumber } from "./inspect.mjs";
import { setupOf } from "./setup.mjs";
import { sizesOf, writeState } from "./state.mjs";
import { Trainer } from "./trainer.mjs";

/**
 * @typedef {object} Side What the other side needs of the page.
 * @property {any} sets
 * @property {any} words
 * @property {(key: string, values?: object) => string} say
 * @property {string} workerFile
 * @property {HTMLCanvasElement} plane
 * @property {HTMLElement} text
 * @property {() => import("./state.mjs").State} now The set-up on this side.
 * @property {() => { rough: boolean, ink: string, hard: boolean, showTest: boolean }} look
 * @property {() => void} changed A new picture is to be drawn.
 */

export class Rival {
  /** @param {import("./state.mjs").State} kept @param {Side} page */
  constructor(kept, page) {
    this.page = page;
    this.state = { ...kept, changes: [], hide: [], steps: 0 };
    this.trainer = new Trainer(page.workerFile);
    /** @type {any} */
    this.report = null;
    this.goal = 0;
    this.busy = false;
  }

  async restart() {
    this.data = readData(this.state, this.page.sets);
    this.scene = new Scene(this.state, sizesOf(this.state), this.data.square);
    this.report = null;
    this.goal = 0;
    this.busy = true;
    this.report = await this.trainer.ask({ act: "setup", setup: setupOf(this.state, this.data) });
    this.busy = false;
    this.show();
    this.follow(this.goal);
  }

  /** @param {number} step Where this side has come to. */
  async follow(step) {
    this.goal = step;
    if (this.busy || !this.report || this.report.step >= step) return;
    this.busy = true;
    const { milliseconds } = this.trainer;
    const answer = await this.trainer.ask({ act: "run", steps: Infinity, until: step, milliseconds });
    this.busy = false;
    if (answer.step > this.goal) return; // started over in the meantime
    this.report = answer;
    this.show();
    this.follow(this.goal);
  }

  show() {
    this.scene?.network.parameters.set(this.report.parameters);
    this.page.changed();
  }

  paint() {
    if (!this.report || !this.scene || !this.data) return;
    const { rough, ink, hard, showTest } = this.page.look();
    const { words, plane, text } = this.page;
    const { train } = this.data;
    this.scene.look(rough);
    const { context, width } = this.scene.drawPlane(plane, ink, { unit: null, hard, blank: !train.labels.length });
    this.scene.stampPoints(context, width, this.data, ink, showTest);
    const { step, loss, testLoss, accuracy } = this.report;
    const figures = [`${words.steps} ${step}`, `${words.loss} ${shortNumber(loss, 4)}`];
    if (Number.isFinite(testLoss)) figures.push(`${words.test_loss} ${shortNumber(testLoss, 4)}`);
    if (Number.isFinite(accuracy)) figures.push(`${words.accuracy} ${(100 * accuracy).toFixed(1)}%`);
    figures.push(...this.differences());
    const said = figures.join(words.separator);
    if (text.textContent !== said) text.textContent = said;
  }

  differences() {
    const here = new URLSearchParams(writeState(this.page.now(), 0));
    const there = new URLSearchParams(writeState(this.state, 0));
    const list = [...new Set([...here.keys(), ...there.keys()])]
      .filter((name) => !["speed", "steps", "points", "hide"].includes(name) && here.get(name) !== there.get(name))
      .map((name) => this.page.say("difference", { name, here: here.get(name) ?? "–", there: there.get(name) ?? "–" }));
    return list.length ? list : [this.page.words.compare_same];
  }
}

/** The place of a comparison on the page: nothing, or another side. */
export class Comparison {
  /** @param {import("./lab.mjs").Lab} lab @param {string} workerFile
   * @param {{ rough: () => boolean, changed: () => void }} page */
  constructor(lab, workerFile, page) {
    const { pieces, words } = lab;
    const { make } = pieces;
    this.lab = lab;
    this.workerFile = workerFile;
    this.page = page;
    /** @type {Rival | null} */
    this.rival = null;
    this.plane = make("canvas", { class: "pg-plane", role: "img", "aria-label": words.compare_title });
    this.text = make("p", { class: "pg-quiet" });
    this.element = make("section", { class: "pg-rival", hidden: true, "aria-label": words.compare_title },
      make("h3", {}, words.compare_title), this.plane, this.text, make("p", { class: "pg-quiet" }, words.compare_hint));
    this.button = make("button", { type: "button", "data-press": "compare" }, words.compare);
  }

  /** @param {import("./state.mjs").State} kept */
  begin(kept) {
    const { lab, page, plane, text, workerFile } = this;
    const { sets, words, say } = lab;
    this.rival = new Rival(structuredClone(kept), {
      sets, words, say, workerFile, plane, text,
      now: () => lab.state,
      look: () => ({ rough: page.rough(), ink: lab.ink(), hard: lab.hard, showTest: lab.showTest }),
      changed: page.changed,
    });
    this.element.hidden = false;
    this.button.textContent = words.compare_end;
  }

  end() {
    this.rival?.trainer.end();
    this.rival = null;
    this.element.hidden = true;
    this.button.textContent = this.lab.words.compare;
  }

  /** What the address says of it. */
  get address() {
    return this.rival ? `&beside=${encodeURIComponent(writeState(this.rival.state, 0))}` : "";
  }
}
