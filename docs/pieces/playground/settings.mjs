// The settings: beside the picture, or in a sheet on a small screen.
import { DRAWS } from "./draws.mjs";
import { ACTIVATIONS } from "./network.mjs";
import {
  BATCHES, HIDEABLE, LIMITS, NOISES, OPTIMIZERS, OUTPUTS, PENALTIES, readField, SPEEDS, TESTS,
} from "./state.mjs";

/** @typedef {import("./state.mjs").State} State */
/**
 * @typedef {object} Page What the settings do to the page.
 * @property {() => State} now
 * @property {(settings: Partial<State>) => void} change
 * @property {(optimizer: string) => void} changeOptimizer
 * @property {(speed: string) => void} speed
 * @property {() => void} hide Hide what the state says.
 * @property {(options: { hard: boolean, showTest: boolean }) => void} look
 */

export class Settings {
  /** @param {any} pieces @param {any} words @param {Page} page */
  constructor(pieces, words, page) {
    const { make, fill } = pieces;
    const { change, now } = page;
    this.make = make;
    this.words = words;
    const named = (/** @type {string[]} */ names) => names.map((name) => [name, words[name]]);
    const check = (/** @type {string} */ key, /** @type {boolean} */ checked) => {
      const box = make("input", { type: "checkbox", checked, "data-field": key,
        onchange: () => page.look({ hard: hard.box.checked, showTest: test.box.checked }) });
      return { box, label: make("label", { class: "pg-check" }, box, ` ${words[key]}`) };
    };
    const test = check("show_test", true), hard = check("hard", false);
    this.amounts = this.select("amount", PENALTIES.map((n) => [n, n]), (value) =>
      change({ penalty: [now().penalty[0], Number(value)] }));
    this.again = make("button", { type: "button", "data-press": "regenerate", title: words.regenerate_hint,
      onclick: () => change({ draw: (now().draw + 1) % (LIMITS.draw + 1) }) }, words.regenerate);
    this.seed = make("input", { type: "number", "data-field": "seed", min: 0, max: LIMITS.seed, step: 1, inputmode: "numeric",
      onchange: () => {
        const seed = readField("seed", this.seed.value);
        if (seed === undefined) this.seed.value = now().seed;
        else change({ seed });
      } });
    const speeds = SPEEDS.map((n) =>
      [n, n === "max" ? words.speed_max : n === "1" ? words.speed_one : fill(words.speed_many, { n })]);
    const activations = Object.entries(ACTIVATIONS).map(([name, { module }]) => [name, module === "ReLU" ? module : name === "linear" ? words.no_activation : name]);
    this.data = this.select("data", [], (data) => change({ data }));
    const group = (/** @type {string} */ key, /** @type {string[]} */ names) =>
      make("optgroup", { label: words[key] }, ...named(names).map(([value, text]) => make("option", { value }, text)));
    const sets = /** @type {(keyof typeof OUTPUTS)[]} */ (Object.keys(OUTPUTS));
    this.data.lastChild.append(
      group("classification", [...sets.filter((name) => OUTPUTS[name]), "points"]),
      group("regression", sets.filter((name) => !OUTPUTS[name])));
    this.element = make("div", { class: "pg-settings" },
      this.data,
      this.select("noise", NOISES.map((n) => [n, n]), (value) => change({ noise: Number(value) })),
      this.select("test", TESTS.map((n) => [n, `${n}%`]), (value) => change({ test: Number(value) })),
      this.again,
      this.select("batch", BATCHES.map((n) => [n, n === "all" ? words.batch_all : n]), (batch) => change({ batch })),
      this.select("activation", activations, (value) => change({ activation: /** @type {any} */ (value) })),
      this.select("optimizer", named(OPTIMIZERS), page.changeOptimizer),
      this.select("penalty", [["none", words.none], ["l1", "L1"], ["l2", "L2"]], (value) =>
        change({ penalty: value === "none" ? [value, 0] : [value, now().penalty[1] || 0.001] })),
      this.amounts,
      this.select("init", named(["linear", "small"]), (init) => change({ init })),
      make("div", { class: "pg-field pg-seed" },
        make("label", {}, make("span", {}, words.seed), this.seed),
        make("button", { type: "button", "data-press": "next_seed",
          onclick: () => change({ seed: (now().seed + 1) % (LIMITS.seed + 1) }) }, words.next_seed)),
      this.select("speed", speeds, page.speed),
      test.label,
      hard.label,
      make("p", { class: "pg-quiet" }, words.restarts));
    const label = (/** @type {string} */ name) => words[name] ?? name;
    this.choices = HIDEABLE.map((name) => make("input", { type: "checkbox", "data-hide": name, onchange: () => {
      now().hide = HIDEABLE.filter((_, i) => this.choices[i].checked);
      page.hide();
    } }));
    this.hidden = make("details", { class: "pg-fold pg-hide" }, make("summary", {}, words.hide),
      make("p", { class: "pg-quiet" }, words.hide_hint),
      ...HIDEABLE.map((name, i) => make("label", { class: "pg-check" }, this.choices[i], ` ${label(name)}`)));
  }

  /** @param {string} key @param {any[]} options @param {(value: string) => void} choose */
  select(key, options, choose) {
    const { make, words } = this;
    return make("label", { class: "pg-field" }, make("span", {}, words[key]),
      make("select", { "data-field": key, onchange: (/** @type {any} */ event) => choose(event.target.value) },
        ...options.map(([value, text]) => make("option", { value }, text))));
  }

  /** Show a value, which may be one of an address that nobody offers.
   * @param {HTMLSelectElement} field @param {string | number} value */
  showValue(field, value) {
    if (![...field.options].some((option) => option.value === String(value)))
      field.append(this.make("option", { value }, value));
    field.value = String(value);
  }

  /** @param {State} state */
  show(state) {
    const { penalty, ...values } = state;
    const [kind, amount] = penalty;
    for (const field of this.element.querySelectorAll("select")) {
      const name = field.dataset.field;
      if (name === "penalty") field.value = kind;
      else if (name === "amount") this.showValue(field, amount || 0.001);
      else this.showValue(field, /** @type {any} */ (values)[name]);
    }
    this.amounts.hidden = kind === "none";
    this.seed.value = state.seed;
    this.again.disabled = !Object.hasOwn(DRAWS, state.data) && !state.noise && !state.test;
    this.choices.forEach((box, i) => { box.checked = state.hide.includes(HIDEABLE[i]); });
  }

  /** Hide what an address wants hidden, everywhere in a box.
   * @param {HTMLElement} box @param {string[]} names */
  static hide(box, names) {
    for (const part of box.querySelectorAll("[data-field], [data-press]")) {
      const { field, press } = /** @type {HTMLElement} */ (part).dataset;
      const name = field === "amount" ? "penalty" : press === "next_seed" ? "seed" : field ?? press ?? "";
      if (HIDEABLE.includes(name))
        (field ? part.closest(".pg-field, .pg-check") : part)?.classList.toggle("pg-gone", names.includes(name));
    }
  }
}
