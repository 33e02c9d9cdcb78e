// What one neuron computes, with numbers that can be changed; and the forward and the
// backward pass of one point, a step at a time.
import { FEATURES } from "./state.mjs";
import { lossOf, probability } from "./network.mjs";

/** @typedef {import("./drawing.mjs").Scene} Scene */

/** @param {number} x @param {number} [digits] */
export const shortNumber = (x, digits = 2) =>
  Number.isFinite(x) ? x.toFixed(digits).replace("-", "−") : "NaN";

/** Three digits, however small. @param {number} x */
const threeDigits = (x) =>
  (x !== 0 && Math.abs(x) < 0.01 ? x.toExponential(1) : shortNumber(x)).replace("-", "−");

/** What a value is called: x₁, h₂ of layer 1, the logit.
 * @param {Scene} scene @param {number} layer @param {number} unit */
export function symbol(scene, layer, unit) {
  if (layer === 0) return FEATURES[/** @type {keyof typeof FEATURES} */ (scene.features[unit])].sign;
  const small = (/** @type {number} */ n) => [...String(n)].map((d) => "₀₁₂₃₄₅₆₇₈₉"[Number(d)]).join("");
  if (layer < scene.sizes.length - 1) return `h${small(layer)}‚${small(unit + 1)}`;
  return scene.sizes[layer] === 1 ? "z" : `z${small(unit)}`;
}

/** The formula of a neuron: with symbols, and with the values at the probe's point.
 * @param {Scene} scene @param {number} layer @param {number} unit */
export function formula(scene, layer, unit) {
  const { inputs, weights, biases } = scene.network.layers[layer - 1];
  const { parameters } = scene.network;
  const hidden = layer < scene.sizes.length - 1;
  const f = hidden ? scene.network.activation.module : "";
  const bias = parameters[biases + unit];
  const signed = (/** @type {number} */ x) => `${x < 0 ? "−" : "+"} ${shortNumber(Math.abs(x))}`;
  const term = (/** @type {number} */ i, /** @type {string} */ what) => {
    const w = parameters[weights + unit * inputs + i];
    return i === 0 ? `${shortNumber(w)}·${what}` : `${signed(w)}·${what}`;
  };
  const inner = Array.from({ length: inputs }, (_, i) => term(i, symbol(scene, layer - 1, i)));
  let sum = bias;
  const numbers = Array.from({ length: inputs }, (_, i) => {
    const value = scene.probe.row(layer - 1, i)[0];
    sum += parameters[weights + unit * inputs + i] * value;
    return term(i, value < 0 ? `(${shortNumber(value)})` : shortNumber(value));
  });
  const wrap = (/** @type {string} */ text) => (f ? `${f}(${text})` : text);
  const result = shortNumber(scene.probe.row(layer, unit)[0]);
  return [
    `${symbol(scene, layer, unit)} = ${wrap(`${inner.join(" ")} ${signed(bias)}`)}`,
    `= ${wrap(`${numbers.join(" ")} ${signed(bias)}`)}`,
    `= ${f ? `${wrap(shortNumber(sum))} = ` : ""}${result}`,
  ];
}

/** The panel of a neuron: formula, and every weight as a field. */
export class NeuronPanel {
  /**
   * @param {any} pieces
   * @param {(key: string, values?: object) => string} say
   * @param {{ edit: (name: string, value: number) => void, close: () => void }} deeds
   */
  constructor(pieces, say, deeds) {
    this.make = pieces.make;
    this.say = say;
    this.deeds = deeds;
    this.element = this.make("section", { class: "pg-panel", hidden: true });
    /** @type {[number, number] | null} */
    this.unit = null;
  }

