// The network that the chapter has trained: forward, and back to the pixels.

/**
 * @typedef {{ weights: Float32Array, biases: Float32Array }} Layer
 * @typedef {{ layers: Layer[], sha256: string, standIn: boolean,
 *   convolution: { layers: Layer[], sha256: string } | null,
 *   samples: { pixels: Uint8Array, label: number }[] }} Reader
 */

/** Undo what nn_book.render.digit_weights packed. @param {any} packed @returns {Reader} */
export function unpack({ layers, samples, convolution, ...rest }) {
  return {
    ...rest,
    layers: layers.map(unpackLayer),
    convolution: convolution && { ...convolution, layers: convolution.layers.map(unpackLayer) },
    samples: samples.map((/** @type {any} */ one) => ({ ...one, pixels: bytes(one.pixels) })),
  };
}

/** @param {any} packed Two letters a weight, and one scale for each row of them. */
function unpackLayer({ weights, scales, biases }) {
  const rowScales = floats(scales);
  const row = weights.length / 2 / rowScales.length;
  return {
    biases: floats(biases),
    weights: Float32Array.from({ length: weights.length / 2 }, (_, i) =>
      (91 * digit91(weights, 2 * i) + digit91(weights, 2 * i + 1) - 4140) * rowScales[Math.floor(i / row)]),
  };
}

const bytes = (/** @type {string} */ text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const floats = (/** @type {string} */ text) => new Float32Array(bytes(text).buffer);

/** The letters # to ~ are digits, without the backslash.
 * @param {string} text @param {number} place */
function digit91(text, place) {
  const code = text.charCodeAt(place);
  return code - (code > 92 ? 36 : 35);
}

/** What every layer puts out for an image of 784 levels from 0 to 255, the image itself
 * first, the logits last. @param {Reader} network @param {ArrayLike<number>} pixels */
export function forwardPass({ layers }, pixels) {
  const all = [Float64Array.from(pixels, (level) => (level / 255 - 0.5) / 0.5)];
  layers.forEach(({ weights, biases }, k) => {
    const values = all[k], sums = new Float64Array(biases.length);
    for (let row = 0, i = 0; row < sums.length; row++) {
      let sum = biases[row];
      for (let j = 0; j < values.length; j++, i++) sum += weights[i] * values[j];
      sums[row] = k < layers.length - 1 ? Math.max(0, sum) : sum;
    }
    all.push(sums);
  });
  return all;
}

/** @param {Float64Array} logits @returns {number[]} */
export function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/** How the logit of a digit changes with each of the 784 inputs.
 * @param {Reader} network @param {Float64Array[]} all Of forwardPass.
 * @param {number} digit */
export function pixelGradient({ layers }, all, digit) {
  let slopes = new Float64Array(10);
  slopes[digit] = 1;
  for (let k = layers.length - 1; k >= 0; k--) {
    const { weights } = layers[k];
    const before = new Float64Array(all[k].length);
    for (let row = 0, i = 0; row < slopes.length; row++) {
      if (slopes[row] === 0) {
        i += before.length;
        continue;
      }
      for (let j = 0; j < before.length; j++, i++) before[j] += weights[i] * slopes[row];
    }
    // A ReLU that puts out 0 passes nothing back.
    if (k > 0) for (let j = 0; j < before.length; j++) if (all[k][j] <= 0) before[j] = 0;
    slopes = before;
  }
  return slopes;
}
