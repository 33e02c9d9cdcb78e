// The playground: a network that the reader changes and trains on the page.
//
// It does what the copied script does in PyTorch, in double precision, from the weights
// that PyTorch draws for the same seed. The other files say what each part does; here
// they are put together.
import { readData } from "./data.mjs";
import { DRAWS } from "./draws.mjs";
import { Scene } from "./drawing.mjs";
import { Figures } from "./figures.mjs";
import { Graph } from "./graph.mjs";
import { NeuronPanel } from "./inspect.mjs";
import { initialParameters } from "./network.mjs";
import { Notice } from "./notice.mjs";
import { Painter } from "./painter.mjs";
import { Plane } from "./plane.mjs";
import { pythonScript } from "./python.mjs";
import { Generator } from "./random.mjs";
import { Comparison } from "./rival.mjs";
import { Runner } from "./runner.mjs";
import { server } from "./serve.mjs";
import { Settings } from "./settings.mjs";
import { setupOf } from "./setup.mjs";
import { Share } from "./share.mjs";
import {
  inOrder, LIMITS, noteChange, placeOf, RATES, readState, sizesOf, usual, writeState,
} from "./state.mjs";
import { Surface } from "./surface.mjs";
import { ThroughPanel } from "./through.mjs";
import { Trainer } from "./trainer.mjs";
import { WORDS } from "./words.mjs";

const pieces = /** @type {any} */ (globalThis).pieces;
const WIDE = 900; // px of the box from which the settings stand beside the picture

