// Explorer and digit where they compute, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";

const { FUNCTIONS, NAMES, gradients } = await import("../../docs/pieces/explorer/functions.mjs");
const { prepare } = await import("../../docs/pieces/digit/image.mjs");
const { convolutionalLogits } = await import("../../docs/pieces/digit/convolution.mjs");
const { forwardPass, pixelGradient, softmax } = await import("../../docs/pieces/digit/network.mjs");

test("slopes are those of the values", () => {
  for (const name of NAMES)
    for (const z of [-3.7, -0.4, 0.3, 2.2]) {
      const { value, slope } = FUNCTIONS[name];
      const measured = (value(z + 1e-6) - value(z - 1e-6)) / 2e-6;
      assert.ok(Math.abs(measured - slope(z)) < 1e-8, `${name} at ${z}`);
    }
});

test("a chain of ReLUs passes w on at every layer but the last", () => {
  assert.deepEqual(gradients("ReLU", 1, 4, 2), [8, 4, 2, 1]);
});

test("ink comes to the middle of 28 x 28, 20 pixels long", () => {
  const ink = new Uint8Array(280 * 280);
  for (let y = 10; y < 110; y++) for (let x = 20; x < 60; x++) ink[280 * y + x] = 255;
  const { pixels } = prepare(ink, 280);
  const rows = [...Array(28).keys()].filter((y) => pixels.subarray(28 * y, 28 * y + 28).some(Boolean));
  assert.deepEqual([rows[0], rows.length], [4, 20]);
});

test("the gradient to the pixels is the slope of the logit", () => {
  let seed = 1;
  const random = () => ((seed = (seed * 16807) % 2147483647) / 2147483647 - 0.5);
  const layer = (n, m) => ({ weights: Float32Array.from({ length: n * m }, random), biases: Float32Array.from({ length: m }, random) });
  const network = { layers: [layer(784, 12), layer(12, 10)] };
  const pixels = Float64Array.from({ length: 784 }, (_, i) => (i * 37) % 256);
  const all = forwardPass(network, pixels);
  const gradient = pixelGradient(network, all, 3);
  for (const at of [0, 100, 400, 783]) {
    // One gray level is 2 / 255 of an input.
    const moved = pixels.slice();
    moved[at] += 1e-3;
    const slope = ((forwardPass(network, moved).at(-1)[3] - all.at(-1)[3]) / 1e-3) * (255 / 2);
    assert.ok(Math.abs(slope - gradient[at]) < 1e-5, `${slope} ${gradient[at]}`);
  }
  assert.ok(Math.abs(softmax(all.at(-1)).reduce((a, b) => a + b) - 1) < 1e-12);
});

test("two convolutions and a fully connected layer give the logits of PyTorch", () => {
  let seed = 1;
  const random = () => ((seed = (seed * 16807) % 2147483647) / 2147483647 - 0.5);
  const layer = (n, m) => ({ weights: Float32Array.from({ length: n * m }, random), biases: Float32Array.from({ length: m }, random) });
  const layers = [layer(9, 8), layer(72, 16), layer(784, 10)];
  const inputs = Float64Array.from({ length: 784 }, (_, i) => (((i * 37) % 256) / 255 - 0.5) / 0.5);
  // The same in double precision with conv2d(padding=1), relu and max_pool2d(2).
  const expected = [
    22.288326709711587, -13.832182097042153, 6.958280608000403, 2.7730792774800204,
    15.976845161296705, 13.771508263589757, 7.917774139485217, 7.912093736252361,
    18.350389225488634, 12.835654408489798,
  ];
  const logits = convolutionalLogits(layers, inputs);
  expected.forEach((value, k) => assert.ok(Math.abs(logits[k] - value) < 1e-9, `${logits[k]} ${value}`));
});
