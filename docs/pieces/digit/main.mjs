// Draw a digit: the network that the chapter on MNIST has trained reads what the reader
// draws. Its weights come in digit-weights.js, made at every build.
import { convolutionalLogits } from "./convolution.mjs";
import { prepare, resample } from "./image.mjs";
import { forwardPass, pixelGradient, softmax, unpack } from "./network.mjs";
import { WORDS } from "./words.mjs";

const pieces = /** @type {any} */ (globalThis).pieces;

const SIDE = 560; // of the paper, in its own pixels; 20 of them are one of the network's
const PEN = 48;

/** @type {import("./network.mjs").Reader | null} */
let network = null;
// Called by digit-weights.js.
pieces.network = (/** @type {any} */ packed) => { network = unpack(packed); };

/** The ten probabilities of an image of 784 levels from 0 to 255.
 * @param {ArrayLike<number>} pixels */
const probabilities = (pixels) => softmax(logitsOf(forwardPass(reader(), pixels)));

const logitsOf = (/** @type {Float64Array[]} */ all) => all[all.length - 1];

function reader() {
  if (!network) throw new Error("the network is not there yet");
  return network;
}

const percent = (/** @type {number} */ p) =>
  p > 0.999 ? "> 99.9 %" : p < 0.001 ? "< 0.1 %" : `${(100 * p).toFixed(1)} %`;

