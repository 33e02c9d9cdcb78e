// The five functions, as the chapter on them writes them, and a chain of neurons.

export const NAMES = ["sigmoid", "tanh", "ReLU", "Leaky ReLU", "GELU"];

const sigmoid = (/** @type {number} */ z) => 1 / (1 + Math.exp(-z));
const density = (/** @type {number} */ z) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);

// The cumulative distribution function of the standard normal distribution, by its
// series at 0. All terms have one sign, so nothing cancels (Marsaglia 2004).
/** @param {number} z */
function cumulative(z) {
  if (Math.abs(z) > 9) return z > 0 ? 1 : 0; // to the last digit
  let term = z, sum = 0;
  for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
    sum += term;
    term *= (z * z) / k;
  }
  return 0.5 + density(z) * sum;
}

// At 0, where ReLU has a corner, PyTorch takes the slope from the left; so do we.
/** @type {Record<string, { value: (z: number) => number, slope: (z: number) => number }>} */
export const FUNCTIONS = {
  "sigmoid": { value: sigmoid, slope: (z) => sigmoid(z) * (1 - sigmoid(z)) },
  "tanh": { value: Math.tanh, slope: (z) => 1 - Math.tanh(z) ** 2 },
  "ReLU": { value: (z) => Math.max(0, z), slope: (z) => (z > 0 ? 1 : 0) },
  "Leaky ReLU": {
    value: (z) => (z > 0 ? z : 0.01 * z),
    slope: (z) => (z > 0 ? 1 : 0.01),
  },
  "GELU": {
    value: (z) => z * cumulative(z),
    slope: (z) => cumulative(z) + z * density(z),
  },
};

// The gradient of the output at every layer of a chain of `depth` neurons, layer 1
// first. Layer 1 gets z; each later one gets w times what the one before puts out.
/** @param {string} name @param {number} z @param {number} depth @param {number} w */
export function gradients(name, z, depth, w) {
  const { value, slope } = FUNCTIONS[name];
  /** @type {number[]} */
  const slopes = [];
  for (let layer = 0; layer < depth; layer++) {
    slopes.push(slope(z));
    z = w * value(z);
  }
  let arriving = 1;
  return slopes
    .map((_, i) => depth - 1 - i)
    .map((layer) => {
      arriving *= slopes[layer] * (layer < depth - 1 ? w : 1);
      return arriving;
    })
    .reverse();
}
