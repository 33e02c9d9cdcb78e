// The plane under mouse, finger and keyboard: a cross that reads values, and the
// reader's own points.
import { COLORS, contextOf, mark } from "./drawing.mjs";
import { shortNumber } from "./inspect.mjs";
import { bestClass, probability } from "./network.mjs";
import { LIMITS } from "./state.mjs";

/** @typedef {import("./lab.mjs").Lab} Lab */

let count = 0; // of planes on this page

export class Plane {
  /** @param {Lab} lab @param {() => boolean} isRunning */
  constructor(lab, isRunning) {
    const { make } = lab.pieces;
    this.lab = lab;
    this.isRunning = isRunning;
    /** @type {HTMLCanvasElement} */
    this.canvas = make("canvas", { class: "pg-plane", tabindex: 0, role: "application" });
    /** @type {HTMLElement} */
    this.text = make("p", { class: "pg-probe" });
    /** @type {HTMLElement} */
    this.marks = make("div", { class: "pg-row pg-marks", role: "group", "aria-label": lab.words.new_points });
    /** @type {number[] | null} */
    this.probe = null; // [x, y] in the plane
    /** @type {number[] | null} */
    this.lastDrawn = null;
    this.newClass = 1;
    this.drawing = 0;
    this.listen();
    this.offerClasses();
  }

  get isOwn() {
    return this.lab.state.data === "points";
  }

  /** Show what can be done with the data of now. */
  show() {
    const { words } = this.lab;
    this.marks.hidden = !this.isOwn;
    this.canvas.classList.toggle("pg-own", this.isOwn);
    this.canvas.setAttribute("aria-label", this.isOwn ? words.plane_points : words.plane);
  }

  // -- The value under the cross ------------------------------------------------------

  /** Send the cross through the network; without one, the first training point. */
  send() {
    const { places, labels } = this.lab.data.train;
    const [x, y] = this.probe ?? (labels.length ? [places[0], places[labels.length]] : [0, 0]);
    this.lab.scene.send(x, y);
    return [x, y];
  }

  /** @param {string} unitText What to say of the chosen neuron. */
  write(unitText) {
    const { pieces, words } = this.lab;
    const parts = unitText ? [unitText] : [];
    if (this.probe) parts.unshift(this.result());
    if (!parts.length) parts.push(this.isOwn ? words.hint_points : words.hint);
    const text = parts.join(pieces.language === "zh" ? "。" : ". ");
    if (this.text.textContent !== text) this.text.textContent = text;
  }

  result() {
    const { say, scene, unit } = this.lab;
    const [x, y] = this.send();
    const { logits, n, classes } = scene.probe;
    const place = say("at", { x: shortNumber(x), y: shortNumber(y) });
    if (unit || !classes) {
      const [layer, j] = unit ?? [scene.sizes.length - 1, 0];
      return `${place} → ${say("is_value", { value: shortNumber(scene.probe.row(layer, j)[0], 3) })}`;
    }
    const label = bestClass(logits, 0, n, classes);
    const p = probability(logits, 0, n, classes, label);
    return `${place} → ${say("is_class", { label, p: shortNumber(p, 3) })}`;
  }

  // -- Mouse, finger, keyboard --------------------------------------------------------

  paintSoon() {
    if (this.isRunning() || this.drawing) return;
    this.drawing = requestAnimationFrame(() => {
      this.drawing = 0;
      this.lab.paint();
    });
  }

  /** @param {PointerEvent | MouseEvent} event */
  placeOf(event) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const { square } = this.lab.data;
    return [
      (((event.clientX - left) / width) * 2 - 1) * square,
      (1 - ((event.clientY - top) / height) * 2) * square,
    ];
  }

  listen() {
    const { canvas } = this;
    // In the reader's own data a press draws points, a drag draws many.
    canvas.addEventListener("pointerdown", (event) => {
      if (!this.isOwn || event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.probe = this.lastDrawn = this.placeOf(event);
      this.addPoint();
    });
    canvas.addEventListener("pointermove", (event) => {
      const place = (this.probe = this.placeOf(event));
      if (this.lastDrawn && Math.hypot(place[0] - this.lastDrawn[0], place[1] - this.lastDrawn[1]) > 0.35) {
        this.lastDrawn = place;
        this.addPoint();
      }
      this.paintSoon();
    });
    for (const end of ["pointerup", "pointercancel"])
      canvas.addEventListener(end, () => { this.lastDrawn = null; });
    canvas.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "mouse") return;
      this.probe = null;
      this.paintSoon();
    });
    canvas.addEventListener("click", (event) => {
      this.probe = this.placeOf(event);
      this.paintSoon();
    });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { square } = this.lab.data;
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const arrow = arrows[/** @type {keyof typeof arrows} */ (event.key)];
    if (arrow) {
      const stride = square / (event.shiftKey ? 100 : 10);
      this.probe = (this.probe ?? [0, 0]).map((x, i) => {
        const to = Math.round((x + arrow[i] * stride) * 1e6) / 1e6;
        return Math.max(-square, Math.min(square, to));
      });
      this.paintSoon();
      this.lab.hear(this.result());
    } else if (this.isOwn && event.key === "Enter") this.addPoint();
    else if (this.isOwn && ["Backspace", "Delete"].includes(event.key)) this.removeNearest();
    else return;
    event.preventDefault();
  }

  // -- The reader's own points --------------------------------------------------------

  offerClasses() {
    const { pieces, say, words } = this.lab;
    const { make } = pieces;
    this.marks.append(make("span", {}, words.new_points));
    for (let label = 0; label < LIMITS.classes; label++) {
      const sample = make("canvas", { class: "pg-mark", width: 32, height: 32 });
      const context = contextOf(sample);
      context.translate(16, 17);
      context.fillStyle = `rgb(${COLORS[label]})`;
      context.fill(mark(label, 11));
      const choice = make("input", {
        type: "radio", name: `playground-class-${count}`, checked: label === this.newClass,
        onchange: () => { this.newClass = label; },
      });
      this.marks.append(make("label", {}, choice, sample, ` ${say("class", { label })}`));
    }
    count++;
    const button = (/** @type {string} */ key, /** @type {() => void} */ onclick) =>
      make("button", { type: "button", "data-press": key, onclick }, words[key]);
    this.marks.append(
      button("undo", () => this.setPoints(this.lab.state.points.slice(0, -1))),
      button("clear", () => this.setPoints([])));
  }

  /** @param {number[][]} points */
  setPoints(points) {
    this.lab.change({ points });
    this.lab.hear(this.lab.say("point_gone", { n: points.length }));
  }

  addPoint() {
    const { data, hear, say, state } = this.lab;
    if (state.points.length >= LIMITS.points) return;
    const [x, y] = (this.probe ?? [0, 0]).map((value) =>
      Math.max(-data.square, Math.min(data.square, Math.round(value * 100) / 100)));
    this.lab.change({ points: [...state.points, [this.newClass, x, y]] });
    hear(say("point_added", { label: this.newClass, n: this.lab.state.points.length }));
  }

  removeNearest() {
    const { points } = this.lab.state;
    if (!points.length) return;
    const [px, py] = this.probe ?? [0, 0];
    const far = points.map(([, x, y]) => Math.hypot(x - px, y - py));
    this.setPoints(points.filter((_, i) => i !== far.indexOf(Math.min(...far))));
  }
}
