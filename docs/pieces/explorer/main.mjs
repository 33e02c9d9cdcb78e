// The activation explorer: value, slope and tangent of five activation functions, and the
// gradient that is left at the first layer of a chain of neurons.
import { FUNCTIONS, gradients, NAMES } from "./functions.mjs";
import { drawCurve, drawLayers, EDGE, MARGIN, short } from "./plots.mjs";
import { WORDS } from "./words.mjs";

const FURTHEST = 1000; // of z; beyond it nothing new happens
const pieces = /** @type {any} */ (globalThis).pieces;

/** @param {HTMLElement} element @param {Record<string, string>} state */
pieces.explorer = async (element, state) => {
  await pieces.load("explorer.css");
  const { make, fill } = pieces;
  const words = WORDS[/** @type {keyof typeof WORDS} */ (pieces.language)];
  const say = pieces.voice(element);
  const place = /** @type {any} */ (element.parentElement);
  const isOwnPage = "ownPage" in place.dataset;
  /** @type {any} */
  const now = { name: "sigmoid", z: 1, depth: 10, w: 1 };
  const usual = { ...now };

  const names = new Map(NAMES.map((name) => [name.toLowerCase().replace(" ", "-"), name]));
  /** @type {Record<string, number[]>} */
  const ranges = { z: [-FURTHEST, FURTHEST], depth: [1, 20], w: [0.1, 4] };
  let readable = true;
  for (const [key, text] of Object.entries(state)) {
    const range = ranges[key];
    /** @type {any} */
    const value = key === "f" ? names.get(text) : Number(text);
    const good = key === "f" ? value
      : range && text.trim() && value >= range[0] && value <= range[1] && (key !== "depth" || Number.isInteger(value));
    if (good) now[key === "f" ? "name" : key] = value;
    else readable = false;
  }
  if (!readable) Object.assign(now, usual);
  const opened = { ...now };

  const id = (/** @type {string} */ name) => `explorer-${name}`;
  const slider = (/** @type {string} */ name, /** @type {string} */ label, /** @type {number} */ min, /** @type {number} */ max, /** @type {number} */ step) => {
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
  const link = make("a", {}, words.link);
  const copyButton = make("button", { type: "button", "data-press": "copy_link", onclick: copy }, words.copy);
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
  /** @param {PointerEvent} event */
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
    share();
    if (!fault) say(`${tangent.textContent} ${chain.textContent}`);
  }
  function startOver() {
    Object.assign(now, opened);
    update();
  }

  // The set-up as a link; on the piece's own page the address follows every change.
  function share() {
    const f = now.name.toLowerCase().replace(" ", "-");
    const address = `#f=${f}&z=${now.z}&depth=${now.depth}&w=${now.w}`;
    link.href = `${isOwnPage ? "" : place.ownPage ?? ""}${address}`;
    const moved = JSON.stringify(now) !== JSON.stringify(opened);
    if (isOwnPage && (moved || location.hash.includes("=")))
      history.replaceState(null, "", address);
  }
  async function copy() {
    await pieces.copy(link.href);
    copyButton.textContent = words.copied;
    say(words.copied);
    setTimeout(() => { copyButton.textContent = words.copy; }, 1500);
  }
  function draw() {
    drawCurve(curve, now.name, now.z);
    drawLayers(layers, gradients(now.name, now.z, now.depth, now.w), words.axis);
  }

  element.prepend(z.row, complaint, curve, legend, tangent,
    make("div", { class: "scroll" }, table), depth.row, w.row, layers, chain,
    make("p", { class: "explorer-tools" }, make("button", { type: "button", onclick: startOver }, words.reset), copyButton, link));
  update(readable ? "" : words.state);
  new ResizeObserver(draw).observe(element);
};
pieces.explorer.words = WORDS;
pieces.explorer.functions = FUNCTIONS;
pieces.explorer.gradients = gradients;
