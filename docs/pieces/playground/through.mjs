// The forward and the backward pass of one point, a step at a time.
import { formula, shortNumber, symbol, threeDigits } from "./inspect.mjs";
import { lossOf, probability } from "./network.mjs";

/** @typedef {import("./drawing.mjs").Scene} Scene */

/**
 * The phases of the way of one point, forward and back. The probe has learned: its values
 * and slopes are those of the point.
 * @param {Scene} scene @param {number} label @param {number} number Of the point, from 1.
 * @param {number} rate
 * @param {(key: string, values?: object) => string} say
 */
export function phases(scene, label, number, rate, say) {
  const { probe, sizes } = scene;
  const last = sizes.length - 1;
  const value = (/** @type {number} */ l, /** @type {number} */ j) => threeDigits(probe.row(l, j)[0]);
  const slope = (/** @type {number} */ l, /** @type {number} */ j) =>
    threeDigits(probe.memory[probe.slopes[l] + j * probe.n]);
  const name = (/** @type {number} */ l) => say("layer", { layer: l });
  const only = (/** @type {number} */ from, /** @type {number} */ to, /** @type {(l: number, j: number) => string} */ text) =>
    (/** @type {number} */ l, /** @type {number} */ j) => (l >= from && l <= to ? text(l, j) : "");
  const regression = probe.classes === 0;
  const p = probability(probe.logits, 0, probe.n, probe.classes, label);
  const loss = regression
    ? say("through_error", { z: value(last, 0), y: threeDigits(label), loss: threeDigits(lossOf(probe)) })
    : say("through_loss", { p: shortNumber(p, 3), loss: shortNumber(lossOf(probe), 3) });
  const target = regression ? threeDigits(label) : label;
  const list = [{ text: say(regression ? "through_number" : "through_input", { n: number, label: target }), numbers: only(0, 0, value), strong: /** @type {number[]} */ ([]), layer: 0, back: false }];
  for (let l = 1; l < last; l++)
    list.push({ text: say("through_forward", { layer: name(l) }), numbers: only(0, l, value), strong: [l], layer: l, back: false });
  list.push({ text: say(regression ? "through_prediction" : "through_logits"), numbers: only(0, last, value), strong: [last], layer: last, back: false });
  list.push({ text: loss, numbers: only(last, last, value), strong: [], layer: last, back: false });
  list.push({ text: say(regression ? "through_error_slope" : "through_logit_slope"), numbers: only(last, last, slope), strong: [], layer: last, back: true });
  for (let l = last - 1; l > 0; l--)
    list.push({ text: say("through_backward", { layer: name(l) }), numbers: only(l, last, slope), strong: [l + 1], layer: l, back: true });
  list.push({ text: say("through_end", { rate }), numbers: only(1, last, slope), strong: [1], layer: 0, back: true });
  return list;
}

