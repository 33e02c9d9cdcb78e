// The arithmetic of a training step, in WebAssembly with two doubles at a time.
//
// kernels.mjs says what each function does and does the same in JavaScript. Places are
// counted in doubles from the beginning of the memory. A row has `n` doubles, one for
// each point, and n is a multiple of 8: the rows are padded with zeros.
//
// `nox -s kernels` compiles this file into kernels.wasm.mjs.
typedef double two __attribute__((vector_size(16)));
typedef long long whole __attribute__((vector_size(16)));
#define AT(place) ((double *)((unsigned)(place) * 8u))
#define TWO(place) ((two *)((unsigned)(place) * 8u))
#define EXPORT(name) __attribute__((export_name(#name))) void name

enum { TANH, SIGMOID, RELU };
enum { SGD, MOMENTUM, ADAM };

static inline two choose(whole yes, two a, two b) {
  return (two)(((whole)a & yes) | ((whole)b & ~yes));
}

// e to the power of x: 2 to a whole power, times a series for what is left.
static inline two power(two x) {
  const two low = {-708, -708}, high = {708, 708}, round = {0x1.8p52, 0x1.8p52};
  x = choose(x < low, low, x);
  x = choose(x > high, high, x);
  const two shifted = x * 0x1.71547652b82fep0 + round;
  const two k = shifted - round;
  const two r = x - k * 0x1.62e42fefa39efp-1 - k * 0x1.abc9e3b39803fp-56;
  two sum = r * (1.0 / 6227020800) + 1.0 / 479001600;
  sum = sum * r + 1.0 / 39916800;
  sum = sum * r + 1.0 / 3628800;
  sum = sum * r + 1.0 / 362880;
  sum = sum * r + 1.0 / 40320;
  sum = sum * r + 1.0 / 5040;
  sum = sum * r + 1.0 / 720;
  sum = sum * r + 1.0 / 120;
  sum = sum * r + 1.0 / 24;
  sum = sum * r + 1.0 / 6;
  sum = sum * r + 0.5;
  sum = sum * r + 1;
  sum = sum * r + 1;
  const whole bits = ((whole)shifted << 52) + 0x3ff0000000000000ll;
  return sum * (two)bits;
}

static inline double power1(double x) {
  const two both = {x, x};
  return power(both)[0];
}

// `rows` rows of `out` from row j on: bias + the sum of weight * source over `count`.
#define SUMS(ROWS)                                                             \
  for (int k = 0; k < n; k += 8) {                                             \
    two sum[ROWS][4];                                                          \
    for (int a = 0; a < ROWS; a++) {                                           \
      const double start = bias < 0 ? 0 : *AT(bias + j + a);                   \
      for (int b = 0; b < 4; b++) sum[a][b] = (two){start, start};             \
    }                                                                          \
    for (int i = 0; i < count; i++) {                                          \
      const two *from = TWO(source + i * n + k);                               \
      for (int a = 0; a < ROWS; a++) {                                         \
        const double w = *AT(weights + (j + a) * row + i * column);            \
        for (int b = 0; b < 4; b++) sum[a][b] += from[b] * w;                  \
      }                                                                        \
    }                                                                          \
    for (int a = 0; a < ROWS; a++)                                             \
      for (int b = 0; b < 4; b++) TWO(out + (j + a) * n + k)[b] = sum[a][b];   \
  }

EXPORT(weightedSums)(int out, int n, int rows, int bias, int weights, int row, int column,
                     int count, int source) {
  int j = 0;
  for (; j + 2 <= rows; j += 2) SUMS(2)
  if (j < rows) SUMS(1)
}

