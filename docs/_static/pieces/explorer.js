"use strict";
// The activation explorer: value, slope and tangent of the five functions of chapter 01,
// and the gradient that is left at the first layer of a chain of neurons.
{
  const NAMES = ["sigmoid", "tanh", "ReLU", "Leaky ReLU", "GELU"];
  const FURTHEST = 1000; // of z; beyond it nothing new happens
  const EDGE = 8; // where the slider and the plot end

  // -- The functions, as chapter 01 writes them ------------------------------------
  const sigmoid = (z) => 1 / (1 + Math.exp(-z));
  const density = (z) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);

  // The cumulative distribution function of the standard normal distribution, by its
  // series at 0. All terms have one sign, so nothing cancels (Marsaglia 2004).
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
  const FUNCTIONS = {
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
  function gradients(name, z, depth, w) {
    const { value, slope } = FUNCTIONS[name];
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

  // -- Words -----------------------------------------------------------------------
  const WORDS = {
    zh: {
      z: "输入 z",
      number: "z 的值",
      depth: "层数",
      weight: "权重 w",
      function: "函数",
      value: "值 f(z)",
      slope: "斜率 f′(z)",
      left: "第 1 层的梯度",
      plot: "{name} 的曲线和它在 z 处的切线。在图上拖动，可以移动 z。",
      layers: "用 {name} 的链条上每一层收到的梯度，对数刻度。",
      line: "切线",
      tangent: "{name} 在 z = {z} 处的值是 {value}，切线的斜率是 {slope}。",
      chain: "输出端的梯度是 1，往回走过 {depth} 层，到第 1 层是 {left}。",
      reset: "恢复原样",
      axis: "层",
      bad: "请填一个 −{furthest} 到 {furthest} 之间的数。",
      state: "地址里的设置看不懂，已换成默认的设置。",
    },
    en: {
      z: "Input z",
      number: "Value of z",
      depth: "Layers",
      weight: "Weight w",
      function: "Function",
      value: "Value f(z)",
      slope: "Slope f′(z)",
      left: "Gradient at layer 1",
      plot: "The curve of {name} and its tangent at z. Drag in the plot to move z.",
      layers: "The gradient that arrives at each layer of a chain with {name}, on a logarithmic scale.",
      line: "tangent",
      tangent: "At z = {z} the value of {name} is {value}; its tangent has the slope {slope}.",
      chain: "The gradient is 1 at the output. Layers on its way back: {depth}. What is left at layer 1: {left}.",
      reset: "Start over",
      axis: "layer",
      bad: "Type a number from −{furthest} to {furthest}.",
      state: "The settings in the address could not be read; these are the usual ones.",
    },
  };

  // Four digits; very small and very large ones as PyTorch prints them.
  function short(x) {
    if (x === 0) return "0";
    const plain = Math.abs(x) >= 1e-4 && Math.abs(x) < 1e5;
    const text = plain ? String(Number(x.toPrecision(4))) : x.toExponential(2);
    return text.replace("-", "−");
  }

  // -- Plots -----------------------------------------------------------------------
  const MARGIN = 34; // left of a plot; its units are pixels, so that text keeps its size

  // Prepare a plot of `height` in which x runs over [left, right] and y over [low, high].
  function frame(svg, height, [left, right], [low, high]) {
    const width = Math.max(200, svg.clientWidth);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const x = (v) => MARGIN + ((v - left) / (right - left)) * (width - MARGIN - 8);
    const y = (v) => height - 26 - ((v - low) / (high - low)) * (height - 34);
    const line = (points, look) =>
      `<polyline class="${look}" points="${points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ")}"/>`;
    const text = (a, b, words, anchor) =>
      `<text x="${a.toFixed(1)}" y="${b.toFixed(1)}" text-anchor="${anchor}">${words}</text>`;
    return { x, y, line, text, width, height };
  }

  function drawCurve(svg, name, z) {
    const { value, slope } = FUNCTIONS[name];
    const flat = name === "sigmoid" || name === "tanh";
    const middle = Math.abs(z) > EDGE ? z : 0; // far out the plot follows z
    const zs = [middle - EDGE, middle + EDGE];
    const low = flat ? -1.4 : -1.6, high = flat ? 1.4 : 8.4;
    const up = !flat && middle !== 0 ? Math.max(0, value(z)) : 0;
    const f = frame(svg, 300, zs, [low + up, high + up]);
    const points = Array.from({ length: 321 }, (_, i) => zs[0] + i / 20);
    const tangent = zs.map((t) => [t, value(z) + slope(z) * (t - z)]);
    const ticks = (from, to, step) => {
      const out = [];
      for (let t = Math.ceil(from / step) * step; t <= to; t += step) out.push(t);
      return out;
    };
    svg.innerHTML =
      `<clipPath id="explorer-window"><rect x="${MARGIN}" y="8" width="${f.width - MARGIN - 8}" height="${f.height - 34}"/></clipPath>` +
      ticks(...zs, 2).map((t) => f.line([[t, low + up], [t, high + up]], t ? "grid" : "axis") +
        f.text(f.x(t), f.height - 8, short(t), "middle")).join("") +
      ticks(low + up, high + up, flat ? 0.5 : 2).map((t) => f.line([[zs[0], t], [zs[1], t]], t ? "grid" : "axis") +
        f.text(MARGIN - 5, f.y(t) + 4, short(t), "end")).join("") +
      `<g clip-path="url(#explorer-window)">` +
      f.line(points.map((t) => [t, slope(t)]), "slope") +
      f.line(points.map((t) => [t, value(t)]), "value") +
      f.line(tangent, "tangent") +
      `<circle cx="${f.x(z)}" cy="${f.y(value(z))}" r="6"/></g>`;
  }

  function drawLayers(svg, sizes, axis) {
    const depth = sizes.length;
    const powers = sizes.map((g) => (g === 0 ? -Infinity : Math.log10(Math.abs(g))));
    const finite = powers.filter(Number.isFinite);
    const low = Math.floor(Math.min(-3, ...finite)) - 1;
    const high = Math.ceil(Math.max(1, ...finite));
    const f = frame(svg, 190, [depth + 0.5, 0.5], [low, high]);
    const step = Math.max(1, Math.ceil((high - low) / 6));
    let lines = "";
    for (let p = low + 1; p <= high; p++)
      if (p % step === 0)
        lines += f.line([[depth + 0.5, p], [0.5, p]], p ? "grid" : "axis") +
          f.text(MARGIN - 5, f.y(p) + 4, `10<tspan dy="-5" font-size="9">${String(p).replace("-", "−")}</tspan>`, "end");
    svg.innerHTML = lines + powers.map((p, i) => {
      const x = f.x(i + 1), zero = !Number.isFinite(p);
      const bar = zero ? f.text(x, f.y(low) - 4, "0", "middle")
        : `<path class="bar" d="M${x},${f.y(0)}V${f.y(p)}"/><circle cx="${x}" cy="${f.y(p)}" r="4"/>`;
      return bar + f.text(x, f.height - 8, i + 1, "middle");
    }).join("") + f.text(MARGIN - 5, f.height - 8, axis, "end");
  }

  // -- The piece -------------------------------------------------------------------
  pieces.explorer = async function (element, state) {
    await pieces.load("explorer.css");
    const { make, fill } = pieces;
    const words = WORDS[pieces.language];
    const say = pieces.voice(element);
    const now = { name: "sigmoid", z: 1, depth: 10, w: 1 };
    const usual = { ...now };

    const names = new Map(NAMES.map((name) => [name.toLowerCase().replace(" ", "-"), name]));
    const ranges = { z: [-FURTHEST, FURTHEST], depth: [1, 20], w: [0.1, 4] };
    let readable = true;
    for (const [key, text] of Object.entries(state)) {
      const range = ranges[key];
      const value = key === "f" ? names.get(text) : Number(text);
      const good = key === "f" ? value
        : range && text.trim() && value >= range[0] && value <= range[1] && (key !== "depth" || Number.isInteger(value));
      if (good) now[key === "f" ? "name" : key] = value;
      else readable = false;
    }
    if (!readable) Object.assign(now, usual);
    const opened = { ...now };

    const id = (name) => `explorer-${name}`;
    const slider = (name, label, min, max, step) => {
      const input = make("input", {
        type: "range", id: id(name), min, max, step,
        oninput: () => { now[name] = input.valueAsNumber; update(); },
      });
      const output = make("output", { for: id(name) });
      const row = make("p", { class: "explorer-row" }, make("label", { for: id(name) }, label), input, output);
      return { input, output, row };
    };
    const z = slider("z", words.z, -EDGE, EDGE, 0.1);
    const number = make("input", {
      type: "number", step: "any", "aria-label": words.number,
      onchange: () => {
        const typed = number.valueAsNumber;
        const good = Number.isFinite(typed) && Math.abs(typed) <= FURTHEST;
        if (good) now.z = typed;
        update(good ? "" : fill(words.bad, { furthest: FURTHEST }));
      },
    });
    z.output.replaceWith(number);
    const depth = slider("depth", words.depth, 1, 20, 1);
    const w = slider("w", words.weight, 0.1, 4, 0.1);

    const svg = () => {
      const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      picture.setAttribute("role", "img");
      return picture;
    };
    const curve = svg(), layers = svg();
    curve.classList.add("explorer-curve");
    layers.classList.add("explorer-layers");
    const legend = make("p", { class: "explorer-legend", "aria-hidden": "true" },
      ...Object.entries({ value: "f", slope: "f′", tangent: words.line })
        .map(([look, name]) => make("span", { class: look }, name)));
    const rows = NAMES.map((name) => {
      const radio = make("input", {
        type: "radio", name: "explorer-function", value: name,
        onchange: () => { now.name = name; update(); },
      });
      const cells = [0, 1, 2].map(() => make("td"));
      const label = make("label", {}, radio, ` ${name}`);
      return { name, radio, cells, row: make("tr", {}, make("th", { scope: "row" }, label), ...cells) };
    });
    const heads = [words.function, words.value, words.slope, words.left];
    const table = make("table", {},
      make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, ...rows.map(({ row }) => row)));
    const tangent = make("p"), chain = make("p"), complaint = make("p", { class: "explorer-bad", role: "alert" });

    // The pointer moves z; a finger that moves up or down scrolls the page.
    curve.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      curve.setPointerCapture(event.pointerId);
      follow(event);
    });
    curve.addEventListener("pointermove", (event) => {
      if (curve.hasPointerCapture(event.pointerId)) follow(event);
    });
    function follow(event) {
      const box = curve.getBoundingClientRect();
      const share = (event.clientX - box.left - MARGIN) / (box.width - MARGIN - 8);
      const wanted = Math.min(1, Math.max(0, share)) * 2 * EDGE - EDGE;
      now.z = Math.round(wanted * 10) / 10;
      update();
    }

    function update(fault = "") {
      const name = now.name;
      const sizes = gradients(name, now.z, now.depth, now.w);
      complaint.textContent = fault;
      z.input.value = now.z;
      z.input.setAttribute("aria-valuetext", short(now.z));
      if (!fault) number.value = now.z;
      depth.input.value = depth.output.value = now.depth;
      w.input.value = now.w;
      w.output.value = short(now.w);
      for (const row of rows) {
        const { value, slope } = FUNCTIONS[row.name];
        row.radio.checked = row.name === name;
        const shown = [value(now.z), slope(now.z), gradients(row.name, now.z, now.depth, now.w)[0]];
        row.cells.forEach((cell, i) => { cell.textContent = short(shown[i]); });
      }
      curve.setAttribute("aria-label", fill(words.plot, { name }));
      layers.setAttribute("aria-label", fill(words.layers, { name }));
      draw();
      const { value, slope } = FUNCTIONS[name];
      tangent.textContent = fill(words.tangent, {
        name, z: short(now.z), value: short(value(now.z)), slope: short(slope(now.z)),
      });
      chain.textContent = fill(words.chain, { depth: now.depth, left: short(sizes[0]) });
      if (!fault) say(`${tangent.textContent} ${chain.textContent}`);
    }
    function startOver() {
      Object.assign(now, opened);
      update();
    }
    function draw() {
      drawCurve(curve, now.name, now.z);
      drawLayers(layers, gradients(now.name, now.z, now.depth, now.w), words.axis);
    }

    element.prepend(z.row, complaint, curve, legend, tangent,
      make("div", { class: "scroll" }, table), depth.row, w.row, layers, chain,
      make("button", { type: "button", onclick: startOver }, words.reset));
    update(readable ? "" : words.state);
    new ResizeObserver(draw).observe(element);
  };
  pieces.explorer.words = WORDS;
  pieces.explorer.functions = FUNCTIONS;
  pieces.explorer.gradients = gradients;
}
