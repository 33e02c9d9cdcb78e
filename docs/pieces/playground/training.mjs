// A training: it runs as many steps as it is asked for, and says how it stands. It knows
// nothing of a page and works in a worker as well as without one.
import { ADAM, MOMENTUM, SGD } from "./kernels.mjs";
import { accuracyOf, Batch, initialParameters, lossOf, Network, padded } from "./network.mjs";
import { Generator } from "./random.mjs";

const NOTES = 400; // points of the curve at most; then every second one goes
const UPDATES = { sgd: SGD, momentum: MOMENTUM, adam: ADAM };

/**
 * @typedef {object} Setup
 * @property {number[]} sizes
 * @property {number} classes Logits; 0 for regression.
 * @property {import("./network.mjs").ActivationName} activation
 * @property {keyof typeof UPDATES} optimizer
 * @property {string} init
 * @property {number} seed
 * @property {number} rate
 * @property {number} l1
 * @property {number} l2
 * @property {number} batch Points of a step; 0: all.
 * @property {import("./data.mjs").Part} train
 * @property {import("./data.mjs").Part} test
 * @property {{ step: number, place: number, value: number }[]} changes Place -1: the rate.
 *
 * @typedef {object} Report
 * @property {number} step
 * @property {number} rate
 * @property {number} loss
 * @property {number} accuracy
 * @property {number} testLoss
 * @property {number} testAccuracy
 * @property {boolean} dead Whether no gradient reaches the first layer.
 * @property {Float64Array} parameters
 * @property {Float64Array} curve Step, training loss and test loss of each note.
 * @property {string} kernels
 */

export class Training {
  /** @param {import("./network.mjs").Room} room @param {Setup} setup */
  constructor(room, setup) {
    this.setup = setup;
    this.rate = setup.rate;
    this.kernels = room.kernels;
    this.step = 0;
    const { sizes, classes, train, test } = setup;
    const points = train.labels.length;
    this.size = setup.batch && setup.batch < points ? setup.batch : points;
    this.network = new Network(room, sizes, setup.activation);
    const { count } = this.network;
    this.gradients = room.take(count);
    this.first = room.take(count);
    this.second = room.take(count);
    this.generator = new Generator(setup.seed);
    this.network.parameters.set(initialParameters(sizes, setup.init, this.generator));

    this.all = new Batch(room, sizes, classes, points, this.size === points);
    this.all.fill(train.inputs, train.labels);
    this.part = this.size === points ? this.all : new Batch(room, sizes, classes, this.size, true);
    this.order = new Int32Array(points);
    this.test = new Batch(room, sizes, classes, test.labels.length, false);
    this.test.fill(test.inputs, test.labels);

    this.notes = 0;
    this.stride = 1;
    this.curve = new Float64Array(3 * NOTES);
    this.path = new Float64Array(count * NOTES); // the parameters at each note
    this.nextChange = 0;
    this.applyChanges();
  }

  /** Run steps, at most for some milliseconds.
   * @param {number} steps @param {number} milliseconds @param {() => number} clock */
  run(steps, milliseconds, clock) {
    const end = clock() + milliseconds;
    for (let done = 0; done < steps; ) {
      this.train();
      // A step may take a thousandth of a millisecond: the clock is not asked each time.
      if (++done % 8 === 0 && clock() > end) break;
    }
  }

  train() {
    const { kernels, network, all, part, setup } = this;
    const noted = this.step % this.stride === 0;
    if (part !== all) {
      if (noted) {
        network.forward(all);
        this.note();
      }
      this.takeBatch();
      network.forward(part);
    } else {
      network.forward(all);
      if (noted) this.note();
    }
    const last = setup.sizes.length - 1;
    const slopes = part.slopes[last];
    kernels.lossSlopes(
      part.values[last], part.labels, slopes, part.n, part.points, part.classes,
    );
    network.backward(part, this.gradients);
    if (setup.l1 || setup.l2)
      for (let l = 0; l < network.layers.length; l++) {
        const { weights, biases } = network.layers[l];
        const count = biases - weights;
        kernels.penalize(this.gradients + weights, network.place + weights, count, setup.l1, setup.l2);
      }
    this.step++;
    const kind = UPDATES[setup.optimizer];
    const rate = kind === ADAM ? this.rate / (1 - 0.9 ** this.step) : this.rate;
    const correction = kind === ADAM ? Math.sqrt(1 - 0.999 ** this.step) : 1;
    kernels.update(
      kind, network.place, this.gradients, this.first, this.second, network.count, rate, correction,
    );
    if (this.nextChange < setup.changes.length) this.applyChanges();
  }

