// The points of a set-up: with noise, split into training and test set, and what goes
// into the network for each of them.
import { DRAWS } from "./draws.mjs";
import { Generator } from "./random.mjs";
import { FEATURES, outputsOf, OWN_SQUARE } from "./state.mjs";

/** @typedef {import("./state.mjs").State} State */
/** @typedef {{ inputs: string, labels: string, code: string, call: string }} PointSet */
/**
 * @typedef {object} Part
 * @property {Float64Array} places Both coordinates, one after the other.
 * @property {Float64Array} inputs What goes into the network, feature by feature.
 * @property {Float64Array} labels Classes, or for regression the target numbers.
 */

/**
 * @param {State} state
 * @param {Record<string, PointSet>} sets
 * @returns {{ train: Part, test: Part, outputs: number, square: number }}
 */
export function readData(state, sets) {
  const { places, labels, square } = source(state, sets);
  const n = labels.length;
  const generator = new Generator(state.draw);
  if (state.noise && n) {
    const noise = new Float64Array(2 * n); // one point after the other, as PyTorch has them
    generator.fillNormal(noise, 1);
    for (let k = 0; k < n; k++) {
      places[k] += state.noise * noise[2 * k];
      places[n + k] += state.noise * noise[2 * k + 1];
    }
  }
  const order = new Int32Array(n);
  const held = Math.floor((n * state.test) / 100);
  if (held) generator.shuffle(order);
  else for (let k = 0; k < n; k++) order[k] = k;
  const part = (/** @type {Int32Array} */ chosen) => {
    const count = chosen.length;
    const taken = new Float64Array(2 * count);
    chosen.forEach((k, i) => {
      taken[i] = places[k];
      taken[count + i] = places[n + k];
    });
    return {
      places: taken,
      inputs: featuresOf(state.features, taken),
      labels: Float64Array.from(chosen, (k) => labels[k]),
    };
  };
  return {
    train: part(order.subarray(held)),
    test: part(order.subarray(0, held)),
    outputs: outputsOf(state),
    square,
  };
}

/**
 * @param {string[]} features
 * @param {Float64Array} places Both coordinates of the points, one after the other.
 */
export function featuresOf(features, places) {
  const n = places.length / 2;
  const inputs = new Float64Array(features.length * n);
  features.forEach((name, i) => {
    const { of } = FEATURES[/** @type {keyof typeof FEATURES} */ (name)];
    for (let k = 0; k < n; k++) inputs[i * n + k] = of(places[k], places[n + k]);
  });
  return inputs;
}

/** @param {State} state @param {Record<string, PointSet>} sets */
function source(state, sets) {
  if (state.data === "points") {
    const { points } = state;
    return {
      places: Float64Array.from([...points.map(([, x]) => x), ...points.map(([, , y]) => y)]),
      labels: Float64Array.from(points, ([label]) => label),
      square: OWN_SQUARE,
    };
  }
  const set = sets[state.data];
  if ((state.draw || !set.inputs) && Object.hasOwn(DRAWS, state.data)) {
    const { places, labels } = DRAWS[state.data](state.draw);
    places.forEach((x, k) => { places[k] = Math.fround(x); });
    return { places, labels, square: squareAround(places) };
  }
  const numbers = Float64Array.from(singles(atob(set.inputs)));
  const regression = outputsOf(state) === 0;
  const n = numbers.length / (regression ? 3 : 2);
  const places = numbers.slice(0, 2 * n);
  const labels = regression ? numbers.slice(2 * n) : Float64Array.from(set.labels, Number);
  return { places, labels, square: squareAround(places) };
}

/** The float32 numbers of a string that has all their low bytes first. @param {string} text */
function singles(text) {
  const n = text.length / 4;
  const bytes = Uint8Array.from({ length: 4 * n }, (_, k) => text.charCodeAt((k % 4) * n + (k >> 2)));
  return new Float32Array(bytes.buffer);
}

const squareAround = (/** @type {Float64Array} */ places) =>
  1.08 * places.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
