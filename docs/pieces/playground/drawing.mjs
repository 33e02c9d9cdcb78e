// Pictures of the plane: what the network says at every place, borders, points, curves.
import { Batch, bestClass, Network, probability, Room } from "./network.mjs";
import { featuresOf } from "./data.mjs";
import { outputsOf } from "./state.mjs";

/** @typedef {CanvasRenderingContext2D} Context */

// Places along each side of the plane at which the network is asked for the picture;
// fewer while it trains where painting takes long.
export const FINE = 64;
export const COARSE = 32;
const HEIGHTS = [-0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75]; // of the lines of a regression
export const COLORS = [[0, 114, 178], [230, 159, 0], [0, 158, 115], [204, 121, 167]];

/** One shape for each class, around 0. @type {((path: Path2D, r: number) => void)[]} */
const SHAPES = [
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
];

/** @param {number} label @param {number} r */
export function mark(label, r) {
  const path = new Path2D();
  SHAPES[label](path, r);
  path.closePath();
  return path;
}

/** Make the pixels of a canvas fit its place on the page, and clear it.
 * @param {HTMLCanvasElement} canvas */
export function fitted(canvas) {
  const scale = Math.min(devicePixelRatio || 1, 2);
  const width = Math.round(canvas.clientWidth * scale);
  const height = Math.round(canvas.clientHeight * scale);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = contextOf(canvas);
  context.clearRect(0, 0, width, height);
  return { context, width, height, scale };
}

/** @param {HTMLCanvasElement} canvas */
export const contextOf = (canvas) => /** @type {Context} */ (canvas.getContext("2d"));

/** Pixels of a picture, and the points at their middles on their way through a network. */
class Screen {
  /** @param {Room} room @param {number[]} sizes @param {import("./state.mjs").State} state
   * @param {number} side @param {number} square */
  constructor(room, sizes, state, side, square) {
    this.side = side;
    this.image = new ImageData(side, side);
    this.canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
    this.field = new Float64Array(side * side);
    this.batch = new Batch(room, sizes, outputsOf(state), side * side, false);
    const places = new Float64Array(2 * side * side);
    for (let k = 0; k < side * side; k++) {
      places[k] = ((((k % side) + 0.5) / side) * 2 - 1) * square;
      places[side * side + k] = (1 - ((Math.floor(k / side) + 0.5) / side) * 2) * square;
    }
    this.batch.fill(featuresOf(state.features, places), []);
  }
}

/** A network on the page with all that its pictures need. */
export class Scene {
  /** @param {import("./state.mjs").State} state @param {number[]} sizes
   * @param {number} square */
  constructor(state, sizes, square) {
    const room = Room.plain(sizes, FINE * FINE + COARSE * COARSE + 100);
    this.square = square;
    this.features = state.features;
    this.sizes = sizes;
    this.network = new Network(room, sizes, state.activation);
    this.fine = new Screen(room, sizes, state, FINE, square);
    this.coarse = new Screen(room, sizes, state, COARSE, square);
    this.probe = new Batch(room, sizes, outputsOf(state), 1, true);
    this.gradients = room.take(this.network.count);
    this.screen = this.fine;
    this.points = document.createElement("canvas"); // drawn once, see stampPoints
    this.pointsLook = "";
  }

  /** Compute the picture anew. @param {boolean} roughly */
  look(roughly) {
    this.screen = roughly ? this.coarse : this.fine;
    this.network.forward(this.screen.batch);
  }

  /** Send one point through; its values are then in this.probe.
   * @param {number} x @param {number} y @param {number} [label] */
  send(x, y, label = 0) {
    this.probe.fill(featuresOf(this.features, Float64Array.of(x, y)), [label]);
    this.network.forward(this.probe);
    return this.probe;
  }

  /** Put the points on a plane: hundreds of shapes, drawn once for a size and a color.
   * @param {Context} context @param {number} width
   * @param {{ train: import("./data.mjs").Part, test: import("./data.mjs").Part }} data
   * @param {string} ink @param {boolean} showTest */
  stampPoints(context, width, { train, test }, ink, showTest) {
    if (!width) return;
    const look = [width, ink, showTest].join();
    if (look !== this.pointsLook) {
      this.pointsLook = look;
      Object.assign(this.points, { width, height: width });
      const layer = contextOf(this.points);
      const draw = this.probe.classes ? drawPoints : drawNumbers;
      draw(layer, width, train, this.square, ink, false);
      if (showTest) draw(layer, width, test, this.square, ink, true);
    }
    context.drawImage(this.points, 0, 0);
  }