  // The next points of a random order; a new order when all have had their turn.
  takeBatch() {
    const { all, part, order, size } = this;
    const turn = this.step % Math.ceil(all.points / size);
    if (turn === 0) this.generator.shuffle(order);
    const from = turn * size;
    const count = Math.min(size, all.points - from);
    const { memory } = part;
    part.points = count;
    for (let i = 0; i < this.setup.sizes[0]; i++) {
      const to = part.values[0] + i * part.n, source = all.values[0] + i * all.n;
      for (let k = 0; k < count; k++) memory[to + k] = memory[source + order[from + k]];
    }
    for (let k = 0; k < count; k++)
      memory[part.labels + k] = memory[all.labels + order[from + k]];
  }

  // Keep loss and parameters of this step, whose logits are there.
  note() {
    const { network, curve, path } = this;
    if (this.notes === NOTES) {
      for (let i = 1; 2 * i < NOTES; i++) {
        curve.copyWithin(3 * i, 6 * i, 6 * i + 3);
        path.copyWithin(network.count * i, network.count * 2 * i, network.count * (2 * i + 1));
      }
      this.notes = NOTES / 2;
      this.stride *= 2;
      if (this.step % this.stride) return;
    }
    const at = this.notes++;
    curve[3 * at] = this.step;
    curve[3 * at + 1] = lossOf(this.all);
    curve[3 * at + 2] = this.testLoss();
    path.set(network.parameters, network.count * at);
  }

  testLoss() {
    if (!this.test.points) return NaN;
    this.network.forward(this.test);
    return lossOf(this.test);
  }

  applyChanges() {
    const { changes } = this.setup;
    while (this.nextChange < changes.length && changes[this.nextChange].step <= this.step) {
      const { place, value } = changes[this.nextChange++];
      if (place < 0) this.rate = value;
      else this.network.parameters[place] = value;
    }
  }

  /** Change the learning rate (place -1) or a parameter now.
   * @param {number} place @param {number} value */
  change(place, value) {
    if (place < 0) this.rate = value;
    else this.network.parameters[place] = value;
  }

  /** @returns {Report} */
  report() {
    const { network, all, test } = this;
    network.forward(all);
    const loss = lossOf(all), accuracy = accuracyOf(all);
    const testLoss = this.testLoss();
    return {
      step: this.step,
      rate: this.rate,
      loss,
      accuracy,
      testLoss,
      testAccuracy: test.points ? accuracyOf(test) : NaN,
      dead: this.isDead(),
      parameters: network.parameters.slice(),
      curve: this.curve.slice(0, 3 * this.notes),
      kernels: this.kernels.name,
    };
  }

  isDead() {
    const { weights, biases } = this.network.layers[0];
    if (!this.step || this.network.layers.length === 1) return false;
    const { memory } = this.kernels;
    for (let i = weights; i < biases; i++) if (memory[this.gradients + i] !== 0) return false;
    return true;
  }

  /**
   * The training loss over two parameters, all others as they are, and the way that the
   * training has taken over them.
   * @param {number} a @param {number} b Their places.
   * @param {number[]} window Smallest and largest of a, then of b.
   * @param {number} side How many values of each.
   */
  surface(a, b, [lowA, highA, lowB, highB], side) {
    const { network, all } = this;
    const { parameters } = network;
    const kept = [parameters[a], parameters[b]];
    const losses = new Float64Array(side * side);
    for (let row = 0; row < side; row++)
      for (let column = 0; column < side; column++) {
        parameters[a] = lowA + ((highA - lowA) * (column + 0.5)) / side;
        parameters[b] = highB - ((highB - lowB) * (row + 0.5)) / side;
        network.forward(all);
        losses[row * side + column] = lossOf(all);
      }
    [parameters[a], parameters[b]] = kept;
    return { losses, ...this.pathOf(a, b), side };
  }

  /** @param {number} a @param {number} b */
  pathOf(a, b) {
    const { parameters, count } = this.network;
    const path = new Float64Array(2 * (this.notes + 1));
    for (let i = 0; i < this.notes; i++) {
      path[2 * i] = this.path[count * i + a];
      path[2 * i + 1] = this.path[count * i + b];
    }
    path[2 * this.notes] = parameters[a];
    path[2 * this.notes + 1] = parameters[b];
    return { path };
  }
}

/** How much memory a set-up needs, in doubles. @param {Setup} setup */
export function roomFor({ sizes, train, test, batch }) {
  const units = sizes.reduce((sum, size) => sum + size);
  const parts = [train.labels.length, test.labels.length, batch].map(padded);
  return 2 * (units + 1) * parts.reduce((sum, n) => sum + n) + 5000;
}
