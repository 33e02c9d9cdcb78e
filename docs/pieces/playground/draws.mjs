// New points of a data set: what nn_tutorial.datasets, and the playground's own
// functions, draw for another seed. They are single-precision numbers, which differ from
// PyTorch's in the last bit at most: its sine and logarithm are not the browser's. Where
// neither is needed, in xor and slope, they are the same, and the page draws seed 0, too.
import { Generator } from "./random.mjs";

const each = (/** @type {number} */ n, /** @type {(k: number) => number} */ of) => Float64Array.from({ length: n }, (_, k) => of(k));
const half = (/** @type {number} */ n) => each(n, (k) => Number(k < n / 2));

/** 200 places of a square, from -5 to 5. @param {number} seed */
function square(seed) {
  const generator = new Generator(seed);
  const places = new Float64Array(400);
  for (let k = 0; k < 200; k++)
    for (const start of [0, 200]) places[start + k] = Math.fround(Math.fround(generator.uniform32() * 10) - 5);
  return places;
}

/** @type {Record<string, (seed: number) => { places: Float64Array, labels: Float64Array }>} */
export const DRAWS = {
  flower(seed) {
    const generator = new Generator(seed + 1); // the book's flower has seed 1
    const places = new Float64Array(800);
    for (const label of [0, 1]) {
      const shifts = each(400, () => 0.2 * generator.numpyNormal());
      for (let k = 0; k < 200; k++) {
        const angle = 3.12 * (label + k / 199) + shifts[k];
        const radius = 4 * Math.sin(4 * angle) + shifts[200 + k];
        places[200 * label + k] = radius * Math.sin(angle);
        places[400 + 200 * label + k] = radius * Math.cos(angle);
      }
    }
    return { places, labels: each(400, (k) => Number(k > 199)) };
  },

  gaussians(seed) {
    const generator = new Generator(seed);
    const places = new Float64Array(400), cloud = new Float64Array(200);
    for (const label of [0, 1]) {
      generator.fillNormal(cloud, 1, true);
      cloud.forEach((x, i) => { places[200 * (i % 2) + 100 * label + (i >> 1)] = x + 2 - 4 * label; });
    }
    return { places, labels: each(200, (k) => Number(k > 99)) };
  },

  quadrants(seed) {
    const generator = new Generator(seed);
    const clouds = [[1, 1], [-1, 1], [-1, -1], [1, -1]].map((center) => {
      const [x, y] = [...center, 0].map((middle) => { // a third coordinate is drawn, too
        const numbers = new Float64Array(200);
        generator.fillNormal(numbers, 0.5, true);
        return numbers.map((number) => number + middle);
      });
      return [x, y];
    });
    const order = new Int32Array(800), stacked = [0, 3, 1, 2];
    generator.shuffle(order);
    const places = new Float64Array(1600);
    order.forEach((from, to) => {
      const [x, y] = clouds[stacked[Math.floor(from / 200)]];
      places[to] = x[from % 200];
      places[800 + to] = y[from % 200];
    });
    return { places, labels: Float64Array.from(order, (from) => stacked[Math.floor(from / 200)]) };
  },

  circles(seed) {
    const generator = new Generator(seed);
    const radius = each(200, (k) => generator.uniform32() * 1.5 + (k < 100 ? 0 : 2.5));
    const angle = each(200, () => generator.uniform32() * 2 * Math.PI);
    const places = each(400, (k) => radius[k % 200] * (k < 200 ? Math.cos : Math.sin)(angle[k % 200]));
    return { places, labels: half(200) };
  },

  xor(seed) {
    const places = square(seed).map((x) => Math.fround(x + Math.fround(0.3) * Math.sign(x)));
    return { places, labels: each(200, (k) => Number(places[k] * places[200 + k] > 0)) };
  },

  slope(seed) {
    const places = square(seed);
    return { places, labels: each(200, (k) => Math.fround(Math.fround(places[k] + places[200 + k]) / 10)) };
  },

  hills(seed) {
    const places = square(seed);
    const middles = [[-3, -2], [0, 2], [3, -2], [-3, 2], [0, -2], [3, 2]];
    const height = (/** @type {number} */ k) => middles.reduce((sum, [x, y], i) =>
      sum + (i < 3 ? 1 : -1) * Math.exp(-((places[k] - x) ** 2 + (places[200 + k] - y) ** 2) / 2), 0);
    return { places, labels: each(200, height) };
  },
};
