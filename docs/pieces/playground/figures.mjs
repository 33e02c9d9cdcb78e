// Steps, losses and accuracy in numbers, and the curve of the losses.
import { drawCurves } from "./curves.mjs";
import { COLORS } from "./drawing.mjs";
import { shortNumber } from "./inspect.mjs";

/** A fraction as percent. @param {number} x */
export const percent = (x) => `${(100 * x).toFixed(1)}%`;

export class Figures {
  /** @param {import("./lab.mjs").Lab} lab */
  constructor(lab) {
    const { make } = lab.pieces;
    this.lab = lab;
    this.last = 0; // ms, when they were drawn
    const figure = (/** @type {string} */ key) => {
      const value = make("data", { class: `pg-${key}` });
      return { part: make("span", {}, `${lab.words[key]} `, value), value };
    };
    this.steps = figure("steps");
    this.loss = figure("loss");
    this.test = figure("test_loss");
    this.accuracy = figure("accuracy");
    const parts = [this.steps, this.loss, this.test, this.accuracy].map(({ part }) => part);
    this.element = make("p", { class: "pg-figures" }, ...parts);
    this.canvas = make("canvas", { class: "pg-curve", role: "img" });
  }

  write() {
    const { data, report } = this.lab;
    const known = data.train.labels.length > 0;
    this.test.part.hidden = !data.test.labels.length;
    this.accuracy.part.hidden = !data.outputs;
    const put = (/** @type {{ value: any }} */ { value }, /** @type {number} */ number, /** @type {string} */ text, shown = known && !Number.isNaN(number)) => {
      value.value = number;
      value.textContent = shown ? text : "–";
    };
    put(this.steps, report.step, String(report.step), true);
    put(this.loss, report.loss, shortNumber(report.loss, 4));
    put(this.test, report.testLoss, shortNumber(report.testLoss, 4));
    put(this.accuracy, report.accuracy, percent(report.accuracy));
    if (report.step && !Number.isFinite(report.loss)) this.loss.value.textContent = "NaN";
  }

  /** Draw the curve, and that of the other side.
   * @param {import("./training.mjs").Report | null} [other] */
  draw(other) {
    const { data, report, say, words } = this.lab;
    const { curve, loss, step } = report;
    this.canvas.setAttribute("aria-label", step
      ? say("curve", { first: shortNumber(curve[1], 4), last: shortNumber(loss, 4), step })
      : words.curve_empty);
    const runs = [{ ...report, values: curve, color: "" }];
    if (other) runs.push({ ...other, values: other.curve, color: `rgb(${COLORS[3]})` });
    const nothing = { values: new Float64Array(0), step: 0, loss: NaN, testLoss: NaN, color: "" };
    drawCurves(this.canvas, data.train.labels.length ? runs : [nothing], [words.train_line, words.test_line]);
  }

  /** What those who hear the page are told when the training stops. */
  spoken() {
    const { data, report, say } = this.lab;
    return say(data.outputs ? "paused" : "paused_plain", {
      step: report.step, loss: shortNumber(report.loss, 4), accuracy: percent(report.accuracy),
    });
  }
}
