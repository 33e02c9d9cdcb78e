// The network drawn: inputs, neurons with their pictures, weights as lines. Neurons are
// buttons: one stop of the Tab key, then arrow keys.
import { COLORS, contextOf, fitted } from "./drawing.mjs";
import { FEATURES, LIMITS } from "./state.mjs";

/** @typedef {import("./state.mjs").State} State */
/**
 * @typedef {object} Deeds What the reader can do in the drawing.
 * @property {(name: string) => void} toggle
 * @property {(layer: number, change: number) => void} units
 * @property {(change: number) => void} layers
 * @property {(layer: number, unit: number, input?: number) => void} choose
 * @property {(unit: [number, number] | null) => void} look The mouse is over a neuron.
 */

const TURNS = 4;
const HEAD = 58; // px above the neurons
const ALL = Object.keys(FEATURES);

export class Graph {
  /**
   * @param {any} pieces
   * @param {(key: string, values?: object) => string} say
   * @param {Deeds} deeds
   */
  constructor(pieces, say, deeds) {
    this.make = pieces.make;
    this.say = say;
    this.deeds = deeds;
    this.lines = this.make("canvas", { class: "pg-lines", "aria-hidden": "true" });
    this.nodes = this.make("div", { class: "pg-nodes", role: "group", "aria-label": say("graph") });
    this.tip = this.make("p", { class: "pg-tip", hidden: true });
    this.element = this.make("div", { class: "pg-graph" }, this.lines, this.nodes, this.tip);
    /** @type {HTMLButtonElement[][]} the buttons of each layer; those of inputs: all seven */
    this.columns = [];
    /** @type {{ layer: number, unit: number, input: number } | null} */
    this.hovered = null;
    /** @type {Element | null} the neuron under the mouse */
    this.lookedAt = null;
    /** @type {number[] | null} layers whose weights are drawn strong: [layer] or none */
    this.strong = null;
    /** @type {number[][][]} the middle of each button, px */
    this.spots = [];
    this.shape = "";
    this.sizes = [2, 1];
    this.features = ["x1", "x2"];
    this.nodes.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.key(event));
    this.element.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.hover(event));
    this.element.addEventListener("pointerleave", () => {
      this.showTip(null);
      this.look(null);
    });
    this.lines.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      this.hover(event);
      if (this.hovered) {
        const { layer, unit, input } = this.hovered;
        this.deeds.choose(layer, unit, input);
      }
    });
  }

  /** Build the drawing for a set-up. @param {State} state @param {number[]} sizes */
  build(state, sizes) {
    const { make, say, deeds } = this;
    /** @type {string} */
    const shape = [state.features, sizes].join(" ");
    if (shape === this.shape) return;
    const focused = /** @type {HTMLElement} */ (document.activeElement)?.dataset?.node;
    this.shape = shape;
    this.sizes = sizes;
    this.features = state.features;
    const inputs = ALL.map((name) => {
      const { sign } = FEATURES[/** @type {keyof typeof FEATURES} */ (name)];
      return make(
        "button",
        {
          type: "button", class: "pg-node pg-input", "data-node": `0.${name}`, tabindex: -1,
          "aria-pressed": String(state.features.includes(name)),
          "aria-label": say("input", { name: sign }), title: say("input", { name: sign }),
          onclick: () => deeds.toggle(name),
        },
        make("canvas"),
        make("span", { class: "pg-sign" }, sign),
        make("span", { class: "pg-number" }),
      );
    });
    const later = sizes.slice(1).map((size, i) =>
      Array.from({ length: size }, (_, unit) =>
        make(
          "button",
          {
            type: "button", class: "pg-node", "data-node": `${i + 1}.${unit}`, tabindex: -1,
            "aria-label": this.name(i + 1, unit), title: this.name(i + 1, unit),
            onclick: () => deeds.choose(i + 1, unit),
          },
          make("canvas"),
          make("span", { class: "pg-number" }),
        ),
      ),
    );
    this.columns = [inputs, ...later];
    this.heads = [
      this.head("layers", state.hidden.length, deeds.layers, 0, LIMITS.layers, "more_layers", "fewer_layers", 0),
      ...state.hidden.map((size, i) =>
        this.head("layer", size, (by) => deeds.units(i + 1, by), 1, LIMITS.units, "more_units", "fewer_units", i + 1),
      ),
      make("div", { class: "pg-head" }, make("span", {}, say("output"))),
    ];
    this.nodes.replaceChildren(...this.heads, ...this.columns.flat());
    (this.columns[1][0] ?? inputs[0]).tabIndex = 0;
    this.place();
    if (focused) this.at(focused)?.focus({ preventScroll: true });
  }

  /**
   * @param {string} key @param {number} size @param {(by: number) => void} change
   * @param {number} low @param {number} high @param {string} more @param {string} fewer
   * @param {number} layer
   */
  head(key, size, change, low, high, more, fewer, layer) {
    const { make, say } = this;
    const button = (/** @type {string} */ name, /** @type {string} */ sign, /** @type {number} */ by, /** @type {boolean} */ off) =>
      make("button", {
        type: "button", disabled: off, "aria-label": say(name, { layer }), title: say(name, { layer }),
        "data-press": `${name}${layer || ""}`, onclick: () => {
          change(by);
          const again = this.nodes.querySelector(`[data-press=${name}${layer || ""}]`);
          if (again && !again.disabled) again.focus({ preventScroll: true });
        },
      }, sign);
    return make(
      "div", { class: "pg-head" },
      make("span", {}, say(key, { layer })),
      make("span", { class: "pg-count" }, button(fewer, "−", -1, size <= low), make("b", {}, size), button(more, "+", 1, size >= high)),
    );
  }

  /** @param {number} layer @param {number} unit @returns {string} */
  name(layer, unit) {
    if (layer === 0) return FEATURES[/** @type {keyof typeof FEATURES} */ (this.features[unit])].sign;
    if (layer < this.sizes.length - 1) return this.say("unit", { layer, unit: unit + 1 });
    return this.sizes[layer] === 1 ? this.say("output") : this.say("output_unit", { unit: unit });
  }

  /** @param {string} node "layer.unit" @returns {HTMLButtonElement | undefined} */
  at(node) {
    return this.columns.flat().find((button) => button.dataset.node === node);
  }

  /** Put everything in its place for the width that there is. */
  place() {
    const width = this.element.clientWidth;
    if (!width || !this.columns.length) return;
    const most = Math.max(...this.columns.map((column) => column.length));
    const size = width < 380 ? 30 : width < 640 ? 36 : 44;
    const gap = most > 7 ? 6 : width < 380 ? 8 : 12;
    const height = HEAD + most * (size + gap);
    this.element.style.height = `${height}px`;
    this.size = size;
    const label = 46;
    const last = this.columns.length - 1;
    const lastX = width - size - 4;
    this.spots = this.columns.map((column, l) => {
      const x = l === 0 ? label : label + ((lastX - label) * l) / last;
      const top = HEAD + ((most - column.length) * (size + gap)) / 2;
      const head = this.heads?.[l];
      if (head) head.style.left = `${l === 0 ? 0 : x + size / 2}px`;
      head?.classList.toggle("pg-first", l === 0);
      head?.classList.toggle("pg-last", l === last);
      return column.map((button, j) => {
        Object.assign(button.style, {
          left: `${x}px`, top: `${top + j * (size + gap)}px`, width: `${size}px`, height: `${size}px`,
        });
        return [x + size / 2, top + j * (size + gap) + size / 2];
      });
    });
  }

  /** The middle of a node. @param {number} layer @param {number} unit */
  middle(layer, unit) {
    const index = layer === 0 ? ALL.indexOf(this.features[unit]) : unit;
    return this.spots[layer]?.[index] ?? [0, 0];
  }

  /** Draw pictures and lines. @param {import("./drawing.mjs").Scene} scene
   * @param {boolean} still Whether the inputs' pictures need drawing, too.
   * @param {number} [turn] If given, only every TURNS-th picture is drawn, and the lines
   *   once in so many turns: where all moves, nobody sees that it does so by turns. */
  paint(scene, still, turn) {
    this.scene = scene;
    for (let l = still ? 0 : 1, place = 0; l < this.columns.length; l++)
      for (let j = 0; j < this.sizes[l]; j++) {
        if (turn !== undefined && ++place % TURNS !== turn % TURNS) continue;
        const index = l === 0 ? ALL.indexOf(this.features[j]) : j;
        scene.drawUnit(/** @type {HTMLCanvasElement} */ (this.columns[l][index].firstChild), l, j);
      }
    if (still) this.paintUnused(scene.square);
    if (turn === undefined || turn % TURNS === 0) this.drawLines();
  }

  /** The inputs that do not go into the network. @param {number} square */
  paintUnused(square) {
    const side = 16;
    ALL.forEach((name, index) => {
      if (this.features.includes(name)) return;
      const canvas = /** @type {HTMLCanvasElement} */ (this.columns[0][index].firstChild);
      const { of } = FEATURES[/** @type {keyof typeof FEATURES} */ (name)];
      const values = Array.from({ length: side * side }, (_, k) =>
        of((((k % side) + 0.5) / side - 0.5) * 2 * square, (0.5 - (Math.floor(k / side) + 0.5) / side) * 2 * square));
      const most = Math.max(...values.map(Math.abs));
      const image = new ImageData(side, side);
      values.forEach((value, k) =>
        image.data.set([...COLORS[value > 0 ? 1 : 0], (215 * Math.abs(value)) / most], 4 * k));
      Object.assign(canvas, { width: side, height: side });
      contextOf(canvas).putImageData(image, 0, 0);
    });
  }

  drawLines() {
    const { context, scale } = fitted(this.lines);
    if (!this.scene) return;
    const { layers, parameters } = this.scene.network;
    const half = (this.size ?? 30) / 2;
    context.scale(scale, scale);
    layers.forEach(({ inputs, outputs, weights }, l) => {
      const faint = this.strong && !this.strong.includes(l + 1) ? 0.25 : 1;
      for (let j = 0; j < outputs; j++)
        for (let i = 0; i < inputs; i++) {
          const w = parameters[weights + j * inputs + i];
          const size = Math.min(8, Math.abs(w));
          const [x0, y0] = this.middle(l, i), [x1, y1] = this.middle(l + 1, j);
          const hovered = this.hovered?.layer === l + 1 && this.hovered.unit === j && this.hovered.input === i;
          context.strokeStyle = `rgb(${COLORS[w > 0 ? 1 : 0]})`;
          context.globalAlpha = hovered ? 1 : faint * Math.min(0.95, 0.25 + size / 2);
          context.lineWidth = (hovered ? 2 : 0) + Math.min(7, 0.6 + 1.6 * Math.sqrt(size) + size / 4);
          context.setLineDash(w < 0 ? [7, 5] : []);
          context.beginPath();
          context.moveTo(x0 + half, y0);
          const third = (x1 - x0 - 2 * half) / 3;
          context.bezierCurveTo(x0 + half + third, y0, x1 - half - third, y1, x1 - half, y1);
          context.stroke();
        }
    });
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = 1;
    context.setLineDash([]);
  }

  /** Find the line under the pointer. @param {PointerEvent | MouseEvent} event */
  hover(event) {
    const box = this.element.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    const onLine = event.target === this.lines || event.target === this.nodes;
    this.showTip(onLine ? this.lineAt(x, y) : null, x, y);
    if (/** @type {PointerEvent} */ (event).pointerType === "mouse")
      this.look(/** @type {HTMLElement} */ (event.target).closest?.(".pg-node"));
  }

  /** Show the picture of a neuron large, as long as the mouse is over it.
   * @param {Element | null} button */
  look(button) {
    if (button === this.lookedAt) return;
    this.lookedAt = button;
    const layer = this.columns.findIndex((column) => column.includes(/** @type {any} */ (button)));
    if (layer < 0) return this.deeds.look(null);
    const index = this.columns[layer].indexOf(/** @type {any} */ (button));
    const unit = layer === 0 ? this.features.indexOf(ALL[index]) : index;
    this.deeds.look(unit < 0 ? null : [layer, unit]);
  }

  /** @param {number} x @param {number} y */
  lineAt(x, y) {
    const half = (this.size ?? 30) / 2;
    /** @type {{ layer: number, unit: number, input: number } | null} */
    let best = null;
    let least = 9;
    for (let layer = 1; layer < this.columns.length; layer++)
      for (let unit = 0; unit < this.sizes[layer]; unit++)
        for (let input = 0; input < this.sizes[layer - 1]; input++) {
          const [x0, y0] = this.middle(layer - 1, input), [x1, y1] = this.middle(layer, unit);
          const u = (x - x0 - half) / (x1 - x0 - 2 * half);
          if (u < 0 || u > 1) continue;
          // The curve is a Bézier curve whose x grows evenly.
          const off = Math.abs(y0 + (y1 - y0) * u * u * (3 - 2 * u) - y);
          if (off < least) {
            least = off;
            best = { layer, unit, input };
          }
        }
    return best;
  }

  /** @param {{ layer: number, unit: number, input: number } | null} found
   * @param {number} [x] @param {number} [y] */
  showTip(found, x = 0, y = 0) {
    const same = JSON.stringify(found) === JSON.stringify(this.hovered);
    this.hovered = found;
    this.tip.hidden = !found;
    this.lines.style.cursor = found ? "pointer" : "";
    if (found && this.scene) {
      const { layer, unit, input } = found;
      const { inputs, weights } = this.scene.network.layers[layer - 1];
      const value = this.scene.network.parameters[weights + unit * inputs + input];
      this.tip.textContent = this.say("weight_of", {
        from: this.name(layer - 1, input), to: this.name(layer, unit), value: value.toFixed(3).replace("-", "−"),
      });
      const left = Math.min(x + 8, this.element.clientWidth - 200);
      Object.assign(this.tip.style, { left: `${Math.max(0, left)}px`, top: `${y + 14}px` });
    }
    if (!same) this.drawLines();
  }

  /** Mark the chosen neuron. @param {string | null} node */
  mark(node) {
    for (const button of this.columns.slice(1).flat())
      button.classList.toggle("pg-chosen", button.dataset.node === node);
  }

  /** Write numbers into the neurons of some layers, or take them away.
   * @param {(layer: number, unit: number) => string} [textOf] */
  number(textOf = () => "") {
    for (let l = 0; l < this.columns.length; l++)
      for (let j = 0; j < this.sizes[l]; j++) {
        const index = l === 0 ? ALL.indexOf(this.features[j]) : j;
        const text = textOf(l, j);
        const button = this.columns[l][index];
        /** @type {HTMLElement} */ (button.lastChild).textContent = text;
        button.classList.toggle("pg-numbered", text !== "");
      }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const button = /** @type {HTMLElement} */ (event.target).closest(".pg-node");
    if (!button || event.ctrlKey || event.altKey || event.metaKey) return;
    const layer = this.columns.findIndex((column) => column.includes(/** @type {any} */ (button)));
    const unit = this.columns[layer].indexOf(/** @type {any} */ (button));
    const [across, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
    const hidden = layer > 0 && layer < this.columns.length - 1;
    if (across || down) {
      const column = this.columns[layer + across];
      const next = column?.[across ? Math.min(unit, column.length - 1) : unit + down];
      if (next) this.focus(next);
    } else if (hidden && event.key === "+") this.deeds.units(layer, 1);
    else if (hidden && ["-", "Delete", "Backspace"].includes(event.key)) this.deeds.units(layer, -1);
    else return;
    event.preventDefault();
  }

  /** @param {HTMLButtonElement} button */
  focus(button) {
    for (const other of this.columns.flat()) other.tabIndex = other === button ? 0 : -1;
    button.focus();
  }
}