  /** Color the screen by what a unit puts out; return its values.
   * @param {number} layer 0: the inputs @param {number} unit */
  shadeUnit(layer, unit) {
    const { image, batch } = this.screen;
    const values = batch.row(layer, unit);
    let most = 1e-9;
    for (let k = 0; k < values.length; k++) {
      const size = Math.abs(values[k]);
      if (size > most) most = size;
    }
    const { data } = image;
    for (let k = 0; k < values.length; k++) {
      const color = COLORS[values[k] > 0 ? 1 : 0];
      data[4 * k] = color[0];
      data[4 * k + 1] = color[1];
      data[4 * k + 2] = color[2];
      data[4 * k + 3] = (215 * Math.abs(values[k])) / most;
    }
    return values;
  }

  /** Draw a unit into a small canvas. @param {HTMLCanvasElement} canvas
   * @param {number} layer @param {number} unit */
  drawUnit(canvas, layer, unit) {
    const { side, image } = this.screen;
    this.shadeUnit(layer, unit);
    if (canvas.width !== side) Object.assign(canvas, { width: side, height: side });
    contextOf(canvas).putImageData(image, 0, 0);
  }

  /** Draw what the whole network says, or one unit, over a canvas.
   * @param {HTMLCanvasElement} canvas @param {string} ink
   * @param {{ unit: [number, number] | null, hard: boolean, blank: boolean }} options */
  drawPlane(canvas, ink, { unit, hard, blank }) {
    const { side, image, batch, field } = this.screen;
    const { context, width } = fitted(canvas);
    const border = new Path2D();
    const { classes } = batch;
    if (unit) {
      const values = this.shadeUnit(...unit);
      const inner = unit[0] > 0 && unit[0] < this.sizes.length - 1;
      const level = inner
        ? this.network.activation.border(values.reduce((a, b) => Math.max(a, b), -Infinity))
        : 0;
      for (let k = 0; k < field.length; k++) field[k] = values[k] - level;
      addBorder(border, field, side, width);
    } else if (blank) image.data.fill(0);
    else if (!classes) {
      shadeNumbers(this.screen, hard);
      for (const level of HEIGHTS) addBorder(border, batch.logits, side, width, level);
    } else {
      shadeClasses(this.screen, hard);
      for (let c = 0; c < (classes === 1 ? 1 : classes); c++) {
        margins(batch, c, field);
        addBorder(border, field, side, width);
      }
    }
    const { canvas: small } = this.screen;
    contextOf(small).putImageData(image, 0, 0);
    context.imageSmoothingEnabled = !hard;
    context.drawImage(small, 0, 0, width, width);
    context.strokeStyle = ink;
    context.lineWidth = width / 250;
    context.stroke(border);
    return { context, width };
  }
}

/** Color the screen by the number that the network predicts, from -1 to 1.
 * @param {Screen} screen @param {boolean} hard In steps. */
function shadeNumbers({ side, image, batch: { logits } }, hard) {
  const { data } = image;
  for (let k = 0; k < side * side; k++) {
    const height = hard ? Math.floor(2 * logits[k]) / 2 + 0.25 : logits[k];
    const color = COLORS[height > 0 ? 1 : 0];
    data[4 * k] = color[0];
    data[4 * k + 1] = color[1];
    data[4 * k + 2] = color[2];
    data[4 * k + 3] = 190 * Math.min(1, Math.abs(height)); // NaN: nothing
  }
}

/** Color the screen by class, the surer the stronger.
 * @param {Screen} screen @param {boolean} hard */
function shadeClasses({ side, image, batch }, hard) {
  const { logits, n, classes } = batch;
  const least = 1 / Math.max(2, classes);
  const { data } = image;
  for (let k = 0; k < side * side; k++) {
    const label = bestClass(logits, k, n, classes);
    const p = probability(logits, k, n, classes, label);
    const color = COLORS[label];
    data[4 * k] = color[0];
    data[4 * k + 1] = color[1];
    data[4 * k + 2] = color[2];
    data[4 * k + 3] = !Number.isFinite(p) ? 0 : hard ? 120 : 30 + (110 * (p - least)) / (1 - least);
  }
}

