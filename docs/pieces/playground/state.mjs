// The set-up of a playground, as it stands in the address. A field that has its usual
// value may be missing; those of the first edition always stand there.
import { ACTIVATIONS, layout } from "./network.mjs";

export const LIMITS = {
  layers: 3,
  units: 10,
  points: 500,
  classes: 4,
  seed: 2 ** 32 - 1,
  steps: 2000000,
  run: 200000, // steps after which a training stops by itself
  changes: 40,
  draw: 9999,
};
export const RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100];
export const SPEEDS = ["1", "10", "100", "max"];
export const BATCHES = ["all", "100", "30", "10", "1"];
export const PENALTIES = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1];
export const NOISES = [0, 0.1, 0.2, 0.3, 0.5, 0.7, 1];
export const TESTS = [0, 10, 20, 30, 40, 50]; // percent of the points
export const OPTIMIZERS = ["sgd", "momentum", "adam"];
/** What an address can hide, so that readers look at the rest: settings and buttons. */
export const HIDEABLE = [
  "data", "noise", "test", "regenerate", "batch", "activation", "rate", "optimizer", "penalty",
  "init", "seed", "speed", "show_test", "hard", "play", "step", "reset", "through", "compare",
  "copy_code", "copy_link",
];
export const OWN_SQUARE = 5; // half the side of the plane for the reader's own points
/** Logits of the network for each set of points: one where there are two classes; 0
 * for regression, where its only output is a number. */
export const OUTPUTS = { flower: 1, gaussians: 1, circles: 1, xor: 1, spiral: 1, quadrants: 4, slope: 0, hills: 0 };

/** What can go into the network, each from the coordinates of a point. */
export const FEATURES = {
  x1: { sign: "x₁", code: "x1", of: (/** @type {number} */ x) => x },
  x2: { sign: "x₂", code: "x2", of: (/** @type {number} */ _, /** @type {number} */ y) => y },
  x1x1: { sign: "x₁²", code: "x1 * x1", of: (/** @type {number} */ x) => x * x },
  x2x2: { sign: "x₂²", code: "x2 * x2", of: (/** @type {number} */ _, /** @type {number} */ y) => y * y },
  x1x2: { sign: "x₁x₂", code: "x1 * x2", of: (/** @type {number} */ x, /** @type {number} */ y) => x * y },
  sin1: { sign: "sin x₁", code: "x1.sin()", of: (/** @type {number} */ x) => Math.sin(x) },
  sin2: { sign: "sin x₂", code: "x2.sin()", of: (/** @type {number} */ _, /** @type {number} */ y) => Math.sin(y) },
};

/**
 * @typedef {{ step: number, name: string, value: number }} Change
 *   What the reader did after so many steps: a learning rate ("lr"), a weight
 *   ("w1.2.3": layer 1, neuron 2, its input 3) or a bias ("b1.2").
 * @typedef {object} State
 * @property {string} data
 * @property {number[][]} points Label and coordinates of each.
 * @property {number[]} hidden
 * @property {import("./network.mjs").ActivationName} activation
 * @property {number} lr
 * @property {string} init
 * @property {number} seed
 * @property {string} speed
 * @property {number} steps
 * @property {string[]} features
 * @property {string} optimizer
 * @property {string} batch "all" or a number
 * @property {[string, number]} penalty "none", "l1" or "l2", and how much
 * @property {number} noise
 * @property {number} test
 * @property {Change[]} changes
 * @property {number} draw Which points: 0 are the book's, others are drawn anew.
 * @property {string[]} hide See HIDEABLE.
 */

/** @returns {State} the set-up that a playground begins with */
export const usual = () => ({
  data: "flower", points: [], hidden: [4], activation: "tanh", lr: 1, init: "linear",
  seed: 5, speed: "10", steps: 0, features: ["x1", "x2"], optimizer: "sgd", batch: "all",
  penalty: ["none", 0], noise: 0, test: 0, changes: [], draw: 0, hide: [],
});

