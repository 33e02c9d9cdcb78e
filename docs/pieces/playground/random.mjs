// Random numbers, as torch.manual_seed(seed) and the CPU of PyTorch draw them.
//
// Sources: ATen/core/MT19937RNGEngine.h, TransformationHelper.h (uniform_real) and
// native/cpu/DistributionTemplates.h (normal_fill; below 16 values normal_distribution),
// native/TensorFactories.cpp (randperm_cpu); NumPy's legacy-distributions.c (legacy_gauss).

export class Generator {
  /** @param {number} seed */
  constructor(seed) {
    this.state = new Uint32Array(624);
    this.state[0] = seed;
    for (let i = 1; i < 624; i++) {
      const last = this.state[i - 1];
      this.state[i] = Math.imul(1812433253, last ^ (last >>> 30)) + i;
    }
    this.place = 624;
    /** @type {number | null} the second normal number of a pair */
    this.spare = null;
  }

  word() {
    // 32 bits
    const s = this.state;
    if (this.place === 624) {
      for (let i = 0; i < 624; i++) {
        const y = (s[i] & 0x80000000) | (s[(i + 1) % 624] & 0x7fffffff);
        s[i] = s[(i + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      this.place = 0;
    }
    let y = s[this.place++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  uniform() {
    // 53 bits, in [0, 1)
    const high = this.word() & 0x1fffff;
    return (high * 2 ** 32 + this.word()) * 2 ** -53;
  }

  uniform32() {
    // 24 bits, in [0, 1): what PyTorch draws in single precision
    return (this.word() & 0xffffff) * 2 ** -24;
  }

  normal() {
    if (this.spare !== null) {
      const spare = this.spare;
      this.spare = null;
      return spare;
    }
    const angle = 2 * Math.PI * this.uniform();
    const radius = Math.sqrt(-2 * Math.log1p(-this.uniform()));
    this.spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** @param {Float64Array} values @param {number} bound */
  fillUniform(values, bound) {
    for (let i = 0; i < values.length; i++)
      values[i] = this.uniform() * (2 * bound) - bound;
  }

  /** A normal number of NumPy's legacy generator: Marsaglia's polar method. */
  numpyNormal() {
    if (this.spare !== null) {
      const spare = this.spare;
      this.spare = null;
      return spare;
    }
    const draw = () => ((this.word() >>> 5) * 2 ** 26 + (this.word() >>> 6)) * 2 ** -52 - 1;
    let x = 0, y = 0, square = 0;
    do {
      x = draw();
      y = draw();
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const factor = Math.sqrt((-2 * Math.log(square)) / square);
    this.spare = factor * x;
    return factor * y;
  }

  /** @param {Float64Array} values @param {number} deviation
   * @param {boolean} [single] As in single precision; then there are at least 16. */
  fillNormal(values, deviation, single = false) {
    const n = values.length;
    const uniform = () => (single ? this.uniform32() : this.uniform());
    for (let i = 0; i < n; i++)
      values[i] = n < 16 ? this.normal() * deviation : uniform();
    if (n < 16) return;
    for (let i = 0; i + 16 <= n; i += 16) toNormal(values, i, deviation);
    if (n % 16) {
      // the last 16 again, from new numbers
      for (let i = n - 16; i < n; i++) values[i] = uniform();
      toNormal(values, n - 16, deviation);
    }
  }

  /**
   * The whole numbers below n in random order, as torch.randperm(n).
   * @param {Int32Array} order Where they are written.
   */
  shuffle(order) {
    const n = order.length;
    for (let i = 0; i < n; i++) order[i] = i;
    for (let i = 0; i < n - 1; i++) {
      const other = i + (this.word() % (n - i));
      const kept = order[i];
      order[i] = order[other];
      order[other] = kept;
    }
  }
}

/**
 * Turn 16 uniform numbers into normal ones.
 * @param {Float64Array} values @param {number} start @param {number} deviation
 */
function toNormal(values, start, deviation) {
  for (let i = start; i < start + 8; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - values[i]));
    const angle = 2 * Math.PI * values[i + 8];
    values[i] = radius * Math.cos(angle) * deviation;
    values[i + 8] = radius * Math.sin(angle) * deviation;
  }
}