/** How much more a class gets than its strongest rival.
 * @param {Batch} batch @param {number} label @param {Float64Array} field */
function margins({ logits, n, classes }, label, field) {
  for (let k = 0; k < field.length; k++) {
    let rival = classes === 1 ? 0 : -Infinity;
    for (let c = 0; c < classes; c++)
      if (c !== label && logits[c * n + k] > rival) rival = logits[c * n + k];
    field[k] = logits[label * n + k] - rival;
  }
}

/** Add to path the lines on which a field crosses 0, between the places.
 * @param {Path2D} path @param {Float64Array} field @param {number} side
 * @param {number} size Of the canvas. @param {number} [level] */
export function addBorder(path, field, side, size, level = 0) {
  const cell = size / side;
  const around = [0, 1, side + 1, side]; // the corners of a cell, in a circle
  for (let row = 0; row + 1 < side; row++)
    for (let column = 0; column + 1 < side; column++) {
      const k = row * side + column;
      const first = field[k] > level;
      if (
        first === field[k + 1] > level && first === field[k + side] > level &&
        first === field[k + side + 1] > level
      )
        continue;
      let started = false;
      for (let a = 0; a < 4; a++) {
        const from = k + around[a], to = k + around[(a + 1) % 4];
        if (field[from] > level === field[to] > level) continue;
        const part = (field[from] - level) / (field[from] - field[to]);
        const x0 = from % side, y0 = Math.floor(from / side);
        const x = (x0 + part * ((to % side) - x0) + 0.5) * cell;
        const y = (y0 + part * (Math.floor(to / side) - y0) + 0.5) * cell;
        if (started) path.lineTo(x, y);
        else path.moveTo(x, y);
        started = !started;
      }
    }
}

/** @param {Context} context @param {number} width
 * @param {import("./data.mjs").Part} part @param {number} square
 * @param {string} ink @param {boolean} hollow */
export function drawPoints(context, width, { places, labels }, square, ink, hollow) {
  const n = labels.length;
  const shapes = COLORS.map((_, label) => mark(label, width / (n > 100 ? 110 : 70)));
  context.lineWidth = width / (hollow ? 280 : 700);
  for (let k = 0; k < n; k++) {
    const x = ((places[k] / square + 1) / 2) * width;
    const y = ((1 - places[n + k] / square) / 2) * width;
    const color = `rgb(${COLORS[labels[k]]})`;
    context.setTransform(1, 0, 0, 1, x, y);
    context.fillStyle = color;
    context.strokeStyle = hollow ? color : ink;
    if (!hollow) context.fill(shapes[labels[k]]);
    context.stroke(shapes[labels[k]]);
  }
  context.resetTransform();
}

/** Points whose labels are numbers: the color is that of the plane where it is right.
 * @param {Context} context @param {number} width
 * @param {import("./data.mjs").Part} part @param {number} square
 * @param {string} ink @param {boolean} hollow */
function drawNumbers(context, width, { places, labels }, square, ink, hollow) {
  const n = labels.length;
  for (let k = 0; k < n; k++) {
    const strength = Math.min(1, Math.abs(labels[k]));
    const color = COLORS[labels[k] > 0 ? 1 : 0].map((part) => Math.round(245 + (part - 245) * strength));
    context.fillStyle = `rgb(${color})`;
    context.strokeStyle = ink;
    context.lineWidth = width / (hollow ? 110 : 500);
    context.beginPath();
    context.arc(((places[k] / square + 1) / 2) * width, ((1 - places[n + k] / square) / 2) * width, width / 95, 0, 7);
    if (!hollow) context.fill();
    context.stroke();
    if (!hollow) continue;
    context.strokeStyle = context.fillStyle; // a ring of the color between two lines
    context.lineWidth = width / 200;
    context.stroke();
  }
}

/** @param {Context} context @param {number} width @param {number[]} place
 * @param {number} square @param {string} ink */
export function drawCross(context, width, [x1, x2], square, ink) {
  const x = ((x1 / square + 1) / 2) * width, y = ((1 - x2 / square) / 2) * width;
  const arm = width / 40;
  context.strokeStyle = ink;
  context.lineWidth = width / 200;
  context.beginPath();
  context.moveTo(x - arm, y);
  context.lineTo(x + arm, y);
  context.moveTo(x, y - arm);
  context.lineTo(x, y + arm);
  context.stroke();
}
