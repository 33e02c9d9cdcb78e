// The convolutional network of its chapter: two convolutions of 3×3 with padding 1, each
// with ReLU and pooling of 2×2, then a fully connected layer.

/** @typedef {import("./network.mjs").Layer} Layer */

/** Convolution, ReLU and pooling; each side of the images is halved.
 * @param {Layer} layer @param {Float64Array} images Of all channels, row by row.
 * @param {number} side */
function convolve({ weights, biases }, images, side) {
  const channels = images.length / side ** 2, half = side / 2;
  const pooled = new Float64Array(biases.length * half * half); // 0: what ReLU leaves
  biases.forEach((bias, k) => {
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        let sum = bias;
        for (let c = 0; c < channels; c++)
          for (let place = 0; place < 9; place++) {
            const row = y + Math.floor(place / 3) - 1, column = x + (place % 3) - 1;
            if (row >= 0 && row < side && column >= 0 && column < side)
              sum += weights[9 * (k * channels + c) + place] * images[(c * side + row) * side + column];
          }
        const into = (k * half + (y >> 1)) * half + (x >> 1);
        if (sum > pooled[into]) pooled[into] = sum;
      }
  });
  return pooled;
}

/** The logits of an image. @param {Layer[]} layers
 * @param {Float64Array} inputs The 784 numbers that go into a network. */
export function convolutionalLogits([first, second, last], inputs) {
  const features = convolve(second, convolve(first, inputs, 28), 14); // 16 of 7 × 7
  return Float64Array.from(last.biases, (bias, k) =>
    features.reduce((sum, value, i) => sum + last.weights[k * features.length + i] * value, bias));
}
