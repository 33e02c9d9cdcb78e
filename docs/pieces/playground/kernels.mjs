// The arithmetic of a training step on one memory of doubles.
//
// A "place" is an index in that memory. A row has n doubles, one for each point; n is a
// multiple of 8 and the rows are padded with zeros. The same functions exist twice: in
// JavaScript here, and from kernels.c in WebAssembly (compiled.mjs), some times as fast,
// where a browser allows it. No function allocates anything.
export const TANH = 0;
export const SIGMOID = 1;
export const RELU = 2;
export const LINEAR = 3; // no activation: the kernels are not asked
export const SGD = 0;
export const MOMENTUM = 1;
export const ADAM = 2;

/**
 * @typedef {object} Kernels
 * @property {Float64Array} memory
 * @property {string} name
 * @property {(out: number, n: number, rows: number, bias: number, weights: number,
 *   row: number, column: number, count: number, source: number) => void} weightedSums
 *   Each row of out becomes its bias (0 if that place is -1) plus the sum of weight times
 *   row of the source; `row` and `column` say how far apart weights are.
 * @property {(into: number, intoBias: number, slopes: number, n: number, rows: number,
 *   count: number, source: number) => void} correlate
 *   Gradients of weights and biases: slopes times source, summed over the points.
 * @property {(kind: number, values: number, count: number) => void} activate
 * @property {(kind: number, values: number, slopes: number, count: number) => void}
 *   slopesThrough Slopes behind an activation become those before it.
 * @property {(logits: number, labels: number, slopes: number, n: number, points: number,
 *   classes: number) => void} lossSlopes
 *   Slopes of the mean loss: MSELoss for no class, BCEWithLogitsLoss for one, else
 *   CrossEntropyLoss.
 * @property {(gradients: number, weights: number, count: number, l1: number, l2: number)
 *   => void} penalize Add the gradient of l1 * sum |w| + l2 / 2 * sum w².
 * @property {(kind: number, weights: number, gradients: number, first: number,
 *   second: number, count: number, rate: number, correction: number) => void} update
 *   One step as torch.optim takes it.
 */

/**
 * The kernels in JavaScript.
 * @param {number} size How many doubles the memory holds.
 * @returns {Kernels}
 */
export function plainKernels(size) {
  const m = new Float64Array(size);
  return {
    name: "JavaScript",
    memory: m,

    weightedSums(out, n, rows, bias, weights, row, column, count, source) {
      for (let j = 0; j < rows; j++) {
        const to = out + j * n;
        m.fill(bias < 0 ? 0 : m[bias + j], to, to + n);
        let i = 0;
        // Several rows of the source at a time: out is read and written less often.
        for (; i + 4 <= count; i += 4) {
          const w = weights + j * row + i * column;
          const w0 = m[w], w1 = m[w + column], w2 = m[w + 2 * column], w3 = m[w + 3 * column];
          const a = source + i * n, b = a + n, c = b + n, d = c + n;
          for (let k = 0; k < n; k++)
            m[to + k] += w0 * m[a + k] + w1 * m[b + k] + w2 * m[c + k] + w3 * m[d + k];
        }
        for (; i < count; i++) {
          const w = m[weights + j * row + i * column], a = source + i * n;
          for (let k = 0; k < n; k++) m[to + k] += w * m[a + k];
        }
      }
    },

    correlate(into, intoBias, slopes, n, rows, count, source) {
      for (let j = 0; j < rows; j++) {
        const s = slopes + j * n;
        let all = 0;
        for (let k = 0; k < n; k++) all += m[s + k];
        m[intoBias + j] = all;
        let i = 0;
        for (; i + 2 <= count; i += 2) {
          const a = source + i * n, b = a + n;
          let first = 0, second = 0;
          for (let k = 0; k < n; k++) {
            first += m[s + k] * m[a + k];
            second += m[s + k] * m[b + k];
          }
          m[into + j * count + i] = first;
          m[into + j * count + i + 1] = second;
        }
        if (i < count) {
          const a = source + i * n;
          let sum = 0;
          for (let k = 0; k < n; k++) sum += m[s + k] * m[a + k];
          m[into + j * count + i] = sum;
        }
      }
    },

    activate(kind, values, count) {
      const end = values + count;
      if (kind === TANH)
        for (let k = values; k < end; k++) m[k] = 1 - 2 / (Math.exp(2 * m[k]) + 1);
      else if (kind === SIGMOID)
        for (let k = values; k < end; k++) m[k] = 1 / (Math.exp(-m[k]) + 1);
      else for (let k = values; k < end; k++) if (m[k] < 0) m[k] = 0;
    },

    slopesThrough(kind, values, slopes, count) {
      for (let k = 0; k < count; k++) {
        const v = m[values + k];
        if (kind === TANH) m[slopes + k] *= 1 - v * v;
        else if (kind === SIGMOID) m[slopes + k] *= v * (1 - v);
        else if (v <= 0) m[slopes + k] = 0;
      }
    },

    lossSlopes(logits, labels, slopes, n, points, classes) {
      if (classes < 2) {
        for (let k = 0; k < points; k++) {
          const z = m[logits + k], y = m[labels + k];
          m[slopes + k] = (classes ? 1 / (1 + Math.exp(-z)) - y : 2 * (z - y)) / points;
        }
        m.fill(0, slopes + points, slopes + n);
        return;
      }
      for (let k = 0; k < points; k++) {
        const z = logits + k, d = slopes + k;
        let top = m[z], total = 0;
        for (let c = 1; c < classes; c++) top = Math.max(top, m[z + c * n]);
        for (let c = 0; c < classes; c++)
          total += m[d + c * n] = Math.exp(m[z + c * n] - top);
        for (let c = 0; c < classes; c++) m[d + c * n] /= total * points;
        m[d + m[labels + k] * n] -= 1 / points;
      }
      for (let c = 0; c < classes; c++) m.fill(0, slopes + c * n + points, slopes + (c + 1) * n);
    },

    penalize(gradients, weights, count, l1, l2) {
      for (let i = 0; i < count; i++) {
        const w = m[weights + i];
        m[gradients + i] += l2 * w + l1 * Math.sign(w);
      }
    },

    update(kind, weights, gradients, first, second, count, rate, correction) {
      for (let i = 0; i < count; i++) {
        const g = m[gradients + i];
        if (kind === SGD) m[weights + i] -= rate * g;
        else if (kind === MOMENTUM)
          m[weights + i] -= rate * (m[first + i] = 0.9 * m[first + i] + g);
        else {
          const mean = (m[first + i] += 0.1 * (g - m[first + i]));
          const square = (m[second + i] = 0.999 * m[second + i] + 0.001 * g * g);
          m[weights + i] -= (rate * mean) / (Math.sqrt(square) / correction + 1e-8);
        }
      }
    },
  };
}

/** How many doubles the memory of the compiled kernels holds; its stack and constants lie below STACK. */
export const COMPILED_ROOM = 2 ** 20;
export const STACK = 8192;