  /** @param {Scene} scene @param {import("./graph.mjs").Graph} graph
   * @param {[number, number] | null} unit @param {number} [input] Whose field gets focus. */
  open(scene, graph, unit, input) {
    const { make, say } = this;
    this.unit = unit;
    this.element.hidden = !unit;
    if (!unit) return;
    const [layer, j] = unit;
    const { inputs } = scene.network.layers[layer - 1];
    this.place = make("p", { class: "pg-quiet" });
    this.formula = make("p", { class: "pg-formula" });
    /** @type {{ name: string, field: HTMLInputElement, cells: HTMLElement[] }[]} */
    this.rows = [];
    const row = (/** @type {string} */ name, /** @type {string} */ sign) => {
      const field = make("input", {
        type: "number", step: "any", "aria-label": `${say(name[0] === "b" ? "bias" : "weight")} ${sign}`,
        "data-parameter": name,
        onchange: () => {
          const value = Math.round(field.valueAsNumber * 1e6) / 1e6;
          if (Number.isFinite(value) && Math.abs(value) <= 1000) this.deeds.edit(name, value);
          else this.refresh(scene);
        },
      });
      const cells = [make("td"), make("td")];
      this.rows?.push({ name, field, cells });
      return make("tr", {}, make("th", { scope: "row" }, sign), make("td", {}, field), ...cells);
    };
    const body = Array.from({ length: inputs }, (_, i) => row(`w${layer}.${j + 1}.${i + 1}`, symbol(scene, layer - 1, i)));
    body.push(row(`b${layer}.${j + 1}`, say("bias")));
    this.element.setAttribute("aria-label", graph.name(layer, j));
    this.element.replaceChildren(
      make("div", { class: "pg-panel-head" },
        make("h3", {}, graph.name(layer, j)),
        make("button", { type: "button", "data-press": "close_neuron", onclick: this.deeds.close }, say("close"))),
      this.formula,
      this.place,
      make("div", { class: "pg-scroll" },
        make("table", {},
          make("thead", {}, make("tr", {}, ...["source", "weight", "value", "product"].map((key) => make("th", { scope: "col" }, say(key))))),
          make("tbody", {}, ...body))),
      make("p", { class: "pg-quiet" }, say("edit_hint")),
    );
    this.refresh(scene);
    if (input !== undefined) {
      this.rows[input].field.focus({ preventScroll: true });
      this.rows[input].field.select();
    }
  }

  /** Show the numbers of now; the probe's point has been sent through. @param {Scene} scene */
  refresh(scene) {
    if (!this.unit || !this.rows || !this.formula || !this.place) return;
    const [layer, j] = this.unit;
    this.formula.replaceChildren(...formula(scene, layer, j).map((line) => this.make("span", {}, line)));
    const { inputs, weights, biases } = scene.network.layers[layer - 1];
    const { parameters } = scene.network;
    this.rows.forEach(({ field, cells }, i) => {
      const isBias = i === inputs;
      const w = parameters[isBias ? biases + j : weights + j * inputs + i];
      if (field !== document.activeElement) field.value = String(Number(w.toFixed(4)));
      const value = isBias ? 1 : scene.probe.row(layer - 1, i)[0];
      cells[0].textContent = isBias ? "" : shortNumber(value);
      cells[1].textContent = shortNumber(w * value);
    });
  }
}

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
   * @param {any} pieces
   * @param {(key: string, values?: object) => string} say
   * @param {{ show: () => void, other: () => void, close: () => void, hear: (text: string) => void }} deeds
   */
  constructor(pieces, say, deeds) {
    const { make } = pieces;
    this.say = say;
    this.deeds = deeds;
    this.text = make("p", { class: "pg-through" });
    this.details = make("p", { class: "pg-formula" });
    const button = (/** @type {string} */ key, /** @type {() => void} */ onclick) =>
      make("button", { type: "button", "data-press": `through_${key}`, onclick }, say(key));
    this.back = button("previous", () => this.go(-1));
    this.ahead = button("next", () => this.go(1));
    this.element = make(
      "section", { class: "pg-panel", hidden: true, "aria-label": say("through_title") },
      make("div", { class: "pg-panel-head" }, make("h3", {}, say("through_title")), button("close", deeds.close)),
      this.text,
      this.details,
      make("div", { class: "pg-row" }, this.back, this.ahead, button("other_point", deeds.other)),
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
    this.deeds.show();
    this.deeds.hear(`${this.text.textContent} ${this.details.textContent}`);
  }

  /** @param {Scene} scene @param {import("./graph.mjs").Graph} graph
   * @param {ReturnType<typeof phases>} list */
  show(scene, graph, list) {
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
