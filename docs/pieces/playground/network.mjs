// A network of fully connected layers in the memory of the kernels, and room for points
// on their way through it. Values lie unit by unit: those of unit j from j * n on.
import { Generator } from "./random.mjs";
import { COMPILED_ROOM, LINEAR, plainKernels, RELU, SIGMOID, STACK, TANH } from "./kernels.mjs";

/** @typedef {import("./kernels.mjs").Kernels} Kernels */
/** @typedef {"tanh" | "sigmoid" | "relu" | "linear"} ActivationName */

export const ACTIVATIONS = {
  tanh: { kind: TANH, module: "Tanh", border: () => 0 },
  sigmoid: { kind: SIGMOID, module: "Sigmoid", border: () => 0.5 },
  relu: { kind: RELU, module: "ReLU", border: (/** @type {number} */ max) => max / 100 },
  linear: { kind: LINEAR, module: "Identity", border: () => 0 },
};

/** Hands out parts of the kernels' memory, one after the other. */
export class Room {
  /** @param {Kernels} kernels */
  constructor(kernels) {
    this.kernels = kernels;
    this.next = STACK;
  }

  /** @param {number} count @returns {number} the place of so many zeros */
  take(count) {
    const place = this.next;
    this.next += count + (count % 2); // two doubles at a time begin at an even place
    if (this.next > this.kernels.memory.length) throw new RangeError("no room left");
    this.kernels.memory.fill(0, place, this.next);
    return place;
  }

  /** Room in plain JavaScript for a network of these sizes and n points.
   * @param {number[]} sizes @param {number} n */
  static plain(sizes, n) {
    const units = sizes.reduce((a, b) => a + b);
    const size = STACK + 4 * parameterCount(sizes) + 2 * units * padded(n) + 1000;
    return new Room(plainKernels(Math.min(size, COMPILED_ROOM * 4)));
  }
}

/** @param {number} n @returns {number} n rounded up to whole rows of the kernels */
export const padded = (n) => Math.max(8, Math.ceil(n / 8) * 8);

/** @param {number[]} sizes @returns {number} */
export const parameterCount = (sizes) =>
  sizes.slice(1).reduce((sum, size, i) => sum + size * (sizes[i] + 1), 0);

/**
 * Places of the parameters of each layer among all parameters, in PyTorch's order.
 * @param {number[]} sizes
 */
export function layout(sizes) {
  let place = 0;
  return sizes.slice(1).map((outputs, i) => {
    const inputs = sizes[i];
    const layer = { inputs, outputs, weights: place, biases: place + inputs * outputs };
    place = layer.biases + outputs;
    return layer;
  });
}

/**
 * The initial parameters that PyTorch draws in double precision, layer by layer.
 * @param {number[]} sizes Units of each layer, inputs and outputs included.
 * @param {string} init "linear", as nn.Linear does; "small", randn times 0.01.
 * @param {Generator} generator
 */
export function initialParameters(sizes, init, generator) {
  const parameters = new Float64Array(parameterCount(sizes));
  const layers = layout(sizes);
  for (const { inputs, weights, biases, outputs } of layers) {
    // nn.Linear: kaiming_uniform_ with a = sqrt(5), and its bound for the bias.
    const gain = Math.sqrt(2 / (1 + Math.sqrt(5) ** 2));
    const bound = Math.sqrt(3) * (gain / Math.sqrt(inputs));
    generator.fillUniform(parameters.subarray(weights, biases), bound);
    generator.fillUniform(parameters.subarray(biases, biases + outputs), 1 / Math.sqrt(inputs));
  }
  if (init === "small")
    for (const { weights, biases, outputs } of layers) {
      generator.fillNormal(parameters.subarray(weights, biases), 0.01);
      parameters.fill(0, biases, biases + outputs);
    }
  return parameters;
}

export class Network {
  /**
   * @param {Room} room
   * @param {number[]} sizes
   * @param {ActivationName} activation
   */
  constructor(room, sizes, activation) {
    this.kernels = room.kernels;
    this.sizes = sizes;
    this.activation = ACTIVATIONS[activation];
    this.layers = layout(sizes);
    this.count = parameterCount(sizes);
    this.place = room.take(this.count);
    const { memory } = this.kernels;
    this.parameters = memory.subarray(this.place, this.place + this.count);
  }

  /** @param {Batch} batch @returns {Float64Array} the logits, with padding */
  forward(batch) {
    const { activation: { kind }, kernels, layers, place } = this;
    const { n, values } = batch;
    for (let l = 0; l < layers.length; l++) {
      const { inputs, outputs, weights, biases } = layers[l];
      const out = values[l + 1];
      kernels.weightedSums(
        out, n, outputs, place + biases, place + weights, inputs, 1, inputs, values[l],
      );
      if (l + 1 < layers.length && kind !== LINEAR) kernels.activate(kind, out, outputs * n);
    }
    return batch.logits;
  }

