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

// What lies between two bounds; NaN stays NaN.
static inline two clamp(two x, double low, double high) {
  x = __builtin_wasm_pmin_f64x2(x, (two){high, high});
  return __builtin_wasm_pmax_f64x2(x, (two){low, low});
}

// e to the power of x as a fraction: 2 to a whole power times above / below, which is
// the remainder formula of fdlibm's e_exp.c. Whoever needs e / (e + 1) divides once.
typedef struct { two above, below; } fraction;
static inline fraction power(two x) {
  const two round = {0x1.8p52, 0x1.8p52};
  const two shifted = x * 0x1.71547652b82fep0 + round;
  const two k = shifted - round;
  const two r = x - k * 0x1.62e42fefa39efp-1 - k * 0x1.abc9e3b39803fp-56;
  const two square = r * r;
  two series = square * 0x1.6376972bea4dp-25 - 0x1.bbd41c5d26bf1p-20;
  series = series * square + 0x1.1566aaf25de2cp-14;
  series = series * square - 0x1.6c16c16bebd93p-9;
  series = series * square + 0x1.555555555553ep-3;
  const two below = 2 - (r - square * series);
  const whole bits = ((whole)shifted << 52) + 0x3ff0000000000000ll;
  return (fraction){(below + (r + r)) * (two)bits, below};
}

static inline two tanh2(two x) {
  // From 20 on tanh is 1 in double precision.
  const fraction e = power(clamp(x + x, -40, 40));
  return (e.above - e.below) / (e.above + e.below);
}

static inline two sigmoid2(two x) {
  const fraction e = power(clamp(x, -708, 708));
  return e.above / (e.above + e.below);
}

static inline double power1(double x) {
  const fraction e = power(clamp((two){x, x}, -708, 708));
  return e.above[0] / e.below[0];
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

// Gradients of ROWS x COLUMNS weights at once: sums over the points.
#define DOTS(ROWS, COLUMNS)                                                    \
  {                                                                            \
    two sum[ROWS][COLUMNS] = {0};                                              \
    for (int k = 0; k < last; k++)                                             \
      for (int a = 0; a < ROWS; a++)                                           \
        for (int b = 0; b < COLUMNS; b++)                                      \
          sum[a][b] += slope[a * last + k] * from[b * last + k];               \
    for (int a = 0; a < ROWS; a++)                                             \
      for (int b = 0; b < COLUMNS; b++)                                        \
        AT(into)[(j + a) * count + i + b] = sum[a][b][0] + sum[a][b][1];       \
  }

EXPORT(correlate)(int into, int intoBias, int slopes, int n, int rows, int count,
                  int source) {
  const int last = n / 2;
  for (int j = 0; j < rows; j++) {
    const two *slope = TWO(slopes + j * n);
    two all[4] = {0};
    for (int k = 0; k < last; k += 4)
      for (int a = 0; a < 4; a++) all[a] += slope[k + a];
    const two sum = (all[0] + all[1]) + (all[2] + all[3]);
    *AT(intoBias + j) = sum[0] + sum[1];
  }
  for (int j = 0; j < rows; j += 2) {
    const two *slope = TWO(slopes + j * n);
    for (int i = 0; i < count; i += 4) {
      const two *from = TWO(source + i * n);
      const int both = j + 1 < rows, columns = count - i;
      if (both && columns > 3) DOTS(2, 4)
      else if (both && columns == 3) DOTS(2, 3)
      else if (both && columns == 2) DOTS(2, 2)
      else if (both) DOTS(2, 1)
      else if (columns > 3) DOTS(1, 4)
      else if (columns == 3) DOTS(1, 3)
      else if (columns == 2) DOTS(1, 2)
      else DOTS(1, 1)
    }
  }
}

EXPORT(activate)(int kind, int values, int count) {
  two *v = TWO(values);
  const int last = count / 2;
  const two zero = {0, 0};
  if (kind == TANH)
    for (int k = 0; k < last; k++) v[k] = tanh2(v[k]);
  else if (kind == SIGMOID)
    for (int k = 0; k < last; k++) v[k] = sigmoid2(v[k]);
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
  if (classes == 0) {
    for (int k = 0; k < n; k++) d[k] = k < points ? 2 * (z[k] - y[k]) / points : 0;
    return;
  }
  if (classes == 1) {
    for (int k = 0; k < n; k += 2) {
      const two p = sigmoid2(*(two *)(z + k));
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