EXPORT(correlate)(int into, int intoBias, int slopes, int n, int rows, int count,
                  int source) {
  for (int j = 0; j < rows; j++) {
    const two *slope = TWO(slopes + j * n);
    const int last = n / 2;
    two all = {0, 0};
    for (int k = 0; k < last; k++) all += slope[k];
    *AT(intoBias + j) = all[0] + all[1];
    int i = 0;
    for (; i + 4 <= count; i += 4) {
      const two *a = TWO(source + i * n), *b = a + last, *c = b + last, *d = c + last;
      two sa = {0, 0}, sb = sa, sc = sa, sd = sa;
      for (int k = 0; k < last; k++) {
        const two s = slope[k];
        sa += s * a[k];
        sb += s * b[k];
        sc += s * c[k];
        sd += s * d[k];
      }
      double *to = AT(into + j * count + i);
      to[0] = sa[0] + sa[1];
      to[1] = sb[0] + sb[1];
      to[2] = sc[0] + sc[1];
      to[3] = sd[0] + sd[1];
    }
    for (; i < count; i++) {
      const two *a = TWO(source + i * n);
      two sum = {0, 0};
      for (int k = 0; k < last; k++) sum += slope[k] * a[k];
      *AT(into + j * count + i) = sum[0] + sum[1];
    }
  }
}

EXPORT(activate)(int kind, int values, int count) {
  two *v = TWO(values);
  const int last = count / 2;
  const two zero = {0, 0};
  if (kind == TANH)
    for (int k = 0; k < last; k++) v[k] = 1 - 2 / (power(2 * v[k]) + 1);
  else if (kind == SIGMOID)
    for (int k = 0; k < last; k++) v[k] = 1 / (power(-v[k]) + 1);
  else
    for (int k = 0; k < last; k++) v[k] = choose(v[k] < zero, zero, v[k]);
}

EXPORT(slopesThrough)(int kind, int values, int slopes, int count) {
  const two *v = TWO(values), zero = {0, 0};
  two *d = TWO(slopes);
  const int last = count / 2;
  if (kind == TANH)
    for (int k = 0; k < last; k++) d[k] *= 1 - v[k] * v[k];
  else if (kind == SIGMOID)
    for (int k = 0; k < last; k++) d[k] *= v[k] * (1 - v[k]);
  else
    for (int k = 0; k < last; k++) d[k] = choose(v[k] <= zero, zero, d[k]);
}

EXPORT(lossSlopes)(int logits, int labels, int slopes, int n, int points, int classes) {
  const double *z = AT(logits), *y = AT(labels);
  double *d = AT(slopes);
  if (classes == 1) {
    for (int k = 0; k < n; k += 2) {
      const two p = 1 / (power(-*(two *)(z + k)) + 1);
      for (int a = 0; a < 2; a++)
        d[k + a] = k + a < points ? (p[a] - y[k + a]) / points : 0;
    }
    return;
  }
  for (int k = 0; k < points; k++) {
    double top = z[k], total = 0;
    for (int c = 1; c < classes; c++)
      if (z[c * n + k] > top) top = z[c * n + k];
    for (int c = 0; c < classes; c++)
      total += d[c * n + k] = power1(z[c * n + k] - top);
    for (int c = 0; c < classes; c++) d[c * n + k] /= total * points;
    d[(int)y[k] * n + k] -= 1.0 / points;
  }
  for (int c = 0; c < classes; c++)
    for (int k = points; k < n; k++) d[c * n + k] = 0;
}

EXPORT(penalize)(int gradients, int weights, int count, double l1, double l2) {
  const double *w = AT(weights);
  double *g = AT(gradients);
  for (int i = 0; i < count; i++)
    g[i] += l2 * w[i] + (w[i] > 0 ? l1 : w[i] < 0 ? -l1 : 0);
}

EXPORT(update)(int kind, int weights, int gradients, int first, int second, int count,
               double rate, double correction) {
  double *w = AT(weights), *m = AT(first), *v = AT(second);
  const double *g = AT(gradients);
  if (kind == SGD)
    for (int i = 0; i < count; i++) w[i] -= rate * g[i];
  else if (kind == MOMENTUM)
    for (int i = 0; i < count; i++) w[i] -= rate * (m[i] = 0.9 * m[i] + g[i]);
  else
    for (int i = 0; i < count; i++) {
      m[i] += 0.1 * (g[i] - m[i]);
      v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
      w[i] -= rate * m[i] / (__builtin_sqrt(v[i]) / correction + 1e-8);
    }
}