/** @param {HTMLElement} element */
pieces.digit = async (element) => {
  await pieces.load("digit.css");
  const { make, fill } = pieces;
  const words = WORDS[/** @type {keyof typeof WORDS} */ (pieces.language)];
  const say = pieces.voice(element);

  const paper = make("canvas", {
    class: "digit-paper", width: SIDE, height: SIDE, tabindex: 0, role: "application",
    "aria-label": words.paper, "aria-describedby": "digit-help",
  });
  const marker = make("span", { class: "digit-pen", "aria-hidden": "true" });
  const seen = make("canvas", { class: "digit-seen", width: 28, height: 28, role: "img", "aria-label": words.seen });
  const answer = make("p", { class: "digit-answer" });
  const beside = make("p", { class: "digit-beside", hidden: true });
  const about = make("p", { class: "digit-about" });
  const bars = Array.from({ length: 10 }, (_, digit) => {
    const bar = make("span"), share = make("td");
    const besideBar = make("span", { hidden: true }), besideShare = make("td", { hidden: true });
    return { bar, share, besideBar, besideShare, row: make("tr", {}, make("th", { scope: "row" }, digit),
      make("td", { class: "digit-bar", "aria-hidden": "true" }, bar, besideBar), share, besideShare) };
  });
  const besideHead = make("th", { scope: "col", hidden: true }, words.conv);
  const head = make("thead", { class: "piece-voice" }, make("tr", {}, make("th", { scope: "col" }, make("span", { class: "piece-voice" }, words.digit)),
    make("td"), make("th", { scope: "col" }, words.probability), besideHead));
  const table = make("table", { class: "digit-bars" },
    head,
    make("tbody", {}, ...bars.map(({ row }) => row)));
  const clearButton = make("button", { type: "button", class: "digit-clear", onclick: clear }, words.clear);
  const layersBox = make("div", { class: "digit-layers" });
  const saliency = make("canvas", { class: "digit-seen", width: 28, height: 28, role: "img" });
  const which = make("select", { "data-field": "digit", onchange: () => { chosen = which.value; changed(false); } },
    make("option", { value: "" }, words.most), ...bars.map((_, digit) => make("option", { value: digit }, digit)));
  const inside = make("details", { class: "digit-inside", ontoggle: () => changed(false) },
    make("summary", {}, words.inside),
    make("p", { class: "digit-help" }, words.layers_help),
    layersBox,
    make("p", { class: "digit-help" }, words.saliency_help),
    make("div", { class: "digit-saliency" },
      make("label", {}, `${words.speaks} `, which), saliency));
  let chosen = "";
  const gallery = make("div", { class: "digit-samples", hidden: true });
  const more = make("button", { type: "button", "aria-expanded": "false", onclick: offerSamples }, words.samples);
  const prepared = make("input", { type: "checkbox", checked: true, onchange: () => changed() });
  element.prepend(
    answer,
    beside,
    make("div", { class: "digit-boxes" },
      make("div", { class: "digit-frame" }, paper, marker, clearButton),
      make("div", { class: "digit-view" }, seen, make("span", {}, words.seen)),
      table),
    make("p", { class: "digit-tools" }, more,
      make("label", {}, prepared, ` ${words.prepare}`)),
    gallery,
    inside,
    make("p", { class: "digit-help", id: "digit-help" }, words.help),
    about);

  // -- The paper: black ink on white, in both themes
  const ink = paper.getContext("2d", { willReadFrequently: true });
  ink.lineWidth = PEN;
  ink.lineCap = ink.lineJoin = "round";
  /** @type {any} */
  let sample = null; // the test image on the paper, as long as nobody draws on it
  /** @type {Promise<void> | null} */
  let fetching = null;
  let waiting = false;

  function clear() {
    ink.fillStyle = "#fff";
    ink.fillRect(0, 0, SIDE, SIDE);
    changed();
  }
  /** @param {number[]} from @param {number[]} to */
  function stroke(from, to) {
    ink.strokeStyle = ink.fillStyle = "#000";
    ink.beginPath();
    ink.arc(...to, PEN / 2, 0, 2 * Math.PI);
    ink.fill();
    ink.beginPath();
    ink.moveTo(...from);
    ink.lineTo(...to);
    ink.stroke();
    changed();
  }
  function inkLevels() {
    const { data } = ink.getImageData(0, 0, SIDE, SIDE);
    const levels = new Uint8Array(SIDE * SIDE);
    for (let i = 0; i < levels.length; i++) levels[i] = 255 - data[4 * i];
    return levels;
  }

  const hand = new Map(); // each pointer on the paper, and where it was
  const placeOf = (/** @type {PointerEvent} */ event) => {
    const box = paper.getBoundingClientRect();
    return [(event.clientX - box.left) * (SIDE / box.width), (event.clientY - box.top) * (SIDE / box.height)];
  };
  paper.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    if (event.button !== 0) return;
    paper.setPointerCapture(event.pointerId);
    hand.set(event.pointerId, placeOf(event));
    stroke(placeOf(event), placeOf(event));
  });
  paper.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    if (!hand.has(event.pointerId)) return;
    for (const step of event.getCoalescedEvents?.() ?? [event]) {
      stroke(hand.get(event.pointerId), placeOf(step));
      hand.set(event.pointerId, placeOf(step));
    }
  });
  for (const end of ["pointerup", "pointercancel"])
    paper.addEventListener(end, (/** @type {PointerEvent} */ event) => hand.delete(event.pointerId));

  // -- The keyboard
  let pen = [SIDE / 2, SIDE / 4], down = false;
  /** @type {Record<string, number[]>} */
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  function showPen() {
    marker.style.left = `${(100 * pen[0]) / SIDE}%`;
    marker.style.top = `${(100 * pen[1]) / SIDE}%`;
    marker.classList.toggle("down", down);
  }
  paper.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const step = STEPS[event.key];
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (step) {
      const length = event.shiftKey ? 60 : 20;
      const to = pen.map((at, i) => Math.min(SIDE, Math.max(0, at + length * step[i])));
      if (down) stroke(pen, to);
      pen = to;
    } else if (event.key === " ") {
      down = !down;
      if (down) stroke(pen, pen);
      const [x, y] = pen.map((at) => Math.round((100 * at) / SIDE));
      say(fill(down ? words.down : words.up, { x, y }));
    } else if (event.key === "Delete" || event.key === "Backspace") {
      down = false;
      clear();
    } else return;
    event.preventDefault();
    showPen();
  });
  paper.addEventListener("blur", () => { down = false; showPen(); });

  // -- The network, fetched when it is first needed
  function wake() {
    if (network) return;
    fetching ??= pieces.load("digit-weights.js").then(showSamples, () => {
      fetching = null;
      answer.textContent = words.failed;
      say(words.failed);
    });
  }
  function showSamples() {
    about.textContent = fill(words.from, { checksum: reader().sha256.slice(0, 12) });
    showSecond();
    if (reader().standIn) about.prepend(make("strong", {}, words.standIn), " ");
    gallery.append(...reader().samples.map((one, n) => {
      const picture = make("canvas", { width: 28, height: 28 });
      paint(picture, one.pixels);
      return make("button", {
        type: "button", "aria-label": fill(words.sample, { n: n + 1, label: one.label }), onclick: () => take(one),
      }, picture);
    }));
    changed(false);
  }
  // The column of the convolutional network, if this site has one.
  function showSecond() {
    const { convolution } = reader();
    if (!convolution) return;
    about.append(` ${fill(words.from_conv, { checksum: convolution.sha256.slice(0, 12) })}`);
    head.classList.remove("piece-voice");
    head.firstChild.children[2].textContent = words.deep;
    for (const part of [beside, besideHead, ...bars.flatMap((one) => [one.besideBar, one.besideShare])])
      part.hidden = false;
  }
  function offerSamples() {
    gallery.hidden = !gallery.hidden;
    more.setAttribute("aria-expanded", String(!gallery.hidden));
    wake();
    if (!network) look();
  }
  /** @param {import("./network.mjs").Reader["samples"][0]} one */
  function take(one) {
    one.pixels.forEach((level, i) => {
      ink.fillStyle = `rgb(${255 - level} ${255 - level} ${255 - level})`;
      ink.fillRect((i % 28) * 20, Math.floor(i / 28) * 20, 20, 20);
    });
    changed();
    sample = one;
  }

  // -- Reading: once for all changes of a frame
  function changed(byHand = true) {
    if (byHand) sample = null;
    if (!waiting) requestAnimationFrame(look);
    waiting = true;
  }
  function look() {
    waiting = false;
    const levels = inkLevels();
    const { pixels, fault } = sample ? sample
      : prepared.checked ? prepare(levels, SIDE)
      : { pixels: resample(levels, SIDE, 0, 0, SIDE / 28, 28), fault: levels.some((level) => level) ? undefined : "empty" };
    paint(seen, pixels);
    const drawn = fault === undefined;
    if (drawn) wake();
    const all = drawn && network ? forwardPass(network, pixels) : null;
    const p = all ? softmax(logitsOf(all)) : null;
    const order = bars.map((_, digit) => digit);
    if (p) order.sort((a, b) => p[b] - p[a]);
    const second = all && network?.convolution ? softmax(convolutionalLogits(network.convolution.layers, all[0])) : null;
    bars.forEach(({ bar, share, besideBar, besideShare, row }, digit) => {
      besideBar.style.width = `${100 * (second ? second[digit] : 0)}%`;
      besideShare.textContent = second ? percent(second[digit]) : "–";
      bar.style.width = `${100 * (p ? p[digit] : 0)}%`;
      share.textContent = p ? percent(p[digit]) : "–";
      row.classList.toggle("first", p !== null && digit === order[0]);
    });
    if (p) {
      const [digit, next] = order;
      answer.textContent = fill(p[digit] < 0.6 ? words.unsure : words.sure,
        { digit, p: percent(p[digit]), next, q: percent(p[next]) });
      if (sample)
        answer.append(fill(digit === sample.label ? words.right : words.wrong, sample));
      beside.textContent = second ? secondText(second) : "";
      say([answer.textContent, beside.textContent].join(" "));
    } else {
      beside.textContent = "";
      answer.textContent = fetching && !network ? words.loading : words[/** @type {"empty" | "dot" | "blot"} */ (fault ?? "empty")];
      if (fault !== "empty") say(answer.textContent);
    }
    lookInside(all, order);
  }
  /** @param {number[]} p */
  function secondText(p) {
    const [digit, next] = [...p.keys()].sort((a, b) => p[b] - p[a]);
    const text = fill(words.beside, { digit, p: percent(p[digit]), next, q: percent(p[next]) });
    return sample ? text + (digit === sample.label ? words.beside_right : words.beside_wrong) : text;
  }
  // What each layer puts out, and which pixels speak for a digit.
  /** @param {Float64Array[] | null} all @param {number[]} order */
  function lookInside(all, order) {
    if (!inside.open) return;
    const hidden = all ? all.slice(1, -1) : [];
    if (layersBox.childElementCount !== hidden.length)
      layersBox.replaceChildren(...hidden.map((values, k) => {
        const side = Math.ceil(Math.sqrt(values.length));
        const name = fill(words.layer, { layer: k + 1, n: values.length });
        return make("figure", {}, make("canvas", { width: side, height: Math.ceil(values.length / side), role: "img", "aria-label": name }),
          make("figcaption", {}, name));
      }));
    hidden.forEach((values, k) => {
      const canvas = layersBox.children[k].firstChild;
      const most = Math.max(...values) || 1, active = values.filter((value) => value > 0).length;
      const image = new ImageData(canvas.width, canvas.height);
      values.forEach((value, i) => image.data.set([...(value > 0 ? [213, 94, 0] : [128, 128, 128]), value > 0 ? 40 + (215 * value) / most : 36], 4 * i));
      canvas.getContext("2d").putImageData(image, 0, 0);
      layersBox.children[k].lastChild.textContent = fill(words.active, { layer: k + 1, n: values.length, active });
    });
    const image = new ImageData(28, 28);
    const digit = chosen === "" ? order[0] : Number(chosen);
    if (all) {
      const gradient = pixelGradient(reader(), all, digit);
      const most = gradient.reduce((top, value) => Math.max(top, Math.abs(value)), 1e-12);
      gradient.forEach((value, i) => {
        image.data.set([...(value > 0 ? [230, 159, 0] : [0, 114, 178]), (255 * Math.abs(value)) / most], 4 * i);
      });
    }
    saliency.getContext("2d").putImageData(image, 0, 0);
    saliency.setAttribute("aria-label", all ? fill(words.saliency, { digit }) : words.empty);
  }
  /** @param {HTMLCanvasElement} canvas @param {Uint8Array} pixels */
  function paint(canvas, pixels) {
    const image = new ImageData(28, 28);
    pixels.forEach((level, i) => image.data.set([255 - level, 255 - level, 255 - level, 255], 4 * i));
    /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).putImageData(image, 0, 0);
  }

  if (network) showSamples(); // fetched by another one on this page
  showPen();
  clear();
};
pieces.digit.words = WORDS;
pieces.digit.prepare = prepare;
pieces.digit.second = (/** @type {ArrayLike<number>} */ pixels) =>
  softmax(convolutionalLogits(reader().convolution?.layers ?? [], forwardPass(reader(), pixels)[0]));
pieces.digit.secondLayers = () => (reader().convolution?.layers ?? []).map(({ weights, biases }) => [[...weights], [...biases]]);
pieces.digit.probabilities = probabilities;
pieces.digit.gradient = (/** @type {ArrayLike<number>} */ pixels, /** @type {number} */ digit) =>
  [...pixelGradient(reader(), forwardPass(reader(), pixels), digit)];