  /**
   * From the slopes of the last layer to all gradients.
   * @param {Batch} batch
   * @param {number} gradients Their place.
   */
  backward(batch, gradients) {
    const { activation: { kind }, kernels, layers, place } = this;
    const { n, values, slopes } = batch;
    for (let l = layers.length - 1; l >= 0; l--) {
      const { inputs, outputs, weights, biases } = layers[l];
      const into = gradients + weights;
      kernels.correlate(into, gradients + biases, slopes[l + 1], n, outputs, inputs, values[l]);
      if (l === 0) return;
      kernels.weightedSums(
        slopes[l], n, inputs, -1, place + weights, 1, inputs, outputs, slopes[l + 1],
      );
      if (kind !== LINEAR) kernels.slopesThrough(kind, values[l], slopes[l], inputs * n);
    }
  }
}

/** Room for some points on their way through a network. */
export class Batch {
  /**
   * @param {Room} room
   * @param {number[]} sizes
   * @param {number} classes Logits; 0 for regression, whose labels are numbers.
   * @param {number} points
   * @param {boolean} learns Whether it needs slopes, too.
   */
  constructor(room, sizes, classes, points, learns) {
    this.points = points;
    this.classes = classes;
    this.n = padded(points);
    this.values = sizes.map((size) => room.take(size * this.n));
    this.slopes = learns ? sizes.map((size) => room.take(size * this.n)) : [];
    this.labels = room.take(this.n);
    this.memory = room.kernels.memory;
    this.logits = this.row(sizes.length - 1, 0, sizes[sizes.length - 1]);
  }

  /** The values of some units of a layer, one unit's n values after the other.
   * @param {number} layer @param {number} unit @param {number} [count] */
  row(layer, unit, count = 1) {
    const start = this.values[layer] + unit * this.n;
    return this.memory.subarray(start, start + count * this.n);
  }

  /** Take points (rows of coordinates, one after the other) and their labels.
   * @param {Float64Array} inputs @param {ArrayLike<number>} labels */
  fill(inputs, labels) {
    const { points, n, memory } = this;
    for (let i = 0; i * points < inputs.length; i++)
      memory.set(inputs.subarray(i * points, (i + 1) * points), this.values[0] + i * n);
    memory.set(labels, this.labels);
  }
}

/** The mean loss of a batch whose logits are there: BCEWithLogitsLoss for one logit,
 * CrossEntropyLoss for more, MSELoss for regression.
 * @param {Batch} batch */
export function lossOf({ logits, memory, labels, n, points, classes }) {
  let sum = 0;
  for (let k = 0; k < points; k++) {
    const label = memory[labels + k];
    if (classes === 0) {
      sum += (logits[k] - label) ** 2;
      continue;
    }
    if (classes === 1) {
      const z = logits[k];
      sum += Math.max(z, 0) - z * label + Math.log1p(Math.exp(-Math.abs(z)));
      continue;
    }
    let top = logits[k], total = 0;
    for (let c = 1; c < classes; c++) top = Math.max(top, logits[c * n + k]);
    for (let c = 0; c < classes; c++) total += Math.exp(logits[c * n + k] - top);
    sum += top + Math.log(total) - logits[label * n + k];
  }
  return points ? sum / points : 0;
}

/** The fraction of points whose class the network names; NaN for regression. @param {Batch} batch */
export function accuracyOf({ logits, memory, labels, n, points, classes }) {
  if (classes === 0) return NaN;
  let right = 0;
  for (let k = 0; k < points; k++)
    right += bestClass(logits, k, n, classes) === memory[labels + k] ? 1 : 0;
  return points ? right / points : 0;
}

/** @param {Float64Array} logits @param {number} k @param {number} n @param {number} classes */
export function bestClass(logits, k, n, classes) {
  if (classes === 1) return logits[k] > 0 ? 1 : 0;
  let best = 0;
  for (let c = 1; c < classes; c++) if (logits[c * n + k] > logits[best * n + k]) best = c;
  return best;
}

/** The probability that the network gives to a class at point k.
 * @param {Float64Array} logits @param {number} k @param {number} n
 * @param {number} classes @param {number} label */
export function probability(logits, k, n, classes, label) {
  if (classes === 1) return 1 / (1 + Math.exp(label ? -logits[k] : logits[k]));
  let total = 0;
  for (let c = 0; c < classes; c++) total += Math.exp(logits[c * n + k] - logits[label * n + k]);
  return 1 / total;
}
