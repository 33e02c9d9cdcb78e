// What one neuron computes, with numbers that can be changed.
import { LINEAR } from "./kernels.mjs";
import { FEATURES } from "./state.mjs";

/** @typedef {import("./drawing.mjs").Scene} Scene */

/** @param {number} x @param {number} [digits] */
export const shortNumber = (x, digits = 2) =>
  Number.isFinite(x) ? x.toFixed(digits).replace("-", "−") : "NaN";

/** Three digits, however small. @param {number} x */
export const threeDigits = (x) =>
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
  const f = hidden && scene.network.activation.kind !== LINEAR ? scene.network.activation.module : "";
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