/** The forward and the backward pass of one point, in a panel with buttons. */
export class ThroughPanel {
  /**
   * @param {import("./lab.mjs").Lab} lab
   * @param {import("./graph.mjs").Graph} graph
   */
  constructor(lab, graph) {
    const { pieces, say } = lab;
    const { make } = pieces;
    this.lab = lab;
    this.graph = graph;
    /** @type {HTMLElement | null} gets the focus when the panel closes */
    this.opener = null;
    this.number = 0; // of the training point
    this.text = make("p", { class: "pg-through" });
    this.details = make("p", { class: "pg-formula" });
    const button = (/** @type {string} */ key, /** @type {() => void} */ onclick) =>
      make("button", { type: "button", "data-press": `through_${key}`, onclick }, say(key));
    this.back = button("previous", () => this.go(-1));
    this.ahead = button("next", () => this.go(1));
    this.element = make(
      "section", { class: "pg-panel", hidden: true, "aria-label": say("through_title") },
      make("div", { class: "pg-panel-head" }, make("h3", {}, say("through_title")), button("close", () => this.close())),
      this.text,
      this.details,
      make("div", { class: "pg-row" }, this.back, this.ahead, button("other_point", () => this.other())),
    );
    this.phase = 0;
    this.count = 1;
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** @param {number} by */
  go(by) {
    this.phase = Math.max(0, Math.min(this.count - 1, this.phase + by));
    this.show();
    this.lab.hear(`${this.text.textContent} ${this.details.textContent}`);
  }

  /** @param {HTMLElement} opener */
  open(opener) {
    this.opener = opener;
    this.element.hidden = false;
    this.phase = 0;
    this.show();
    this.ahead.focus({ preventScroll: true });
  }

  close() {
    if (!this.isOpen) return;
    this.leave();
    this.opener?.focus({ preventScroll: true });
  }

  /** Close, and leave the focus where it is. */
  leave() {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.graph.strong = null;
    this.graph.number();
    this.lab.paint();
  }

  other() {
    this.number = (this.number + 7) % Math.max(1, this.lab.data.train.labels.length);
    this.phase = 0;
    this.show();
  }

  /** The coordinates of the point. */
  get place() {
    const { places, labels } = this.lab.data.train;
    return [places[this.number], places[labels.length + this.number]];
  }

  /** Send the point through, forward and back, and show the phase of now. */
  show() {
    if (!this.isOpen) return;
    const { graph, lab } = this;
    const { data, report, say, scene } = lab;
    this.number = Math.min(this.number, data.train.labels.length - 1);
    const [x, y] = this.place;
    const label = data.train.labels[this.number];
    const { probe: batch, network } = scene;
    scene.send(x, y, label);
    const end = scene.sizes.length - 1;
    network.kernels.lossSlopes(batch.values[end], batch.labels, batch.slopes[end], batch.n, 1, batch.classes);
    network.backward(batch, scene.gradients);
    lab.paint();
    const list = phases(scene, label, this.number + 1, report.rate, say);
    this.count = list.length;
    this.phase = Math.min(this.phase, list.length - 1);
    const now = list[this.phase];
    this.text.textContent = `${this.phase + 1}/${list.length}. ${now.text}`;
    const lines = [];
    const { probe, sizes } = scene;
    if (now.layer > 0 && !now.back && now.strong.length)
      for (let j = 0; j < sizes[now.layer]; j++) lines.push(formula(scene, now.layer, j).join(" "));
    else if (now.back && now.layer > 0)
      for (let j = 0; j < sizes[now.layer]; j++) lines.push(this.slopeLine(scene, now.layer, j));
    else if (now.back)
      for (let j = 0; j < sizes[1]; j++)
        for (let i = 0; i < sizes[0]; i++) {
          const slope = probe.memory[probe.slopes[1] + j * probe.n], value = probe.row(0, i)[0];
          lines.push(`∂L/∂w(${symbol(scene, 0, i)} → ${symbol(scene, 1, j)}) = ${threeDigits(slope)} · ${threeDigits(value)} = ${threeDigits(slope * value)}`);
        }
    this.details.replaceChildren(...lines.map((line) => Object.assign(document.createElement("span"), { textContent: line })));
    this.back.disabled = this.phase === 0;
    this.ahead.disabled = this.phase === list.length - 1;
    graph.strong = now.strong.length ? now.strong : null;
    graph.number(now.numbers);
    graph.drawLines();
  }

  /** How the derivative of a neuron comes from those of the next layer.
   * @param {Scene} scene @param {number} layer @param {number} unit */
  slopeLine({ probe, sizes, network, ...scene }, layer, unit) {
    const whole = /** @type {Scene} */ ({ probe, sizes, network, ...scene });
    const slopeOf = (/** @type {number} */ l, /** @type {number} */ j) => probe.memory[probe.slopes[l] + j * probe.n];
    const name = symbol(whole, layer, unit);
    const result = threeDigits(slopeOf(layer, unit));
    if (layer === sizes.length - 1) return `∂L/∂${name} = ${probe.classes ? "p − y" : "2(z − y)"} = ${result}`;
    const { inputs, outputs, weights } = network.layers[layer];
    const sum = Array.from({ length: outputs }, (_, j) => {
      const w = network.parameters[weights + j * inputs + unit];
      return `${shortNumber(w)}·${slopeOf(layer + 1, j) < 0 ? `(${threeDigits(slopeOf(layer + 1, j))})` : threeDigits(slopeOf(layer + 1, j))}`;
    }).join(" + ");
    const h = probe.row(layer, unit)[0];
    const steep = { Tanh: 1 - h * h, Sigmoid: h * (1 - h), ReLU: h > 0 ? 1 : 0 }[network.activation.module] ?? 1;
    return `δ(${name}) = (${sum}) · ${shortNumber(steep)} = ${result}`;
  }
}