/** @param {string[]} choices */
const oneOf = (choices) => (/** @type {string} */ text) =>
  choices.includes(text) ? text : undefined;

/** @param {string} text @param {number} low @param {number} high */
function wholeNumber(text, low, high) {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  return value >= low && value <= high ? value : undefined;
}

/** @param {string} text @param {number} high @returns {number | undefined} above 0 */
function positive(text, high) {
  const value = /^\d{0,9}\.?\d{1,12}(e-?\d{1,2})?$/.test(text) ? Number(text) : NaN;
  return value > 0 && value <= high ? value : undefined;
}

/** @type {Record<string, (text: string) => any>} */
const READERS = {
  data: oneOf([...Object.keys(OUTPUTS), "points"]),
  points(text) {
    const points = text.split(",").filter(Boolean).map((point) => point.split(":"));
    const fine =
      points.length <= LIMITS.points &&
      points.every(
        ([label, ...place]) =>
          wholeNumber(label, 0, LIMITS.classes - 1) !== undefined &&
          place.length === 2 &&
          place.every((x) => /^-?\d(\.\d{1,9})?$/.test(x) && Math.abs(Number(x)) <= OWN_SQUARE),
      );
    return fine ? points.map((point) => point.map(Number)) : undefined;
  },
  hidden(text) {
    if (text === "0" || text === "") return [];
    const sizes = text.split(",").map((size) => wholeNumber(size, 1, LIMITS.units));
    return sizes.length <= LIMITS.layers && !sizes.includes(undefined) ? sizes : undefined;
  },
  activation: oneOf(Object.keys(ACTIVATIONS)),
  lr: (text) => positive(text, 1000),
  init: oneOf(["linear", "small"]),
  seed: (text) => wholeNumber(text, 0, LIMITS.seed),
  speed: oneOf(SPEEDS),
  steps: (text) => wholeNumber(text, 0, LIMITS.steps),
  features(text) {
    const wanted = text.split(",");
    const known = wanted.every((name) => Object.hasOwn(FEATURES, name));
    return known && new Set(wanted).size === wanted.length ? inOrder(wanted) : undefined;
  },
  optimizer: oneOf(OPTIMIZERS),
  batch: (text) =>
    text === "all" ? text : wholeNumber(text, 1, LIMITS.points) && String(Number(text)),
  penalty(text) {
    const [kind, amount] = text.split(":");
    const value = positive(amount ?? "", 10);
    return ["l1", "l2"].includes(kind) && value && text === `${kind}:${amount}` ? [kind, value] : undefined;
  },
  noise: (text) => (text === "0" ? 0 : positive(text, 5)),
  test: (text) => wholeNumber(text, 0, 90),
  draw: (text) => wholeNumber(text, 0, LIMITS.draw),
  hide(text) {
    const wanted = text.split(",");
    return wanted.every((name) => HIDEABLE.includes(name)) ? HIDEABLE.filter((name) => wanted.includes(name)) : undefined;
  },
  changes(text) {
    const changes = text.split(",").map((change) => {
      const [step, name, value, ...rest] = change.split(":");
      const number = value !== undefined && /^-?\d{1,4}(\.\d{1,12})?$/.test(value) ? Number(value) : NaN;
      const good =
        wholeNumber(step, 0, LIMITS.steps) !== undefined && !rest.length &&
        (name === "lr" ? positive(value ?? "", 1000) : /^(w\d\.\d\d?\.\d\d?|b\d\.\d\d?)$/.test(name) && !Number.isNaN(number));
      return good ? { step: Number(step), name, value: Number(value) } : undefined;
    });
    const ordered = changes.every((one, i) => one && (i === 0 || one.step >= (changes[i - 1]?.step ?? 0)));
    return changes.length <= LIMITS.changes && ordered ? changes : undefined;
  },
};

