// The loss over two parameters, with the way that training has taken over them.
import { addBorder, contextOf, fitted } from "./drawing.mjs";
import { shortNumber, symbol } from "./inspect.mjs";
import { placeOf } from "./state.mjs";

const SIDE = 41;

export class Surface {
  /**
   * @param {any} pieces
   * @param {(key: string, values?: object) => string} say
   * @param {(request: object) => Promise<any>} ask
   */
  constructor(pieces, say, ask) {
    const { make } = pieces;
    this.say = say;
    this.make = make;
    this.ask = ask;
    this.canvas = make("canvas", { class: "pg-surface", role: "img", "aria-label": say("surface") });
    const select = (/** @type {string} */ key) =>
      make("select", { "data-field": key, onchange: () => this.fit() });
    this.across = select("across");
    this.up = select("up");
    this.element = make(
      "details", { class: "pg-fold", ontoggle: () => this.refresh() },
      make("summary", {}, say("surface")),
      make("p", { class: "pg-quiet" }, say("surface_hint")),
      make("div", { class: "pg-row" },
        ...["across", "up"].map((key) =>
          make("label", { class: "pg-field" }, make("span", {}, say(key)), key === "up" ? this.up : this.across)),
        make("button", { type: "button", "data-press": "fit", onclick: () => this.fit() }, say("fit"))),
      this.canvas,
    );
    /** @type {number[] | null} */
    this.window = null;
    this.busy = false;
    /** @type {any} */
    this.answer = null;
  }

  /** A new network: offer its parameters. @param {import("./drawing.mjs").Scene} scene */
  build(scene) {
    this.window = this.answer = null;
    const names = scene.network.layers.flatMap(({ inputs, outputs }, l) =>
      Array.from({ length: outputs }, (_, j) => [
        ...Array.from({ length: inputs }, (_, i) => [
          `w${l + 1}.${j + 1}.${i + 1}`, `w(${symbol(scene, l, i)} → ${symbol(scene, l + 1, j)})`,
        ]),
        [`b${l + 1}.${j + 1}`, `b(${symbol(scene, l + 1, j)})`],
      ]).flat());
    this.scene = scene;
    for (const [index, choice] of [this.across, this.up].entries()) {
      const before = choice.value;
      choice.replaceChildren(...names.map(([value, text]) => this.make("option", { value }, text)));
      const still = names.some(([value]) => value === before);
      choice.value = still ? before : names[Math.min(index, names.length - 1)][0];
    }
  }

  fit() {
    this.window = null;
    this.refresh();
  }

  /** Compute and draw anew, if anybody looks. */
  async refresh() {
    if (!this.element.open || this.busy || !this.scene) return;
    const { sizes } = this.scene;
    const a = placeOf(sizes, this.across.value), b = placeOf(sizes, this.up.value);
    if (a === undefined || b === undefined) return;
    this.busy = true;
    const scene = this.scene;
    const answer = await this.ask({ act: "surface", a, b, window: this.window, side: SIDE });
    this.busy = false;
    if (scene !== this.scene) return;
    this.window = answer.window;
    this.answer = answer;
    this.draw();
  }

  draw() {
    if (!this.answer) return;
    const { losses, path, window, side } = this.answer;
    const { context, width } = fitted(this.canvas);
    const ink = getComputedStyle(this.canvas).color;
    const shade = (ink.match(/\d+/g) ?? [0, 0, 0]).slice(0, 3).map(Number);
    const heights = losses.map((/** @type {number} */ loss) => Math.log(Math.max(loss, 1e-9)));
    const known = heights.filter(Number.isFinite);
    const low = known.reduce((/** @type {number} */ x, /** @type {number} */ y) => Math.min(x, y), Infinity);
    const high = known.reduce((/** @type {number} */ x, /** @type {number} */ y) => Math.max(x, y), -Infinity);
    const image = new ImageData(side, side);
    heights.forEach((/** @type {number} */ h, /** @type {number} */ k) =>
      image.data.set([...shade, Number.isFinite(h) ? (150 * (h - low)) / (high - low || 1) : 200], 4 * k));
    const small = Object.assign(document.createElement("canvas"), { width: side, height: side });
    contextOf(small).putImageData(image, 0, 0);
    context.drawImage(small, 0, 0, width, width);
    const lines = new Path2D();
    for (let i = 1; i < 10; i++) addBorder(lines, heights, side, width, low + ((high - low) * i) / 10);
    context.strokeStyle = ink;
    context.globalAlpha = 0.45;
    context.lineWidth = width / 500;
    context.stroke(lines);
    context.globalAlpha = 1;
    context.strokeStyle = context.fillStyle = "#d55e00";
    context.lineWidth = width / 140;
    context.beginPath();
    const [lowA, highA, lowB, highB] = window;
    let x = 0, y = 0;
    for (let i = 0; i < path.length; i += 2) {
      x = ((path[i] - lowA) / (highA - lowA)) * width;
      y = (1 - (path[i + 1] - lowB) / (highB - lowB)) * width;
      context.lineTo(x, y);
    }
    context.stroke();
    context.beginPath();
    context.arc(x, y, width / 60, 0, 7);
    context.fill();
    context.fillStyle = ink;
    context.font = `${width / 26}px ${getComputedStyle(this.canvas).fontFamily}`;
    context.fillText(shortNumber(lowA), 4, width - 6);
    context.textAlign = "right";
    context.fillText(shortNumber(highA), width - 4, width - 6);
    context.textAlign = "left";
    context.fillText(shortNumber(highB), 4, width / 22);
    const name = (/** @type {HTMLSelectElement} */ choice) => choice.selectedOptions[0]?.textContent;
    this.canvas.setAttribute("aria-label", this.say("surface_label", {
      a: name(this.across), b: name(this.up), low: shortNumber(Math.exp(low), 3), high: shortNumber(Math.exp(high), 3),
      now: shortNumber(this.answer.loss ?? NaN, 3),
    }));
  }
}