/** @param {HTMLElement} box @param {Record<string, string>} fields */
pieces.playground = async function playground(box, fields) {
  await pieces.load("playground.css");
  await pieces.load("playground-data.js");
  const { make } = pieces;
  const sets = pieces.playgroundData;
  const words = WORDS[/** @type {keyof typeof WORDS} */ (pieces.language)];
  /** @type {import("./lab.mjs").Say} */
  const say = (key, values = {}) => pieces.fill(/** @type {any} */ (words)[key], values);
  const hear = pieces.voice(box);
  const place = /** @type {any} */ (box.parentElement);
  const isOwnPage = "ownPage" in place.dataset;
  const workerFile = pieces.address("playground-worker.js");
  const opened = readState(fields);

  const paint = () => painter.paint();
  const complaint = () => notice.complaint();
  const tell = (/** @type {any[]} */ ...what) => notice.tell(...what);
  /** @type {import("./lab.mjs").Lab} */
  const lab = /** @type {any} */ ({
    pieces, words, say, hear, sets, change, tell, complaint, paint,
    state: opened.state, trainer: new Trainer(workerFile), starts: 0, unit: null, peek: null,
    hard: false, showTest: true, ink: () => getComputedStyle(box).color,
  });
  const { trainer } = lab;

  // -- The elements -----------------------------------------------------------------------

  const button = (/** @type {string} */ key, /** @type {(event: any) => void} */ press, attributes = {}) =>
    make("button", { type: "button", "data-press": key, onclick: press, ...attributes }, say(key));
  const figures = new Figures(lab);
  const runner = new Runner(lab, {
    take,
    figures: () => figures.write(),
    settle,
    surface: () => surface.refresh(),
    button: (running) => { playButton.textContent = running ? words.pause : words.play; },
    restart,
    begin: () => through.leave(),
  });
  const plane = new Plane(lab, () => runner.running);
  const comparison = new Comparison(lab, workerFile, {
    rough: () => runner.running && runner.isSlow,
    changed: () => runner.redraw(),
  });
  comparison.button.addEventListener("click", () => (comparison.rival ? endCompare() : compare()));
  const graph = new Graph(pieces, say, {
    toggle(name) {
      const old = lab.state.features;
      const features = inOrder(old.includes(name) ? old.filter((other) => other !== name) : [...old, name]);
      if (features.length) change({ features });
      else hear(words.feature_needed);
    },
    units(layer, by) {
      const { hidden } = lab.state;
      const size = hidden[layer - 1] + by;
      if (size >= 1 && size <= LIMITS.units)
        change({ hidden: hidden.map((old, i) => (i === layer - 1 ? size : old)) });
    },
    layers(by) {
      const { hidden } = lab.state;
      if (by < 0) change({ hidden: hidden.slice(0, -1) });
      else if (hidden.length < LIMITS.layers) change({ hidden: [...hidden, hidden.at(-1) ?? 4] });
    },
    choose(layer, j, input) {
      const again = lab.unit?.[0] === layer && lab.unit[1] === j && input === undefined;
      painter.view(again ? null : [layer, j], input);
    },
    look(unit) {
      lab.peek = unit;
      plane.paintSoon();
    },
  });
  const neuron = new NeuronPanel(pieces, say, {
    close: () => painter.view(null),
    edit(name, value) {
      const at = placeOf(sizesOf(lab.state), name);
      if (at !== undefined) alter(name, at, value);
    },
  });
  const through = new ThroughPanel(lab, graph);
  const throughButton = button("through", () => {
    if (through.isOpen) return through.leave();
    const wrong = complaint();
    if (wrong.length) return tell(...wrong);
    runner.pause();
    through.open(throughButton);
  });
  const surface = new Surface(pieces, say, (request) => trainer.ask(request));
  const settings = new Settings(pieces, words, {
    now: () => lab.state,
    change,
    speed(value) {
      lab.state.speed = value;
      share.showAddress();
    },
    changeOptimizer: (value) => change({ optimizer: value, lr: rateFor(value) }),
    hide() {
      share.touched = true;
      Settings.hide(box, lab.state.hide);
      share.showAddress();
    },
    look(options) {
      Object.assign(lab, options);
      paint();
    },
  });
  const sheet = make("dialog", { class: "pg-sheet", "aria-label": words.settings },
    button("close_settings", () => sheet.close()), settings.element);
  sheet.addEventListener("click", (/** @type {Event} */ event) => {
    if (event.target === sheet) sheet.close(); // beside the sheet
  });
  const sheetButton = button("settings", () => sheet.showModal());
  const aside = make("div", { class: "pg-aside" });
  const playButton = button("play", () => (runner.running ? runner.pause() : runner.play()), { class: "pg-play" });
  const rateField = settings.select("rate", RATES.map((rate) => [rate, rate]), (value) => changeRate(Number(value)));
  const notice = new Notice(lab, () => plane.canvas.focus({ preventScroll: true }));
  const share = new Share(lab, {
    ownPage: isOwnPage ? null : place.ownPage ?? "",
    beside: () => comparison.address,
  });
  const painter = new Painter(lab, { comparison, figures, graph, neuron, plane, runner, surface, through });
  const more = make("div", { class: "pg-more" },
    make("div", { class: "pg-row" }, comparison.button, ...share.buttons, share.link),
    surface.element, share.script, settings.hidden);

  box.prepend(
    make("div", { class: "pg-bar" },
      make("div", { class: "pg-row" },
        playButton,
        button("step", () => { runner.pause(); runner.advance(); }),
        button("reset", () => { startOver(); hear(words.restarted); }),
        rateField, sheetButton, isOwnPage ? "" : share.whole),
      figures.element),
    notice.element,
    make("div", { class: "pg-main" },
      aside,
      make("div", { class: "pg-net" }, graph.element, make("p", { class: "pg-quiet pg-legend" }, words.colors), throughButton, neuron.element, through.element),
      make("div", { class: "pg-out" }, make("div", { class: "pg-planes" }, make("div", {}, plane.canvas), comparison.element), plane.text, plane.marks, figures.canvas)),
    isOwnPage ? more : "",
    sheet);
  box.classList.toggle("pg-small", !isOwnPage);

  // -- Changes ----------------------------------------------------------------------------

  /** What an optimizer usually works with; Adam diverges where plain descent is best.
   * @param {string} optimizer */
  function rateFor(optimizer) {
    const now = lab.report?.rate ?? lab.state.lr;
    if (optimizer === "adam") return Math.min(now, 0.03);
    return optimizer === "momentum" ? Math.min(now, 0.1) : now;
  }

  /** @param {Partial<import("./state.mjs").State>} settings */
  function change(settings) {
    const wasRunning = runner.running;
    share.touched = true;
    startOver(settings);
    if (wasRunning) runner.play();
  }

  /** @param {Partial<import("./state.mjs").State>} [settings] */
  function startOver(settings = {}) {
    Object.assign(lab.state, { lr: lab.report?.rate ?? lab.state.lr, changes: [] }, settings, { steps: 0 });
    restart();
  }

  /** @param {number} rate */
  function changeRate(rate) {
    share.touched = true;
    if (lab.report.step === 0 && !runner.running && !lab.state.changes.length) change({ lr: rate });
    else alter("lr", -1, rate);
  }

  /** Change the learning rate or a parameter while training goes on.
   * @param {string} name @param {number} at @param {number} value */
  async function alter(name, at, value) {
    share.touched = true;
    if (lab.state.changes.length >= LIMITS.changes) {
      showControls();
      return tell(say("full_changes", { n: LIMITS.changes }));
    }
    const mine = lab.starts;
    const answer = await trainer.ask({ act: "change", place: at, value });
    if (mine !== lab.starts) return;
    noteChange(lab.state, { step: answer.step, name, value });
    take(answer);
    hear(say("edited", { name: name === "lr" ? words.rate : name, value }));
    if (!runner.running) settle();
  }

  async function restart() {
    const { state } = lab;
    runner.pause(false);
    through.leave();
    const mine = ++lab.starts;
    lab.data = readData(state, sets);
    const sizes = sizesOf(state);
    const setup = setupOf(state, lab.data);
    const scene = new Scene(state, sizes, lab.data.square);
    lab.scene = scene;
    // What PyTorch draws, at once; the trainer will say the same.
    scene.network.parameters.set(initialParameters(sizes, state.init, new Generator(state.seed)));
    lab.report = { step: 0, rate: state.lr, loss: NaN, accuracy: NaN, testLoss: NaN, testAccuracy: NaN, dead: false, parameters: scene.network.parameters.slice(), curve: new Float64Array(0), kernels: "" };
    runner.reset();
    painter.inputsDrawn = false;
    if (lab.unit && !(sizes[lab.unit[0]] > lab.unit[1])) lab.unit = null;
    lab.peek = null;
    graph.build(state, sizes);
    surface.build(scene);
    showControls();
    tell(...complaint());
    paint();
    painter.view(lab.unit, undefined, false);
    share.showAddress();
    const answer = await trainer.ask({ act: "setup", setup });
    if (mine !== lab.starts) return;
    take(answer);
    runner.first = answer.loss;
    settle();
    comparison.rival?.restart();
  }

  // -- What is shown ----------------------------------------------------------------------

  /** @param {import("./training.mjs").Report} answer */
  function take(answer) {
    lab.report = answer;
    lab.scene.network.parameters.set(answer.parameters);
    runner.dirty = true;
    if (!runner.running) figures.write();
    comparison.rival?.follow(answer.step);
  }

  // The training stands still: show exactly where.
  function settle(aloud = false) {
    paint();
    share.showAddress();
    share.showScript();
    surface.refresh();
    if (aloud) hear(figures.spoken());
  }

  function showControls() {
    settings.show(lab.state);
    Settings.hide(box, lab.state.hide);
    settings.showValue(rateField.querySelector("select"), lab.report.rate);
    plane.show();
    figures.write();
  }

  // -- Two set-ups side by side -----------------------------------------------------------

  function compare() {
    comparison.begin({ ...lab.state, steps: 0 });
    startOver();
  }

  function endCompare() {
    comparison.end();
    paint();
    share.showAddress();
  }

  // -- Begin ------------------------------------------------------------------------------

  // Show a set-up; go as many steps as it says when somebody looks.
  /** @param {{ state: import("./state.mjs").State, problems: string[] }} wanted @param {string} [beside] */
  async function open({ state, problems }, beside) {
    if (comparison.rival) endCompare();
    lab.state = state;
    const { steps } = state;
    if (beside && isOwnPage) {
      const other = readState(Object.fromEntries(new URLSearchParams(beside)));
      problems = [...problems, ...other.problems];
      comparison.begin(other.state);
    }
    const started = restart();
    if (problems.length)
      tell(say("bad_state", { problems: problems.join(words.separator) }), ["usual", () => change(usual())]);
    const mine = lab.starts;
    await started;
    if (!steps || mine !== lab.starts || complaint().length) return;
    if (!problems.length) tell(say("catching_up", { step: steps }));
    runner.run(steps, true);
  }

  // The settings stand beside the picture where there is room, else in a sheet.
  function arrange() {
    const wide = isOwnPage && box.clientWidth >= WIDE;
    const home = wide ? aside : sheet;
    box.classList.toggle("pg-wide", wide);
    if (settings.element.parentElement !== home) {
      if (wide) sheet.close();
      home.append(settings.element);
    }
    sheetButton.hidden = wide;
    graph.place();
  }

  arrange();
  open(opened, fields.beside);
  pieces.whenSeen(box, (/** @type {boolean} */ isSeen) => {
    runner.seen = isSeen;
    runner.schedule();
  });
  new ResizeObserver(() => {
    arrange();
    paint();
  }).observe(box);
  pieces.whenLookChanges(plane.canvas, () => {
    painter.inputsDrawn = false;
    paint();
  });
  if (isOwnPage)
    addEventListener("hashchange", () => {
      if (!location.hash.includes("=")) return;
      const asked = pieces.stateOf(place);
      open(readState(asked), asked.beside);
    });
};

pieces.playground.words = WORDS;
// For tests, which compare with PyTorch.
pieces.playground.engine = { DRAWS, Generator, initialParameters, pythonScript, readData, readState, server, setupOf, sizesOf, writeState };