/** @param {string} name @param {string} text @returns {any} undefined for nonsense */
export const readField = (name, text) =>
  Object.hasOwn(READERS, name) ? READERS[name](text) : undefined;

/** @param {string[]} wanted @returns {string[]} */
export const inOrder = (wanted) => Object.keys(FEATURES).filter((name) => wanted.includes(name));

/** @param {State} state @returns {number} logits, or 0 for regression */
export function outputsOf(state) {
  if (state.data !== "points")
    return OUTPUTS[/** @type {keyof typeof OUTPUTS} */ (state.data)];
  const classes = state.points.reduce((most, [label]) => Math.max(most, label), 1) + 1;
  return classes === 2 ? 1 : classes;
}

/** @param {State} state @returns {number[]} units of each layer */
export const sizesOf = (state) => [state.features.length, ...state.hidden, Math.max(1, outputsOf(state))];

/**
 * The place of a parameter among all; undefined if the network has none of that name.
 * @param {number[]} sizes
 * @param {string} name "w1.2.3" or "b1.2"
 */
export function placeOf(sizes, name) {
  const [layer, unit, input] = name.slice(1).split(".").map((n) => Number(n) - 1);
  const found = layout(sizes)[layer];
  if (!found || !(unit >= 0 && unit < found.outputs)) return undefined;
  if (name[0] === "b") return found.biases + unit;
  return input >= 0 && input < found.inputs ? found.weights + unit * found.inputs + input : undefined;
}

/**
 * The set-up that the fields of an address ask for, and the fields that ask in vain.
 * @param {Record<string, string>} fields
 * @returns {{ state: State, problems: string[] }}
 */
export function readState(fields) {
  /** @type {any} */
  const state = usual();
  /** @type {string[]} */
  const problems = [];
  const reject = (/** @type {string} */ name, /** @type {string} */ text) =>
    problems.push(`${name}=${text}`.slice(0, 60));
  for (const [name, text] of Object.entries(fields)) {
    if (name === "beside") continue; // another set-up, see main.mjs
    const value = readField(name, text);
    if (value === undefined) reject(name, text);
    else state[name] = value;
  }
  const sizes = sizesOf(state);
  const known = (/** @type {Change} */ { name }) => name === "lr" || placeOf(sizes, name) !== undefined;
  if (!state.changes.every(known)) {
    reject("changes", fields.changes);
    state.changes = [];
  }
  return { state, problems: problems.slice(0, 5) };
}

/** @param {State} state @param {number} steps @returns {string} what stands in the address */
export function writeState(state, steps) {
  const fixed = usual();
  /** @type {Record<string, unknown>} */
  const fields = {
    data: state.data,
    hidden: state.hidden.join(",") || "0",
    activation: state.activation,
    lr: state.lr,
    init: state.init,
    seed: state.seed,
    speed: state.speed,
    steps,
  };
  if (state.data === "points" && state.points.length)
    fields.points = state.points.map((point) => point.join(":")).join(",");
  for (const name of /** @type {const} */ (["features", "optimizer", "batch", "noise", "test", "draw", "hide"]))
    if (String(state[name]) !== String(fixed[name])) fields[name] = String(state[name]);
  if (state.penalty[0] !== "none") fields.penalty = state.penalty.join(":");
  if (state.changes.length)
    fields.changes = state.changes.map(({ step, name, value }) => `${step}:${name}:${value}`).join(",");
  return Object.entries(fields).map(([name, value]) => `${name}=${value}`).join("&");
}

/**
 * Note a change at this step; an earlier one of the same thing at the same step is gone.
 * @param {State} state @param {Change} change
 * @returns {boolean} false if there is no room for it
 */
export function noteChange(state, change) {
  const same = (/** @type {Change} */ old) => old.step === change.step && old.name === change.name;
  const kept = state.changes.filter((old) => !same(old));
  if (kept.length >= LIMITS.changes) return false;
  state.changes = [...kept, change];
  return true;
}
