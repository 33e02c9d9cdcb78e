// One picture of everything: network, plane, figures, and the neuron that is looked at.
import { drawCross } from "./drawing.mjs";
import { shortNumber } from "./inspect.mjs";

/**
 * @typedef {object} Parts
 * @property {import("./graph.mjs").Graph} graph
 * @property {import("./inspect.mjs").NeuronPanel} neuron
 * @property {import("./through.mjs").ThroughPanel} through
 * @property {import("./plane.mjs").Plane} plane
 * @property {import("./figures.mjs").Figures} figures
 * @property {import("./surface.mjs").Surface} surface
 * @property {import("./rival.mjs").Comparison} comparison
 * @property {import("./runner.mjs").Runner} runner
 */

export class Painter {
  /** @param {import("./lab.mjs").Lab} lab @param {Parts} parts */
  constructor(lab, parts) {
    this.lab = lab;
    this.parts = parts;
    this.turn = 0;
    this.inputsDrawn = false;
  }

  /** Look at one neuron, or with null at the whole network.
   * @param {[number, number] | null} chosen @param {number} [input] @param {boolean} [aloud] */
  view(chosen, input, aloud = true) {
    const { lab } = this;
    const { graph, neuron, plane } = this.parts;
    const before = lab.unit;
    lab.unit = chosen;
    plane.send();
    neuron.open(lab.scene, graph, chosen, input);
    graph.mark(chosen && `${chosen[0]}.${chosen[1]}`);
    if (chosen && aloud) lab.hear(this.unitText(chosen));
    if (!chosen && before && aloud) graph.at(`${before[0]}.${before[1]}`)?.focus({ preventScroll: true });
    this.paint();
  }

  /** @param {[number, number]} unit */
  unitText([layer, j]) {
    const { say, scene } = this.lab;
    const { layers, parameters } = scene.network;
    const { inputs, weights, biases } = layers[layer - 1];
    const list = [...parameters.subarray(weights + j * inputs, weights + (j + 1) * inputs)].map((w) => shortNumber(w));
    return say("unit_weights", {
      unit: this.parts.graph.name(layer, j), weights: list.join(", "), bias: shortNumber(parameters[biases + j]),
    });
  }

  paint() {
    const { data, hard, ink, peek, say, scene, showTest, unit } = this.lab;
    const { comparison, figures, graph, neuron, plane, runner, surface, through } = this.parts;
    const { running } = runner;
    runner.dirty = false;
    if (!plane.canvas.clientWidth) return;
    scene.look(running && runner.isSlow);
    const color = ink();
    graph.paint(scene, !this.inputsDrawn || !running, this.inputsDrawn && running ? ++this.turn : undefined);
    this.inputsDrawn = true;
    const { context, width } = scene.drawPlane(plane.canvas, color, { unit: peek ?? unit, hard, blank: !data.train.labels.length });
    scene.stampPoints(context, width, data, color, showTest);
    const cross = through.isOpen ? through.place : plane.probe;
    if (cross) drawCross(context, width, cross, data.square, color);
    // Figures and curve, which make the browser lay the page out anew, are for reading.
    const now = performance.now();
    if (!running || now - figures.last > 100) {
      figures.last = now;
      figures.draw(comparison.rival?.report);
      figures.write();
    }
    if (through.isOpen) return;
    const [x, y] = plane.send();
    if (unit) {
      neuron.refresh(scene);
      if (neuron.place) neuron.place.textContent = say("at_point", { x: shortNumber(x), y: shortNumber(y) });
    }
    plane.write(unit ? this.unitText(unit) : "");
    surface.draw();
    comparison.rival?.paint();
  }
}
