"use strict";
// The playground: a small network that the reader changes and trains on the page.
//
// It does what the copied script does in PyTorch: full-batch gradient descent in double
// precision, from the weights that PyTorch draws for the same seed.
(() => {
  const WORDS = {
    zh: {
      title: "训练场",
      data: "数据",
      flower: "花",
      gaussians: "两团点",
      quadrants: "四个象限",
      points: "自己放点",
      play: "训练",
      pause: "暂停",
      step: "走一步",
      reset: "重来",
      steps: "步数",
      loss: "损失",
      accuracy: "准确率",
      plane: "平面图。方向键移动十字，听到那里的值；按住 Shift 走得更细。",
      plane_points:
        "平面图。方向键移动十字，回车在十字处放一个点，退格键拿走最近的点。",
      hint: "鼠标放到图上，或者点一下，这里写出那一点的值。",
      hint_points: "点一下图，放一个点。",
      pictures: "看哪一个",
      network: "整个网络",
      layer: "第 {layer} 层",
      unit: "第 {layer} 层第 {unit} 个神经元",
      unit_weights: "第 {layer} 层第 {unit} 个神经元：权重 {weights}，偏置 {bias}",
      look: "着墨越重，输出越大；线是它的分界。",
      curve: "损失曲线，从 {first} 到 {last}，共 {step} 步",
      curve_empty: "损失曲线，还没有训练",
      settings: "网络和训练",
      depth: "隐藏层",
      width: "第 {layer} 层的神经元：",
      activation: "激活函数",
      rate: "学习率",
      init: "初始化",
      linear: "nn.Linear 的默认值",
      small: "randn × 0.01",
      seed: "随机种子",
      next_seed: "换下一个种子",
      speed: "速度",
      speed_one: "每帧 1 步",
      speed_many: "每帧 {n} 步",
      speed_max: "尽量快",
      restarts: "改动网络、数据或学习率，都从头训练。",
      class: "第 {label} 类",
      new_points: "点下去的是",
      undo: "撤回一个点",
      clear: "清空",
      at: "x₁ = {x}，x₂ = {y}",
      is_class: "第 {label} 类，p = {p}",
      is_value: "输出 {value}",
      point_added: "放下一个第 {label} 类的点，共 {n} 个",
      point_gone: "拿走一个点，还剩 {n} 个",
      link: "这个设置的链接",
      copy_link: "复制链接",
      copy_code: "复制成 PyTorch",
      copied: "已复制",
      code: "看 PyTorch 代码",
      playing: "开始训练",
      paused: "停在第 {step} 步：损失 {loss}，准确率 {accuracy}",
      restarted: "已从头开始",
      moving: "正在训练：第 {step} 步，损失 {loss}",
      limit: "又走了 {n} 步，先停在这里。想接着走，再按“训练”。",
      catching_up: "正在走到第 {step} 步……",
      no_points: "还没有点。选一类，在图上点几下，至少要有两类点；也可以",
      use_flower: "用花的数据",
      one_class: "现在只有第 {label} 类的点，没有别的类要分开。换一类再点几下；也可以",
      exploded:
        "到第 {step} 步，损失从 {first} 涨到了 {loss}：学习率 {rate} 太大，每一步都跨过谷底，落到对面更高的地方。想看它怎样收场，再按“训练”；也可以",
      dead: "到第 {step} 步，有一层的 ReLU 对每个点都输出 0：网络对所有的点回答都一样，梯度传不回去，权重不会再变。可以",
      smaller_rate: "把学习率减到 {rate}，重来",
      bad_state: "网址里有看不懂的设置：{problems}。这几项换成了平常的值。",
      usual: "回到平常的设置",
      separator: "；",
      script_head: "与网页上同样的网络、同样的数据、同样的初始权重",
      script_double: "网页用双精度计算",
      script_threads: "网络很小，一个线程最快",
      script_init: "权重取自标准差 0.01 的正态分布，偏置为 0",
      script_page: "网页上是 {loss}",
    },
    en: {
      title: "Playground",
      data: "Data",
      flower: "Flower",
      gaussians: "Two clouds",
      quadrants: "Four quadrants",
      points: "Your own points",
      play: "Train",
      pause: "Pause",
      step: "One step",
      reset: "Start over",
      steps: "Steps",
      loss: "Loss",
      accuracy: "Accuracy",
      plane:
        "The plane. Arrow keys move a cross and tell the value there; with Shift, in small steps.",
      plane_points:
        "The plane. Arrow keys move a cross, Enter puts a point there, Backspace takes the nearest one away.",
      hint: "Move over the picture, or tap it, to read the values there.",
      hint_points: "Click or tap to put a point.",
      pictures: "What to look at",
      network: "Whole network",
      layer: "Layer {layer}",
      unit: "Layer {layer}, neuron {unit}",
      unit_weights: "Layer {layer}, neuron {unit}: weights {weights}, bias {bias}",
      look: "The more ink, the more it puts out; the line is its border.",
      curve: "Loss curve from {first} to {last} over {step} steps",
      curve_empty: "Loss curve, no step yet",
      settings: "Network and training",
      depth: "Hidden layers",
      width: "Neurons in layer {layer}: ",
      activation: "Activation",
      rate: "Learning rate",
      init: "Initialization",
      linear: "as nn.Linear",
      small: "randn × 0.01",
      seed: "Seed",
      next_seed: "Next seed",
      speed: "Speed",
      speed_one: "1 step a frame",
      speed_many: "{n} steps a frame",
      speed_max: "as fast as it can",
      restarts: "A change of network, data or learning rate starts over.",
      class: "class {label}",
      new_points: "A click puts",
      undo: "Take one back",
      clear: "Remove all",
      at: "x₁ = {x}, x₂ = {y}",
      is_class: "class {label}, p = {p}",
      is_value: "output {value}",
      point_added: "A point of class {label}; {n} points",
      point_gone: "One point taken away; {n} points",
      link: "Link to this set-up",
      copy_link: "Copy link",
      copy_code: "Copy as PyTorch",
      copied: "Copied",
      code: "Show the PyTorch code",
      playing: "Training",
      paused: "Stopped at step {step}: loss {loss}, accuracy {accuracy}",
      restarted: "Started over",
      moving: "Training: step {step}, loss {loss}",
      limit: "That was another {n} steps, so it stops here. Press Train to go on.",
      catching_up: "Going to step {step} …",
      no_points:
        "There are no points yet. Choose a class and click on the picture; it takes points of two classes. Or",
      use_flower: "take the flower",
      one_class:
        "All points are of class {label}: there is nothing to tell them from. Choose another class and click again. Or",
      exploded:
        "By step {step} the loss has risen from {first} to {loss}: the learning rate {rate} is too large, every step leaps across the valley and lands higher on the other side. To see how it ends, press Train again; or",
      dead: "By step {step} a layer of ReLUs puts out 0 for every point: the network has one answer for all of them, no gradient comes back, and the weights will not change any more. You can",
      smaller_rate: "start over with the rate {rate}",
      bad_state:
        "The address asks for something that cannot be: {problems}. These have their usual values now; you can also",
      usual: "take the usual set-up",
      separator: "; ",
      script_head: "The same network, data and initial weights as on the page",
      script_double: "the page computes in double precision",
      script_threads: "fastest for a network this small",
      script_init: "normal weights of standard deviation 0.01, no bias",
      script_page: "on the page: {loss}",
    },
  };
  const words = WORDS[pieces.language];
  const say = (key, values = {}) =>
    words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const { make } = pieces;

  // -- Random numbers, as torch.manual_seed(seed) and the CPU of PyTorch draw them -------
  // Sources: ATen/core/MT19937RNGEngine.h, TransformationHelper.h (uniform_real) and
  // native/cpu/DistributionTemplates.h (normal_fill; below 16 values normal_distribution).

  class Generator {
    constructor(seed) {
      this.state = new Uint32Array(624);
      this.state[0] = seed;
      for (let i = 1; i < 624; i++) {
        const last = this.state[i - 1];
        this.state[i] = Math.imul(1812433253, last ^ (last >>> 30)) + i;
      }
      this.place = 624;
      this.spare = null; // the second normal number of a pair
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

    fillUniform(values, bound) {
      for (let i = 0; i < values.length; i++)
        values[i] = this.uniform() * (2 * bound) - bound;
    }

    fillNormal(values, deviation) {
      const n = values.length;
      for (let i = 0; i < n; i++)
        values[i] = n < 16 ? this.normal() * deviation : this.uniform();
      if (n < 16) return;
      for (let i = 0; i + 16 <= n; i += 16) toNormal(values, i, deviation);
      if (n % 16) {
        // the last 16 again, from new numbers
        for (let i = n - 16; i < n; i++) values[i] = this.uniform();
        toNormal(values, n - 16, deviation);
      }
    }
  }

  function toNormal(values, start, deviation) {
    for (let i = start; i < start + 8; i++) {
      const radius = Math.sqrt(-2 * Math.log(1 - values[i]));
      const angle = 2 * Math.PI * values[i + 8];
      values[i] = radius * Math.cos(angle) * deviation;
      values[i + 8] = radius * Math.sin(angle) * deviation;
    }
  }

  // -- The network ----------------------------------------------------------------------
  // Values lie unit by unit: those of unit j for n points from j * n on. No step allocates.

  const ACTIVATIONS = {
    tanh: {
      module: "Tanh",
      border: () => 0,
      apply(v, n) {
        for (let k = 0; k < n; k++) v[k] = 1 - 2 / (Math.exp(2 * v[k]) + 1);
      },
      backward(v, d, n) {
        for (let k = 0; k < n; k++) d[k] *= 1 - v[k] * v[k];
      },
    },
    sigmoid: {
      module: "Sigmoid",
      border: () => 0.5,
      apply(v, n) {
        for (let k = 0; k < n; k++) v[k] = 1 / (Math.exp(-v[k]) + 1);
      },
      backward(v, d, n) {
        for (let k = 0; k < n; k++) d[k] *= v[k] * (1 - v[k]);
      },
    },
    relu: {
      module: "ReLU",
      border: (max) => max / 100,
      apply(v, n) {
        for (let k = 0; k < n; k++) if (v[k] < 0) v[k] = 0;
      },
      backward(v, d, n) {
        for (let k = 0; k < n; k++) if (v[k] <= 0) d[k] = 0;
      },
    },
  };

  class Network {
    // sizes: units of each layer, the two inputs and the outputs included.
    constructor(sizes, activation, init, seed) {
      this.sizes = sizes;
      this.activation = ACTIVATIONS[activation];
      const generator = new Generator(seed);
      this.layers = sizes.slice(1).map((outputs, i) => {
        const inputs = sizes[i];
        const layer = {
          inputs,
          outputs,
          weights: new Float64Array(outputs * inputs),
          biases: new Float64Array(outputs),
          weightGradients: new Float64Array(outputs * inputs),
          biasGradients: new Float64Array(outputs),
        };
        // nn.Linear: kaiming_uniform_ with a = sqrt(5), and its bound for the bias.
        const gain = Math.sqrt(2 / (1 + Math.sqrt(5) ** 2));
        generator.fillUniform(layer.weights, Math.sqrt(3) * (gain / Math.sqrt(inputs)));
        generator.fillUniform(layer.biases, 1 / Math.sqrt(inputs));
        return layer;
      });
      if (init === "small")
        for (const { weights, biases } of this.layers) {
          generator.fillNormal(weights, 0.01);
          biases.fill(0);
        }
    }

    descend(rate) {
      for (const { weights, biases, weightGradients, biasGradients } of this.layers) {
        for (let i = 0; i < weights.length; i++)
          weights[i] -= rate * weightGradients[i];
        for (let i = 0; i < biases.length; i++) biases[i] -= rate * biasGradients[i];
      }
    }
  }

  // Room for n points on their way through a network.
  class Batch {
    constructor(sizes, n) {
      this.n = n;
      this.values = sizes.map((size) => new Float64Array(size * n));
      this.slopes = sizes.map((size) => new Float64Array(size * n)); // dloss / dvalues
    }

    forward({ layers, activation }) {
      const { n, values } = this;
      for (let l = 0; l < layers.length; l++) {
        const { inputs, outputs, weights, biases } = layers[l];
        for (let j = 0; j < outputs; j++)
          weightedSum(
            values[l + 1],
            j * n,
            n,
            biases[j],
            weights,
            j * inputs,
            1,
            inputs,
            values[l],
          );
        if (l + 1 < layers.length) activation.apply(values[l + 1], outputs * n);
      }
      return values[layers.length];
    }

    // From the slopes of the last layer to all gradients.
    backward({ layers, activation }) {
      const { n, values, slopes } = this;
      for (let l = layers.length - 1; l >= 0; l--) {
        const { inputs, outputs, weights, weightGradients, biasGradients } = layers[l];
        const slope = slopes[l + 1];
        for (let j = 0; j < outputs; j++) {
          correlate(weightGradients, j * inputs, slope, j * n, n, inputs, values[l]);
          let sum = 0;
          for (let k = j * n; k < (j + 1) * n; k++) sum += slope[k];
          biasGradients[j] = sum;
        }
        if (l === 0) return;
        for (let i = 0; i < inputs; i++)
          weightedSum(slopes[l], i * n, n, 0, weights, i, inputs, outputs, slope);
        activation.backward(values[l], slopes[l], inputs * n);
      }
    }
  }

  // out[at + k] = start + sum of weights[from + i * stride] * source[i * n + k] over i.
  // Several i at a time: each value of out is then read and written less often.
  function weightedSum(out, at, n, start, weights, from, stride, count, source) {
    out.fill(start, at, at + n);
    let i = 0;
    for (; i + 4 <= count; i += 4) {
      const w0 = weights[from + i * stride],
        w1 = weights[from + (i + 1) * stride];
      const w2 = weights[from + (i + 2) * stride],
        w3 = weights[from + (i + 3) * stride];
      const a = i * n,
        b = a + n,
        c = b + n,
        d = c + n;
      for (let k = 0; k < n; k++)
        out[at + k] +=
          w0 * source[a + k] +
          w1 * source[b + k] +
          w2 * source[c + k] +
          w3 * source[d + k];
    }
    for (; i + 2 <= count; i += 2) {
      const w0 = weights[from + i * stride],
        w1 = weights[from + (i + 1) * stride];
      const a = i * n,
        b = a + n;
      for (let k = 0; k < n; k++)
        out[at + k] += w0 * source[a + k] + w1 * source[b + k];
    }
    if (i < count) {
      const w = weights[from + i * stride],
        a = i * n;
      for (let k = 0; k < n; k++) out[at + k] += w * source[a + k];
    }
  }

  // into[from + i] = sum of slope[at + k] * source[i * n + k] over k.
  function correlate(into, from, slope, at, n, count, source) {
    let i = 0;
    for (; i + 2 <= count; i += 2) {
      const a = i * n,
        b = a + n;
      let first = 0,
        second = 0;
      for (let k = 0; k < n; k++) {
        const s = slope[at + k];
        first += s * source[a + k];
        second += s * source[b + k];
      }
      into[from + i] = first;
      into[from + i + 1] = second;
    }
    if (i < count) {
      const a = i * n;
      let sum = 0;
      for (let k = 0; k < n; k++) sum += slope[at + k] * source[a + k];
      into[from + i] = sum;
    }
  }

  // Write the slopes of the mean loss behind the logits; return that loss, or NaN where
  // nobody asks for it. One output: BCEWithLogitsLoss; several: CrossEntropyLoss.
  function lossSlopes(logits, labels, slopes, wanted) {
    const n = labels.length,
      classes = logits.length / n;
    let sum = 0;
    if (classes === 1) {
      for (let k = 0; k < n; k++) {
        const z = logits[k];
        slopes[k] = (1 / (1 + Math.exp(-z)) - labels[k]) / n;
        if (wanted)
          sum += Math.max(z, 0) - z * labels[k] + Math.log1p(Math.exp(-Math.abs(z)));
      }
      return wanted ? sum / n : NaN;
    }
    for (let k = 0; k < n; k++) {
      let top = logits[k],
        total = 0;
      for (let c = 1; c < classes; c++) top = Math.max(top, logits[c * n + k]);
      for (let c = 0; c < classes; c++)
        total += slopes[c * n + k] = Math.exp(logits[c * n + k] - top);
      for (let c = 0; c < classes; c++) slopes[c * n + k] /= total * n;
      slopes[labels[k] * n + k] -= 1 / n;
      if (wanted) sum += top + Math.log(total) - logits[labels[k] * n + k];
    }
    return wanted ? sum / n : NaN;
  }

  // The class and its probability for point k, from the logits of n points.
  function classOf(logits, k, n) {
    const classes = logits.length / n;
    if (classes === 1) {
      const p = 1 / (1 + Math.exp(-logits[k]));
      return p > 0.5 ? [1, p] : [0, 1 - p];
    }
    let best = 0,
      total = 0;
    for (let c = 1; c < classes; c++)
      if (logits[c * n + k] > logits[best * n + k]) best = c;
    for (let c = 0; c < classes; c++)
      total += Math.exp(logits[c * n + k] - logits[best * n + k]);
    return [best, 1 / total];
  }

  // -- The set-up, as it stands in the address ------------------------------------------

  const LIMITS = {
    layers: 3,
    units: 10,
    points: 500,
    classes: 4,
    seed: 2 ** 32 - 1,
    steps: 50000,
  };
  const RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100];
  const SPEEDS = ["1", "10", "100", "max"];
  const OWN_SQUARE = 5; // half the side of the plane for the reader's own points
  const USUAL = {
    data: "flower",
    points: [],
    hidden: [4],
    activation: "tanh",
    lr: 1,
    init: "linear",
    seed: 5,
    speed: "10",
    steps: 0,
  };

  const oneOf = (choices) => (text) => (choices.includes(text) ? text : undefined);
  function wholeNumber(text, low, high) {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
    return value >= low && value <= high ? value : undefined;
  }
  const READERS = {
    data: oneOf(["flower", "gaussians", "quadrants", "points"]),
    points(text) {
      const points = text
        .split(",")
        .filter(Boolean)
        .map((point) => point.split(":"));
      const fine =
        points.length <= LIMITS.points &&
        points.every(
          ([label, ...place]) =>
            wholeNumber(label, 0, LIMITS.classes - 1) !== undefined &&
            place.length === 2 &&
            place.every((x) => /^-?\d(\.\d+)?$/.test(x) && Math.abs(x) <= OWN_SQUARE),
        );
      return fine ? points.map((point) => point.map(Number)) : undefined;
    },
    hidden(text) {
      if (text === "0" || text === "") return [];
      const sizes = text.split(",").map((size) => wholeNumber(size, 1, LIMITS.units));
      return sizes.length <= LIMITS.layers && !sizes.includes(undefined)
        ? sizes
        : undefined;
    },
    activation: oneOf(Object.keys(ACTIVATIONS)),
    lr: (text) =>
      /^\d*\.?\d+(e-?\d+)?$/.test(text) && text > 0 && text <= 1000
        ? Number(text)
        : undefined,
    init: oneOf(["linear", "small"]),
    seed: (text) => wholeNumber(text, 0, LIMITS.seed),
    speed: oneOf(SPEEDS),
    steps: (text) => wholeNumber(text, 0, LIMITS.steps),
  };

  // Return the set-up that the fields ask for, and the fields that ask in vain.
  function readState(fields) {
    const state = structuredClone(USUAL),
      problems = [];
    for (const [name, text] of Object.entries(fields)) {
      const value = Object.hasOwn(READERS, name) ? READERS[name](text) : undefined;
      if (value === undefined) problems.push(`${name}=${text}`.slice(0, 60));
      else state[name] = value;
    }
    return { state, problems };
  }

  function writeState(state, steps) {
    const points =
      state.data === "points"
        ? state.points.map((point) => point.join(":")).join(",")
        : "";
    const fields = { ...state, steps, hidden: state.hidden.join(",") || "0", points };
    if (!points) delete fields.points;
    return Object.entries(fields)
      .map(([name, value]) => `${name}=${value}`)
      .join("&");
  }

  // -- The points -----------------------------------------------------------------------

  // Return points (both coordinates one after the other), labels, number of outputs and
  // half the side of the square that is shown.
  function readData(state) {
    if (state.data === "points") {
      const { points } = state;
      const labels = Uint8Array.from(points, ([label]) => label);
      const inputs = Float64Array.from([
        ...points.map(([, x]) => x),
        ...points.map(([, , y]) => y),
      ]);
      const classes = Math.max(1, ...labels) + 1;
      return {
        inputs,
        labels,
        outputs: classes === 2 ? 1 : classes,
        square: OWN_SQUARE,
      };
    }
    const set = pieces.playgroundData[state.data];
    const bytes = Uint8Array.from(atob(set.inputs), (char) => char.charCodeAt());
    const inputs = Float64Array.from(new Float32Array(bytes.buffer));
    const labels = Uint8Array.from(set.labels, Number);
    const square = 1.08 * inputs.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    return { inputs, labels, outputs: set.outputs, square };
  }

  // -- The script -----------------------------------------------------------------------

  function pythonScript(state, steps, loss) {
    const set = pieces.playgroundData[state.data];
    const { labels, outputs } = readData(state);
    const one = outputs === 1;
    const sizes = [2, ...state.hidden, outputs];
    const lines = [`# ${words.script_head}`];
    if (set)
      lines.push(
        set.code,
        "",
        "",
        `inputs, targets = ${set.call}`,
        "inputs = inputs.double()",
      );
    else {
      const rows = state.points.map(([, x, y]) => `    [${x}, ${y}],`);
      lines.push("import torch", "from torch import nn", "");
      lines.push("inputs = torch.tensor([", ...rows, "], dtype=torch.float64)");
      lines.push(`targets = torch.tensor([${[...labels].join(", ")}])`);
    }
    if (one) lines.push("targets = targets.reshape(-1, 1).double()");
    lines.push("", `torch.set_default_dtype(torch.float64)  # ${words.script_double}`);
    lines.push(`torch.set_num_threads(1)  # ${words.script_threads}`);
    lines.push(`torch.manual_seed(${state.seed})`, "model = nn.Sequential(");
    sizes.slice(1).forEach((size, i) => {
      lines.push(`    nn.Linear(${sizes[i]}, ${size}),`);
      if (i + 2 < sizes.length)
        lines.push(`    nn.${ACTIVATIONS[state.activation].module}(),`);
    });
    lines.push(")");
    if (state.init === "small")
      lines.push(
        `# ${words.script_init}`,
        "for layer in model:",
        "    if isinstance(layer, nn.Linear):",
        "        nn.init.normal_(layer.weight, std=0.01)",
        "        nn.init.zeros_(layer.bias)",
      );
    lines.push(
      "",
      `loss_function = nn.${one ? "BCEWithLogitsLoss" : "CrossEntropyLoss"}()`,
    );
    lines.push(`optimizer = torch.optim.SGD(model.parameters(), lr=${state.lr})`);
    lines.push(
      `for step in range(${steps || 1000}):`,
      "    optimizer.zero_grad()",
      "    loss_function(model(inputs), targets).backward()",
      "    optimizer.step()",
      "",
    );
    const page = steps ? `  # ${say("script_page", { loss: loss.toFixed(6) })}` : "";
    lines.push(`print(loss_function(model(inputs), targets).item())${page}`, "");
    return lines.join("\n");
  }

  // -- Drawing --------------------------------------------------------------------------

  // Places along each side of the plane at which the network is asked for the picture;
  // fewer while it trains where painting takes long.
  const FINE = 64,
    COARSE = 32;
  const COLORS = [
    [0, 114, 178],
    [230, 159, 0],
    [0, 158, 115],
    [204, 121, 167],
  ];
  const MARKS = [
    // one shape for each class, around 0
    (path, r) => path.arc(0, 0, r, 0, 7),
    (path, r) => {
      path.moveTo(0, -1.2 * r);
      path.lineTo(1.1 * r, 0.8 * r);
      path.lineTo(-1.1 * r, 0.8 * r);
    },
    (path, r) => path.rect(-0.9 * r, -0.9 * r, 1.8 * r, 1.8 * r),
    (path, r) => {
      path.moveTo(0, -1.3 * r);
      path.lineTo(1.3 * r, 0);
      path.lineTo(0, 1.3 * r);
      path.lineTo(-1.3 * r, 0);
    },
  ].map((draw) => (r) => {
    const path = new Path2D();
    draw(path, r);
    path.closePath();
    return path;
  });

  // Make the pixels of a canvas fit its place on the page; return its context and size.
  function fitted(canvas) {
    const scale = Math.min(devicePixelRatio || 1, 2);
    const width = Math.round(canvas.clientWidth * scale),
      height = Math.round(canvas.clientHeight * scale);
    if (canvas.width !== width || canvas.height !== height)
      Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    return { context, width, height, scale };
  }

  // One picture in small: its pixels, and the network's values at their middles.
  class Screen {
    constructor(side) {
      this.side = side;
      this.image = new ImageData(side, side); // colors of the classes
      this.ink = new ImageData(side, side); // what one neuron puts out
      this.canvas = make("canvas", { width: side, height: side });
    }

    // Make room for a network of these sizes on a square of half the side `square`.
    prepare(sizes, square) {
      const { side } = this;
      this.batch = new Batch(sizes, side * side);
      const [inputs] = this.batch.values;
      for (let k = 0; k < side * side; k++) {
        inputs[k] = ((((k % side) + 0.5) / side) * 2 - 1) * square;
        inputs[side * side + k] =
          (1 - ((Math.floor(k / side) + 0.5) / side) * 2) * square;
      }
    }
  }

  // Add to path the lines on which field(column, row) crosses 0, between the places.
  function addBorder(path, field, side, size) {
    const at = (i) => ((i + 0.5) / side) * size;
    for (let row = 0; row + 1 < side; row++)
      for (let column = 0; column + 1 < side; column++) {
        const corners = [
          [column, row],
          [column + 1, row],
          [column + 1, row + 1],
          [column, row + 1],
        ];
        const heights = corners.map(([i, j]) => field(i, j));
        let started = false;
        for (let a = 0; a < 4; a++) {
          const b = (a + 1) % 4;
          if (heights[a] > 0 === heights[b] > 0) continue;
          const part = heights[a] / (heights[a] - heights[b]);
          const x = at(corners[a][0] + part * (corners[b][0] - corners[a][0]));
          const y = at(corners[a][1] + part * (corners[b][1] - corners[a][1]));
          if (started) path.lineTo(x, y);
          else path.moveTo(x, y);
          started = !started;
        }
      }
  }

  const shortNumber = (x, digits = 2) =>
    Number.isFinite(x) ? x.toFixed(digits).replace("-", "−") : "NaN";
  const percent = (x) => `${(100 * x).toFixed(1)}%`;

  // -- The piece ------------------------------------------------------------------------

  pieces.playground = async function playground(box, fields) {
    await pieces.load("playground-data.js");
    const place = box.parentElement,
      isOwnPage = "ownPage" in place.dataset;
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    let { state, problems } = readState(fields);
    let data, network, batch, probeBatch;
    const fine = new Screen(FINE),
      coarse = new Screen(COARSE);
    let step = 0,
      loss = NaN,
      accuracy = NaN;
    let curve = [],
      curveStride = 1; // [step, loss]
    let first = NaN,
      mayExplode = false; // loss at step 0; whether the reader wants to go on
    let running = false,
      touched = false,
      seen = false,
      until = 0,
      catchingUp = false,
      frame = 0;
    let isSlow = false; // whether fine pictures would hold up the training
    let budget = 8,
      paintCost = 0,
      lastFrame = 0,
      lastPaint = 0,
      lastSaid = 0; // ms
    let probe = null; // [x, y] in the plane
    let view = "network",
      newClass = 1;

    // The elements, from top to bottom.
    const id = (name) => `playground-${name}-${(place.dataset.number ??= ++count)}`;
    const select = (key, options, change) =>
      make(
        "label",
        { class: "pg-field" },
        make("span", {}, words[key]),
        make(
          "select",
          { "data-field": key, onchange: (event) => change(event.target.value) },
          ...options.map(([value, text]) => make("option", { value }, text)),
        ),
      );
    const button = (key, press) =>
      make("button", { type: "button", "data-press": key, onclick: press }, words[key]);
    const figure = (key) => {
      const value = make("data", { class: `pg-${key}` });
      return [make("span", {}, `${words[key]} `, value), value];
    };

    const playButton = button("play", () => (running ? pause() : play()));
    const [stepsPart, stepsValue] = figure("steps");
    const [lossPart, lossValue] = figure("loss");
    const [accuracyPart, accuracyValue] = figure("accuracy");
    const notice = make("div", { class: "pg-notice", role: "alert" });
    const plane = make("canvas", {
      class: "pg-plane",
      tabindex: 0,
      role: "application",
    });
    const probeText = make("p", { class: "pg-probe" });
    const marks = make("div", {
      class: "pg-row pg-marks",
      role: "group",
      "aria-label": words.new_points,
    });
    const pictures = make("fieldset", { class: "pg-pictures" });
    const curveCanvas = make("canvas", { class: "pg-curve", role: "img" });
    const widths = make("div", { class: "pg-row pg-widths" });
    const seedInput = make("input", {
      type: "number",
      min: 0,
      max: LIMITS.seed,
      step: 1,
      inputmode: "numeric",
    });
    const link = make("a", {}, words.link);
    const code = make("code"),
      script = make(
        "details",
        { class: "pg-script" },
        make("summary", {}, words.code),
        make("pre", { tabindex: 0 }, code),
      );
    const hear = pieces.voice(box);

    box.prepend(
      make(
        "div",
        { class: "pg-row" },
        select(
          "data",
          ["flower", "gaussians", "quadrants", "points"].map((name) => [
            name,
            words[name],
          ]),
          (value) => change({ data: value }),
        ),
        playButton,
        button("step", () => {
          pause();
          advance(1);
        }),
        button("reset", () => {
          restart();
          hear(words.restarted);
        }),
      ),
      make("p", { class: "pg-figures" }, stepsPart, lossPart, accuracyPart),
      notice,
      make(
        "div",
        { class: "pg-views" },
        make("div", {}, plane, probeText, marks),
        make("div", {}, pictures, curveCanvas),
      ),
      make(
        "fieldset",
        { class: "pg-settings" },
        make("legend", {}, words.settings),
        make(
          "div",
          { class: "pg-row" },
          select(
            "depth",
            [0, 1, 2, 3].map((n) => [n, n]),
            (value) => {
              const { hidden } = state;
              change({
                hidden: Array.from(
                  { length: Number(value) },
                  (_, i) => hidden[i] ?? hidden.at(-1) ?? 4,
                ),
              });
            },
          ),
          widths,
        ),
        make(
          "div",
          { class: "pg-row" },
          select(
            "activation",
            Object.entries(ACTIVATIONS).map(([name, { module }]) => [
              name,
              module === "ReLU" ? module : name,
            ]),
            (value) => change({ activation: value }),
          ),
          select(
            "rate",
            RATES.map((rate) => [rate, rate]),
            (value) => change({ lr: Number(value) }),
          ),
          select(
            "init",
            ["linear", "small"].map((name) => [name, words[name]]),
            (value) => change({ init: value }),
          ),
        ),
        make(
          "div",
          { class: "pg-row" },
          make("label", { class: "pg-field" }, make("span", {}, words.seed), seedInput),
          button("next_seed", () =>
            change({ seed: (state.seed + 1) % (LIMITS.seed + 1) }),
          ),
          select(
            "speed",
            SPEEDS.map((n) => [
              n,
              n === "max"
                ? words.speed_max
                : n === "1"
                  ? words.speed_one
                  : say("speed_many", { n }),
            ]),
            (value) => {
              state.speed = value;
              showAddress();
            },
          ),
        ),
        make("p", { class: "pg-quiet" }, words.restarts),
      ),
      make(
        "div",
        { class: "pg-row" },
        link,
        button("copy_link", (event) => copy(event.target, link.href)),
        button("copy_code", (event) =>
          copy(event.target, pythonScript(state, step, loss)),
        ),
      ),
      script,
    );

    seedInput.addEventListener("change", () => {
      const seed = READERS.seed(seedInput.value);
      if (seed === undefined) seedInput.value = state.seed;
      else change({ seed });
    });
    script.addEventListener("toggle", showScript);

    async function copy(pressed, text) {
      await copyText(text);
      const before = pressed.textContent;
      pressed.textContent = words.copied;
      hear(words.copied);
      setTimeout(() => {
        pressed.textContent = before;
      }, 1500);
    }

    // -- Changes ------------------------------------------------------------------------

    // Take over some settings; all but the speed start the training anew.
    function change(settings) {
      const wasRunning = running;
      touched = true;
      Object.assign(state, settings);
      state.steps = 0;
      restart();
      if (wasRunning) play();
    }

    function restart() {
      pause(false);
      data = readData(state);
      const sizes = [2, ...state.hidden, data.outputs];
      network = new Network(sizes, state.activation, state.init, state.seed);
      batch = new Batch(sizes, data.labels.length);
      batch.values[0].set(data.inputs);
      probeBatch = new Batch(sizes, 1);
      fine.prepare(sizes, data.square);
      coarse.prepare(sizes, data.square);
      isSlow = false;
      step = 0;
      curve = [];
      curveStride = 1;
      showControls();
      tell(...complaint());
      mayExplode = false;
      measure();
      first = loss;
      paint();
      showAddress();
      showScript();
    }

    // What stands in the way of training, as arguments of tell.
    function complaint() {
      const classes = new Set(data.labels);
      const wayOut = ["use_flower", () => change({ data: "flower" })];
      if (classes.size === 0) return [words.no_points, wayOut];
      if (classes.size === 1)
        return [say("one_class", { label: [...classes][0] }), wayOut];
      return [];
    }

    // Show a notice with ways out of it, each a text (or the name of one) and what it does.
    function tell(text = "", ...ways) {
      notice.replaceChildren(
        text && make("span", {}, `${text} `),
        ...ways.map(([name, go]) =>
          make(
            "button",
            {
              type: "button",
              onclick: () => {
                go();
                plane.focus({ preventScroll: true });
              },
            },
            words[name] ?? name,
          ),
        ),
      );
      notice.hidden = !text;
    }

    // -- Training -----------------------------------------------------------------------

    function play() {
      if (complaint().length) return tell(...complaint());
      if (!Number.isFinite(loss)) restart();
      tell();
      running = true;
      until = step + LIMITS.steps;
      playButton.textContent = words.pause;
      hear(words.playing);
      lastSaid = performance.now();
      schedule();
    }

    function pause(aloud = true) {
      const wasRunning = running;
      running = catchingUp = false;
      playButton.textContent = words.play;
      cancelAnimationFrame(frame);
      frame = 0;
      if (!wasRunning) return;
      paint();
      showAddress();
      showScript();
      if (aloud)
        hear(
          say("paused", {
            step,
            loss: shortNumber(loss, 4),
            accuracy: percent(accuracy),
          }),
        );
    }

    function schedule() {
      if (running && seen && !frame) frame = requestAnimationFrame(work);
    }

    // One frame: some steps, never so many that the page stops answering, and a picture.
    function work(now) {
      frame = 0;
      const start = performance.now();
      const fast = catchingUp || state.speed === "max";
      const wanted = Math.min(fast ? Infinity : Number(state.speed), until - step);
      // Fill a frame of a 60 Hz screen, and less where the frames come late.
      budget =
        now - lastFrame > 28
          ? Math.max(5, 0.8 * budget)
          : Math.min(Math.max(8, 15 - paintCost), 1.05 * budget);
      lastFrame = now;
      for (let done = 0; done < wanted; done++) {
        train();
        if (performance.now() - start > budget) break;
      }
      measure();
      if (isStuck()) return tellStuck();
      if (step >= until) {
        const caughtUp = catchingUp;
        pause();
        return tell(caughtUp ? "" : say("limit", { n: LIMITS.steps }));
      }
      // Whoever wants no motion gets a new picture once a second.
      const rest = catchingUp ? 250 : calm.matches ? 1000 : 2 * paintCost;
      if (now - lastPaint >= rest) {
        lastPaint = now;
        const before = performance.now();
        paint();
        paintCost = 0.8 * paintCost + 0.2 * (performance.now() - before);
        if (paintCost > 8) isSlow = true;
      } else showFigures();
      if (now - lastSaid > 5000) {
        lastSaid = now;
        hear(say("moving", { step, loss: shortNumber(loss, 4) }));
      }
      schedule();
    }

    function train() {
      const logits = batch.forward(network);
      const noted = step % curveStride === 0;
      const before = lossSlopes(logits, data.labels, batch.slopes.at(-1), noted);
      if (noted) note(before);
      batch.backward(network);
      network.descend(state.lr);
      step++;
    }

    // Keep some hundred points of the curve, evenly spaced, however long it gets.
    function note(value) {
      curve.push([step, value]);
      if (curve.length < 600) return;
      curve = curve.filter((_, i) => i % 2 === 0);
      curveStride *= 2;
    }

    // Find loss and accuracy of the network as it is now.
    function measure() {
      const n = data.labels.length;
      const logits = batch.forward(network);
      loss = n ? lossSlopes(logits, data.labels, batch.slopes.at(-1), true) : 0;
      let right = 0;
      for (let k = 0; k < n; k++) right += classOf(logits, k, n)[0] === data.labels[k];
      accuracy = n ? right / n : 0;
    }

    function advance(steps) {
      if (complaint().length) return tell(...complaint());
      for (let i = 0; i < steps; i++) train();
      measure();
      paint();
      showAddress();
      showScript();
      if (isStuck()) return tellStuck();
      hear(
        say("paused", {
          step,
          loss: shortNumber(loss, 4),
          accuracy: percent(accuracy),
        }),
      );
    }

    const isDead = () =>
      state.hidden.length > 0 &&
      step > 0 &&
      network.layers[0].weightGradients.every((gradient) => gradient === 0);

    // Whether the training has come to nothing, and going on would not help.
    function isStuck() {
      if (!Number.isFinite(loss)) return true;
      return !catchingUp && ((loss > 10 * first && !mayExplode) || isDead());
    }

    function tellStuck() {
      pause(false);
      const key = Number.isFinite(loss) && isDead() ? "dead" : "exploded";
      mayExplode = true;
      const smaller = RATES.findLast((rate) => rate <= state.lr / 9) ?? state.lr / 10;
      tell(
        say(key, {
          step,
          rate: state.lr,
          first: shortNumber(first),
          loss: loss < 1e4 ? shortNumber(loss) : loss.toExponential(1),
        }),
        [say("smaller_rate", { rate: smaller }), () => change({ lr: smaller })],
        ["usual", () => change(structuredClone(USUAL))],
      );
    }

    // -- What is shown ------------------------------------------------------------------

    function showAddress() {
      const address = writeState(state, step);
      const page = `${document.documentElement.dataset.content_root}pieces/playground.html`;
      link.href = `${isOwnPage ? "" : page}#${address}`;
      // The anchor of a heading stays until the reader does something here.
      if (isOwnPage && (touched || step || location.hash.includes("=")))
        history.replaceState(null, "", `#${address}`);
    }

    function showScript() {
      if (script.open) code.textContent = pythonScript(state, step, loss);
    }

    function showFigures() {
      for (const [element, value, text] of [
        [stepsValue, step, step],
        [lossValue, loss, shortNumber(loss, 4)],
        [accuracyValue, accuracy, percent(accuracy)],
      ]) {
        element.value = value;
        element.textContent = data.labels.length || element === stepsValue ? text : "–";
      }
    }

    function showControls() {
      const field = (name) => box.querySelector(`[data-field=${name}]`);
      const rate = field("rate");
      if (![...rate.options].some((option) => option.value === String(state.lr)))
        rate.append(make("option", { value: state.lr }, state.lr)); // from the address
      rate.value = state.lr;
      field("data").value = state.data;
      field("depth").value = state.hidden.length;
      field("activation").value = state.activation;
      field("init").value = state.init;
      field("speed").value = state.speed;
      seedInput.value = state.seed;
      if (widths.childElementCount !== state.hidden.length)
        widths.replaceChildren(
          ...state.hidden.map((_, i) => {
            const output = make("output");
            const slider = make("input", {
              type: "range",
              min: 1,
              max: LIMITS.units,
              step: 1,
            });
            slider.addEventListener("input", () =>
              change({ hidden: state.hidden.with(i, Number(slider.value)) }),
            );
            return make(
              "label",
              { class: "pg-field" },
              make("span", {}, say("width", { layer: i + 1 }), output),
              slider,
            );
          }),
        );
      state.hidden.forEach((size, i) => {
        widths.children[i].querySelector("input").value = size;
        widths.children[i].querySelector("output").value = size;
      });
      const own = state.data === "points";
      marks.hidden = !own;
      plane.classList.toggle("pg-own", own);
      plane.setAttribute("aria-label", own ? words.plane_points : words.plane);
      showPictures();
    }

    // One radio button with a picture for each unit: one stop of the Tab key, then arrows.
    function showPictures() {
      const shape = state.hidden.join();
      if (pictures.dataset.shape === shape) return;
      pictures.dataset.shape = shape;
      if (
        view !== "network" &&
        !(view.split(".")[1] <= state.hidden[view.split(".")[0] - 1])
      )
        view = "network";
      const choice = (value, name, ...children) =>
        make(
          "label",
          { title: name },
          make("input", {
            type: "radio",
            name: id("view"),
            value,
            checked: value === view,
            "aria-label": name,
            onchange: () => {
              view = value;
              paint();
              describeView();
            },
          }),
          ...children,
        );
      pictures.replaceChildren(
        make("legend", {}, words.pictures),
        choice("network", words.network, words.network),
        ...state.hidden.map((size, l) =>
          make(
            "div",
            { class: "pg-layer" },
            make("span", {}, say("layer", { layer: l + 1 })),
            make(
              "div",
              {},
              ...Array.from({ length: size }, (_, j) =>
                choice(
                  `${l + 1}.${j + 1}`,
                  say("unit", { layer: l + 1, unit: j + 1 }),
                  make("canvas", {
                    width: FINE,
                    height: FINE,
                    "data-unit": `${l}.${j}`,
                  }),
                ),
              ),
            ),
          ),
        ),
      );
      describeView();
    }

    function describeView() {
      if (view === "network") return;
      hear(unitText());
    }

    function unitText() {
      const [layer, unit] = view.split(".").map(Number);
      const { inputs, weights, biases } = network.layers[layer - 1];
      const list = [...weights.subarray((unit - 1) * inputs, unit * inputs)].map((w) =>
        shortNumber(w),
      );
      return say("unit_weights", {
        layer,
        unit,
        weights: list.join(", "),
        bias: shortNumber(biases[unit - 1]),
      });
    }

    function paint() {
      const screen = running && isSlow ? coarse : fine;
      const { side, image, ink } = screen;
      const logits = screen.batch.forward(network);
      const shade = isDark() ? 228 : 28;
      if (ink.data[0] !== shade) ink.data.fill(shade);
      for (const canvas of pictures.querySelectorAll("canvas")) {
        const [layer, unit] = canvas.dataset.unit.split(".").map(Number);
        shadeUnit(screen, layer, unit);
        if (canvas.width !== side) Object.assign(canvas, { width: side, height: side });
        canvas.getContext("2d").putImageData(ink, 0, 0);
      }
      const { context, width } = fitted(plane);
      const border = new Path2D();
      if (view === "network") shadeClasses(screen, logits, border, width);
      else {
        const [layer, unit] = view.split(".").map((n) => n - 1);
        const { values, height } = shadeUnit(screen, layer, unit);
        addBorder(border, (i, j) => values[j * side + i] - height, side, width);
      }
      const shown = view === "network" ? image : ink;
      screen.canvas.getContext("2d").putImageData(shown, 0, 0);
      context.imageSmoothingEnabled = true;
      context.drawImage(screen.canvas, 0, 0, width, width);
      context.strokeStyle = getComputedStyle(box).color;
      context.lineWidth = width / 250;
      context.stroke(border);
      drawPoints(context, width);
      drawCurve();
      showFigures();
      showProbe();
    }

    // Shade ink with how much a unit puts out; return its values and its border.
    function shadeUnit({ side, ink, batch: { values: all } }, layer, unit) {
      const size = side * side,
        { data: pixels } = ink;
      const values = all[layer + 1].subarray(unit * size, (unit + 1) * size);
      let low = Infinity,
        high = -Infinity;
      for (let k = 0; k < size; k++) {
        if (values[k] < low) low = values[k];
        if (values[k] > high) high = values[k];
      }
      const strength = high > low ? 180 / (high - low) : 0;
      for (let k = 0; k < size; k++) pixels[4 * k + 3] = strength * (values[k] - low);
      return { values, height: network.activation.border(high) };
    }

    // Fill the image with the colors of the classes; add the lines between them.
    function shadeClasses({ side, image }, logits, border, width) {
      const size = side * side,
        { data: pixels } = image;
      const classes = Math.max(2, data.outputs);
      for (let k = 0; k < size; k++) {
        const [label, p] = classOf(logits, k, size);
        const [red, green, blue] = COLORS[label];
        pixels[4 * k] = red;
        pixels[4 * k + 1] = green;
        pixels[4 * k + 2] = blue;
        const certain = (p - 1 / classes) / (1 - 1 / classes);
        pixels[4 * k + 3] =
          Number.isFinite(p) && data.labels.length ? 30 + 90 * certain : 0;
      }
      if (!data.labels.length) return;
      if (data.outputs === 1)
        return addBorder(border, (i, j) => logits[j * side + i], side, width);
      for (let c = 0; c < classes; c++)
        addBorder(
          border,
          (i, j) => {
            let rival = -Infinity;
            for (let d = 0; d < classes; d++)
              if (d !== c) rival = Math.max(rival, logits[d * size + j * side + i]);
            return logits[c * size + j * side + i] - rival;
          },
          side,
          width,
        );
    }

    const toPixel = (x, y, width) => [
      ((x / data.square + 1) / 2) * width,
      ((1 - y / data.square) / 2) * width,
    ];

    function drawPoints(context, width) {
      const n = data.labels.length;
      const shapes = MARKS.map((shape) => shape(width / (n > 100 ? 110 : 70)));
      context.lineWidth = width / 700;
      context.strokeStyle = getComputedStyle(box).color;
      for (let k = 0; k < n; k++) {
        const [x, y] = toPixel(data.inputs[k], data.inputs[n + k], width);
        context.setTransform(1, 0, 0, 1, x, y);
        context.fillStyle = `rgb(${COLORS[data.labels[k]]})`;
        context.fill(shapes[data.labels[k]]);
        context.stroke(shapes[data.labels[k]]);
      }
      context.resetTransform();
      if (!probe) return;
      const [x, y] = toPixel(...probe, width),
        arm = width / 40;
      context.lineWidth = width / 200;
      context.beginPath();
      context.moveTo(x - arm, y);
      context.lineTo(x + arm, y);
      context.moveTo(x, y - arm);
      context.lineTo(x, y + arm);
      context.stroke();
    }

    function drawCurve() {
      const { context, width, height, scale } = fitted(curveCanvas);
      const style = getComputedStyle(box);
      const shown = [...curve.filter(([at]) => at < step), [step, loss]].filter(
        ([, value]) => Number.isFinite(value),
      );
      const [first, last] = [shown[0]?.[1], shown.at(-1)?.[1]];
      curveCanvas.setAttribute(
        "aria-label",
        step
          ? say("curve", {
              first: shortNumber(first, 4),
              last: shortNumber(last, 4),
              step,
            })
          : words.curve_empty,
      );
      const left = 34 * scale,
        bottom = height - 20 * scale,
        top = 8 * scale;
      const most = shown.reduce((high, [, value]) => Math.max(high, value), 1e-9);
      context.font = `${12 * scale}px ${style.fontFamily}`;
      context.fillStyle = context.strokeStyle = style.color;
      context.lineWidth = scale;
      context.globalAlpha = 0.75;
      context.textAlign = "right";
      context.fillText(
        data.labels.length ? most.toPrecision(2) : "",
        left - 4 * scale,
        top + 10 * scale,
      );
      context.fillText("0", left - 4 * scale, bottom);
      context.fillText(String(step), width - 2 * scale, height - 5 * scale);
      context.textAlign = "left";
      context.fillText("loss", left + 4 * scale, height - 5 * scale);
      context.beginPath();
      context.moveTo(left, top);
      context.lineTo(left, bottom);
      context.lineTo(width, bottom);
      context.stroke();
      context.globalAlpha = 1;
      if (!step || !data.labels.length) return;
      context.lineWidth = 1.6 * scale;
      context.beginPath();
      for (const [at, value] of shown)
        context.lineTo(
          left + (at / step) * (width - left - 2 * scale),
          bottom - (value / most) * (bottom - top),
        );
      context.stroke();
    }

    // -- The value under the cursor -----------------------------------------------------

    function showProbe() {
      const parts = [];
      if (view !== "network") parts.push(unitText(), words.look);
      if (probe) parts.unshift(probeResult());
      if (!parts.length)
        parts.push(state.data === "points" ? words.hint_points : words.hint);
      probeText.textContent = parts.join(pieces.language === "zh" ? "。" : ". ");
    }

    function probeResult() {
      const [x, y] = probe;
      probeBatch.values[0].set(probe);
      const logits = probeBatch.forward(network);
      const [layer, unit] = view.split(".").map((n) => n - 1);
      const [label, p] = classOf(logits, 0, 1);
      const result =
        view === "network"
          ? say("is_class", { label, p: shortNumber(p, 3) })
          : say("is_value", {
              value: shortNumber(probeBatch.values[layer + 1][unit], 3),
            });
      return `${say("at", { x: shortNumber(x), y: shortNumber(y) })} → ${result}`;
    }

    let drawing = 0;
    function paintSoon() {
      if (!running && !drawing)
        drawing = requestAnimationFrame(() => {
          drawing = 0;
          paint();
        });
    }
    function placeOf(event) {
      const { left, top, width, height } = plane.getBoundingClientRect();
      return [
        (((event.clientX - left) / width) * 2 - 1) * data.square,
        (1 - ((event.clientY - top) / height) * 2) * data.square,
      ];
    }
    plane.addEventListener("pointermove", (event) => {
      probe = placeOf(event);
      paintSoon();
    });
    plane.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") {
        probe = null;
        paintSoon();
      }
    });
    plane.addEventListener("click", (event) => {
      probe = placeOf(event);
      if (state.data === "points") addPoint();
      else paintSoon();
    });
    plane.addEventListener("keydown", (event) => {
      const arrow = {
        ArrowLeft: [-1, 0],
        ArrowRight: [1, 0],
        ArrowUp: [0, 1],
        ArrowDown: [0, -1],
      }[event.key];
      const own = state.data === "points";
      if (arrow) {
        const stride = data.square / (event.shiftKey ? 100 : 10);
        probe = (probe ?? [0, 0]).map((x, i) => {
          const to = Math.round((x + arrow[i] * stride) * 1e6) / 1e6;
          return Math.max(-data.square, Math.min(data.square, to));
        });
        paintSoon();
        hear(probeResult());
      } else if (own && event.key === "Enter") addPoint();
      else if (own && ["Backspace", "Delete"].includes(event.key)) removeNearest();
      else return;
      event.preventDefault();
    });

    // -- The reader's own points --------------------------------------------------------

    for (let label = 0; label < LIMITS.classes; label++) {
      const sample = make("canvas", { class: "pg-mark", width: 32, height: 32 });
      const context = sample.getContext("2d");
      context.translate(16, 17);
      context.fillStyle = `rgb(${COLORS[label]})`;
      context.fill(MARKS[label](11));
      marks.append(
        make(
          "label",
          {},
          make("input", {
            type: "radio",
            name: id("class"),
            checked: label === newClass,
            onchange: () => {
              newClass = label;
            },
          }),
          sample,
          ` ${say("class", { label })}`,
        ),
      );
    }
    marks.prepend(make("span", {}, words.new_points));
    marks.append(
      button("undo", () => setPoints(state.points.slice(0, -1))),
      button("clear", () => setPoints([])),
    );

    function setPoints(points) {
      change({ points });
      hear(say("point_gone", { n: points.length }));
    }
    function addPoint() {
      if (state.points.length >= LIMITS.points) return;
      const [x, y] = (probe ?? [0, 0]).map((value) => Math.round(value * 100) / 100);
      change({ points: [...state.points, [newClass, x, y]] });
      hear(say("point_added", { label: newClass, n: state.points.length }));
    }
    function removeNearest() {
      if (!state.points.length) return;
      const [px, py] = probe ?? [0, 0];
      const far = state.points.map(([, x, y]) => Math.hypot(x - px, y - py));
      setPoints(state.points.toSpliced(far.indexOf(Math.min(...far)), 1));
    }

    // -- Begin --------------------------------------------------------------------------

    // Show a set-up; go as many steps as it says, in slices, when somebody looks.
    function open({ state: asked, problems }) {
      state = asked;
      const { steps } = state;
      restart();
      if (problems.length)
        tell(say("bad_state", { problems: problems.join(words.separator) }), [
          "usual",
          () => change(structuredClone(USUAL)),
        ]);
      if (steps && !complaint().length) {
        tell(say("catching_up", { step: steps }));
        running = catchingUp = true;
        until = steps;
        playButton.textContent = words.pause;
        schedule();
      }
    }

    open({ state, problems });
    pieces.whenSeen(box, (isSeen) => {
      seen = isSeen;
      schedule();
    });
    pieces.whenLookChanges(plane, paint);
    if (isOwnPage)
      addEventListener("hashchange", () => {
        if (location.hash.includes("=")) open(readState(pieces.stateOf(place)));
      });
  };

  let count = 0; // of playgrounds on this page
  pieces.playground.words = WORDS;
  pieces.playground.Network = Network;
})();
