// The playground: a network that the reader changes and trains on the page.
//
// It does what the copied script does in PyTorch, in double precision, from the weights
// that PyTorch draws for the same seed. The other files say what each part does.
import { readData } from "./data.mjs";
import { COLORS, contextOf, drawCross, drawCurves, mark, Scene } from "./drawing.mjs";
import { Graph } from "./graph.mjs";
import { NeuronPanel, phases, shortNumber, ThroughPanel } from "./inspect.mjs";
import { initialParameters } from "./network.mjs";
import { pythonScript } from "./python.mjs";
import { Generator } from "./random.mjs";
import { Rival } from "./rival.mjs";
import { server } from "./serve.mjs";
import { setupOf } from "./setup.mjs";
import { Settings } from "./settings.mjs";
import {
  inOrder, LIMITS, noteChange, placeOf, RATES, readState, sizesOf, usual, writeState,
} from "./state.mjs";
import { Surface } from "./surface.mjs";
import { Trainer } from "./trainer.mjs";
import { WORDS } from "./words.mjs";

const pieces = /** @type {any} */ (globalThis).pieces;
const WIDE = 900; // px of the box from which the settings stand beside the picture
const percent = (/** @type {number} */ x) => `${(100 * x).toFixed(1)}%`;

/** @param {HTMLElement} box @param {Record<string, string>} fields */
pieces.playground = async function playground(box, fields) {
  await pieces.load("playground.css");
  await pieces.load("playground-data.js");
  const sets = pieces.playgroundData;
  const words = /** @type {any} */ (WORDS)[pieces.language];
  const say = (/** @type {string} */ key, values = {}) => pieces.fill(words[key], values);
  const { make } = pieces;
  const place = /** @type {any} */ (box.parentElement);
  const isOwnPage = "ownPage" in place.dataset;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const workerFile = pieces.address("playground-worker.js");
  const hear = pieces.voice(box);

  let { state, problems } = readState(fields);
  /** @type {ReturnType<typeof readData>} */
  let data;
  /** @type {Scene} */
  let scene;
  const trainer = new Trainer(workerFile);
  /** @type {import("./training.mjs").Report} */
  let report;
  let fresh = 0; // counts the starts; answers to questions of an earlier one are dropped
  let asked = 0; // runs that the trainer still owes
  let first = NaN, mayExplode = false; // loss at step 0; whether the reader wants to go on
  let running = false, catchingUp = false, seen = false, touched = false;
  let until = 0, frame = 0, turn = 0, dirty = false, inputsDrawn = false;
  let isSlow = false; // whether fine pictures would hold up the page
  let paintCost = 0, lastPaint = 0, lastSaid = 0, lastSurface = 0, lastFigures = 0; // ms
  /** @type {number[] | null} */
  let probe = null; // [x, y] in the plane
  /** @type {[number, number] | null} */
  let unit = null; // the chosen neuron
  let newClass = 1, pointNumber = 0, hard = false, showTest = true;
  /** @type {any} the other side of a comparison */
  let rival = null;

  // -- The elements -----------------------------------------------------------------------

  const button = (/** @type {string} */ key, /** @type {(event: any) => void} */ press, attributes = {}) =>
    make("button", { type: "button", "data-press": key, onclick: press, ...attributes }, words[key]);
  const figure = (/** @type {string} */ key) => {
    const value = make("data", { class: `pg-${key}` });
    return [make("span", {}, `${words[key]} `, value), value];
  };
  const playButton = button("play", () => (running ? pause() : play()), { class: "pg-play" });
  const [stepsPart, stepsValue] = figure("steps");
  const [lossPart, lossValue] = figure("loss");
  const [testPart, testValue] = figure("test_loss");
  const [accuracyPart, accuracyValue] = figure("accuracy");
  const notice = make("div", { class: "pg-notice", role: "alert" });
  const plane = make("canvas", { class: "pg-plane", tabindex: 0, role: "application" });
  const probeText = make("p", { class: "pg-probe" });
  const marks = make("div", { class: "pg-row pg-marks", role: "group", "aria-label": words.new_points });
  const curveCanvas = make("canvas", { class: "pg-curve", role: "img" });
  const link = make("a", {}, words.link);
  const code = make("code");
  const script = make("details", { class: "pg-fold pg-script" }, make("summary", {}, words.code), make("pre", { tabindex: 0 }, code));
  const settings = new Settings(pieces, words, {
    now: () => state,
    change,
    speed(value) {
      state.speed = value;
      showAddress();
    },
    changeOptimizer: (value) => change({ optimizer: value, lr: rateFor(value) }),
    look(options) {
      ({ hard, showTest } = options);
      paint();
    },
  });

  const sheet = make("dialog", { class: "pg-sheet", "aria-label": words.settings },
    button("close_settings", () => sheet.close()));
  sheet.addEventListener("click", (/** @type {any} */ event) => {
    if (event.target === sheet) sheet.close(); // beside the sheet
  });
  const sheetButton = button("settings", () => sheet.showModal());
  const aside = make("div", { class: "pg-aside" });

  const graph = new Graph(pieces, say, {
    toggle(name) {
      const on = state.features.includes(name);
      const features = inOrder(on ? state.features.filter((other) => other !== name) : [...state.features, name]);
      if (features.length) change({ features });
      else hear(words.feature_needed);
    },
    units(layer, by) {
      const size = state.hidden[layer - 1] + by;
      if (size >= 1 && size <= LIMITS.units)
        change({ hidden: state.hidden.map((old, i) => (i === layer - 1 ? size : old)) });
    },
    layers(by) {
      const { hidden } = state;
      if (by < 0) change({ hidden: hidden.slice(0, -1) });
      else if (hidden.length < LIMITS.layers) change({ hidden: [...hidden, hidden.at(-1) ?? 4] });
    },
    choose(layer, j, input) {
      const again = unit?.[0] === layer && unit[1] === j && input === undefined;
      view(again ? null : [layer, j], input);
    },
  });
  const neuron = new NeuronPanel(pieces, say, {
    close: () => view(null),
    edit(name, value) {
      const at = placeOf(sizesOf(state), name);
      if (at !== undefined) alter(name, at, value);
    },
  });
  const through = new ThroughPanel(pieces, say, {
    show: showThrough,
    other() {
      pointNumber = (pointNumber + 7) % Math.max(1, data.train.labels.length);
      through.phase = 0;
      showThrough();
    },
    close() {
      closeThrough();
      throughButton.focus({ preventScroll: true });
    },
    hear,
  });
  const throughButton = button("through", () => {
    if (through.isOpen) return closeThrough();
    if (complaint().length) return tell(...complaint());
    pause();
    through.element.hidden = false;
    through.phase = 0;
    showThrough();
    through.ahead.focus({ preventScroll: true });
  });
  const surface = new Surface(pieces, say, (request) => trainer.ask(request));
  const compareButton = button("compare", () => (rival ? endCompare() : compare({ ...state, steps: 0 })));
  const rivalPlane = make("canvas", { class: "pg-plane", role: "img", "aria-label": words.compare_title });
  const rivalText = make("p", { class: "pg-quiet" });
  const rivalBox = make("section", { class: "pg-rival", hidden: true, "aria-label": words.compare_title },
    make("h3", {}, words.compare_title), rivalPlane, rivalText, make("p", { class: "pg-quiet" }, words.compare_hint));
  const more = make("div", { class: "pg-more" },
    make("div", { class: "pg-row" }, compareButton, button("copy_code", (event) => copy(event.target, scriptNow())),
      button("copy_link", (event) => copy(event.target, link.href)), link),
    surface.element, script);
  const whole = make("a", { class: "pg-whole" }, words.whole);

  const rateField = settings.select("rate", RATES.map((rate) => [rate, rate]), (value) => changeRate(Number(value)));
  box.prepend(
    make("div", { class: "pg-bar" },
      make("div", { class: "pg-row" },
        playButton,
        button("step", () => { pause(); advance(); }),
        button("reset", () => { startOver(); hear(words.restarted); }),
        rateField, sheetButton, isOwnPage ? "" : whole),
      make("p", { class: "pg-figures" }, stepsPart, lossPart, testPart, accuracyPart)),
    notice,
    make("div", { class: "pg-main" },
      aside,
      make("div", { class: "pg-net" }, graph.element, make("p", { class: "pg-quiet pg-legend" }, words.colors), throughButton, neuron.element, through.element),
      make("div", { class: "pg-out" }, make("div", { class: "pg-planes" }, make("div", {}, plane), rivalBox), probeText, marks, curveCanvas)),
    isOwnPage ? more : "",
    sheet);
  box.classList.toggle("pg-small", !isOwnPage);

  script.addEventListener("toggle", showScript);

  /** @param {HTMLElement} pressed @param {string} text */
  async function copy(pressed, text) {
    await pieces.copy(text);
    const before = pressed.textContent;
    pressed.textContent = words.copied;
    hear(words.copied);
    setTimeout(() => { pressed.textContent = before; }, 1500);
  }

  // -- Changes ----------------------------------------------------------------------------

  /** What an optimizer usually works with; Adam diverges where plain descent is best.
   * @param {string} optimizer */
  function rateFor(optimizer) {
    const now = report?.rate ?? state.lr;
    if (optimizer === "adam") return Math.min(now, 0.03);
    return optimizer === "momentum" ? Math.min(now, 0.1) : now;
  }

  /** Take over some settings; the training starts anew.
   * @param {Partial<import("./state.mjs").State>} settings */
  function change(settings) {
    const wasRunning = running;
    touched = true;
    Object.assign(state, { lr: report?.rate ?? state.lr, changes: [] }, settings, { steps: 0 });
    restart();
    if (wasRunning) play();
  }

  function startOver() {
    Object.assign(state, { lr: report?.rate ?? state.lr, changes: [], steps: 0 });
    restart();
  }

  /** @param {number} rate */
  function changeRate(rate) {
    touched = true;
    if (report.step === 0 && !running && !state.changes.length) change({ lr: rate });
    else alter("lr", -1, rate);
  }

  /** Change the learning rate or a parameter while training goes on.
   * @param {string} name @param {number} at @param {number} value */
  async function alter(name, at, value) {
    touched = true;
    if (state.changes.length >= LIMITS.changes) {
      showControls();
      return tell(say("full_changes", { n: LIMITS.changes }));
    }
    const mine = fresh;
    const answer = await trainer.ask({ act: "change", place: at, value });
    if (mine !== fresh) return;
    noteChange(state, { step: answer.step, name, value });
    take(answer);
    hear(say("edited", { name: name === "lr" ? words.rate : name, value }));
    if (!running) settle();
  }

  async function restart() {
    pause(false);
    closeThrough();
    const mine = ++fresh;
    data = readData(state, sets);
    const sizes = sizesOf(state);
    const setup = setupOf(state, data);
    scene = new Scene(state, sizes, data.square);
    // What PyTorch draws, at once; the trainer will say the same.
    scene.network.parameters.set(initialParameters(sizes, state.init, new Generator(state.seed)));
    report = { step: 0, rate: state.lr, loss: NaN, accuracy: NaN, testLoss: NaN, testAccuracy: NaN, dead: false, parameters: scene.network.parameters.slice(), curve: new Float64Array(0), kernels: "" };
    asked = 0;
    isSlow = mayExplode = inputsDrawn = false;
    first = NaN;
    if (unit && !(sizes[unit[0]] > unit[1])) unit = null;
    graph.build(state, sizes);
    surface.build(scene);
    showControls();
    tell(...complaint());
    paint();
    view(unit, undefined, false);
    showAddress();
    const answer = await trainer.ask({ act: "setup", setup });
    if (mine !== fresh) return;
    take(answer);
    first = answer.loss;
    settle();
    if (rival) rival.restart();
  }

  /** What stands in the way of training, as arguments of tell. @returns {any[]} */
  function complaint() {
    if (!data.outputs) return []; // numbers, not classes
    const classes = new Set([...data.train.labels, ...data.test.labels]);
    const wayOut = ["use_flower", () => change({ data: "flower" })];
    if (classes.size === 0 || !data.train.labels.length) return [words.no_points, wayOut];
    if (classes.size === 1) return [say("one_class", { label: [...classes][0] }), wayOut];
    return [];
  }

  /** Show a notice with ways out of it, each a text (or the name of one) and what it does.
   * @param {string} text @param {...any} ways */
  function tell(text = "", ...ways) {
    notice.replaceChildren(
      text && make("span", {}, `${text} `),
      ...ways.map(([name, go]) =>
        make("button", { type: "button", onclick: () => { go(); plane.focus({ preventScroll: true }); } }, words[name] ?? name)));
    notice.hidden = !text;
  }

  // -- Training ---------------------------------------------------------------------------

  async function play() {
    if (complaint().length) return tell(...complaint());
    if (!Number.isFinite(report.loss) && report.step) await restart();
    tell();
    closeThrough();
    running = true;
    until = Math.min(report.step + LIMITS.run, LIMITS.steps);
    playButton.textContent = words.pause;
    hear(words.playing);
    lastSaid = performance.now();
    schedule();
  }

  function pause(aloud = true) {
    const wasRunning = running;
    running = catchingUp = false;
    if (wasRunning) showFigures();
    playButton.textContent = words.play;
    if (wasRunning && !asked) settle(aloud);
    else if (wasRunning) waitingToSpeak = aloud;
  }
  let waitingToSpeak = false;

  // The training stands still: show exactly where.
  function settle(aloud = false) {
    paint();
    showAddress();
    showScript();
    surface.refresh();
    if (aloud)
      hear(say(data.outputs ? "paused" : "paused_plain", { step: report.step, loss: shortNumber(report.loss, 4), accuracy: percent(report.accuracy) }));
  }

  function schedule() {
    if ((running || dirty) && seen && !frame) frame = requestAnimationFrame(work);
  }

  // One frame: ask for steps, draw what has come.
  /** @param {number} now */
  function work(now) {
    frame = 0;
    if (running) {
      const fast = catchingUp || state.speed === "max";
      if (fast) while (asked < 2) request(Infinity);
      else if (asked < 2) request(Number(state.speed));
    }
    // Whoever wants no motion gets a new picture once a second.
    const rest = catchingUp ? 250 : calm.matches ? 1000 : 2 * paintCost;
    if (dirty && (now - lastPaint >= rest || !running)) {
      lastPaint = now;
      const before = performance.now();
      paint();
      paintCost = 0.8 * paintCost + 0.2 * (performance.now() - before);
      if (paintCost > 7) isSlow = true;
      if (now - lastSurface > 700) {
        lastSurface = now;
        surface.refresh();
      }
    }
    if (running && now - lastSaid > 5000) {
      lastSaid = now;
      hear(say("moving", { step: report.step, loss: shortNumber(report.loss, 4) }));
    }
    schedule();
  }

  /** @param {number} steps */
  async function request(steps) {
    asked++;
    const mine = fresh;
    const answer = await trainer.ask({ act: "run", steps, until, milliseconds: trainer.milliseconds });
    if (mine !== fresh) return;
    asked--;
    take(answer);
    if (!running) {
      if (!asked) {
        settle(waitingToSpeak);
        waitingToSpeak = false;
      }
      return;
    }
    if (isStuck()) return tellStuck();
    if (report.step >= until) {
      const caughtUp = catchingUp;
      pause();
      return tell(caughtUp ? "" : say("limit", { n: LIMITS.run }));
    }
    if ((catchingUp || state.speed === "max") && seen) {
      if (asked < 2) request(Infinity);
    }
    schedule();
  }

  /** @param {import("./training.mjs").Report} answer */
  function take(answer) {
    report = answer;
    scene.network.parameters.set(answer.parameters);
    dirty = true;
    if (!running) showFigures();
    rival?.follow(report.step);
  }

  async function advance() {
    if (complaint().length) return tell(...complaint());
    const mine = fresh;
    asked++;
    const answer = await trainer.ask({ act: "run", steps: 1, until: Infinity, milliseconds: 1000 });
    if (mine !== fresh) return;
    asked--;
    take(answer);
    settle(true);
    if (isStuck()) tellStuck();
  }

  // Whether the training has come to nothing, and going on would not help.
  function isStuck() {
    if (!Number.isFinite(report.loss)) return true;
    return !catchingUp && ((report.loss > 10 * first && !mayExplode) || report.dead);
  }

  function tellStuck() {
    pause(false);
    const { step, loss, rate } = report;
    const key = Number.isFinite(loss) && report.dead ? "dead" : "exploded";
    mayExplode = true;
    const smaller = RATES.findLast((other) => other <= rate / 9) ?? Number((rate / 10).toPrecision(3));
    tell(
      say(key, { step, rate, first: shortNumber(first), loss: loss < 1e4 ? shortNumber(loss) : loss.toExponential(1) }),
      [say("smaller_rate", { rate: smaller }), () => change({ lr: smaller })],
      ["usual", () => change(usual())]);
  }

  // -- What is shown ----------------------------------------------------------------------

  const addressNow = () =>
    writeState(state, report.step) + (rival ? `&beside=${encodeURIComponent(writeState(rival.state, 0))}` : "");

  function showAddress() {
    const address = addressNow();
    link.href = whole.href = `${isOwnPage ? "" : place.ownPage ?? ""}#${address}`;
    // The anchor of a heading stays until the reader does something here.
    if (isOwnPage && (touched || report.step || location.hash.includes("=")))
      history.replaceState(null, "", `#${address}`);
  }

  function scriptNow() {
    const result = report.step ? say("script_page", { loss: shortNumber(report.loss, 6) }) : "";
    return pythonScript(state, report.step, sets, words, result);
  }
  function showScript() {
    if (script.open) code.textContent = scriptNow();
  }

  function showFigures() {
    const known = data.train.labels.length > 0;
    testPart.hidden = !data.test.labels.length;
    accuracyPart.hidden = !data.outputs;
    for (const [element, value, text] of /** @type {any[]} */ ([
      [stepsValue, report.step, report.step],
      [lossValue, report.loss, shortNumber(report.loss, 4)],
      [testValue, report.testLoss, shortNumber(report.testLoss, 4)],
      [accuracyValue, report.accuracy, percent(report.accuracy)],
    ])) {
      element.value = value;
      element.textContent = (known && !Number.isNaN(value)) || element === stepsValue ? text : "–";
    }
    if (report.step && !Number.isFinite(report.loss)) lossValue.textContent = "NaN";
  }

  function showControls() {
    settings.show(state);
    settings.showValue(rateField.querySelector("select"), report.rate);
    const own = state.data === "points";
    marks.hidden = !own;
    plane.classList.toggle("pg-own", own);
    plane.setAttribute("aria-label", own ? words.plane_points : words.plane);
    showFigures();
  }

  /** Look at one neuron, or with null at the whole network.
   * @param {[number, number] | null} chosen @param {number} [input] @param {boolean} [aloud] */
  function view(chosen, input, aloud = true) {
    const before = unit;
    unit = chosen;
    sendProbe();
    neuron.open(scene, graph, unit, input);
    graph.mark(unit && `${unit[0]}.${unit[1]}`);
    if (unit && aloud) hear(unitText());
    if (!unit && before && aloud) graph.at(`${before[0]}.${before[1]}`)?.focus({ preventScroll: true });
    paint();
  }

  function unitText() {
    const [layer, j] = /** @type {[number, number]} */ (unit);
    const { inputs, weights, biases } = scene.network.layers[layer - 1];
    const { parameters } = scene.network;
    const list = [...parameters.subarray(weights + j * inputs, weights + (j + 1) * inputs)].map((w) => shortNumber(w));
    return say("unit_weights", { unit: graph.name(layer, j), weights: list.join(", "), bias: shortNumber(parameters[biases + j]) });
  }

  // Send the probed point through the network; without a probe, the first training point.
  function sendProbe() {
    const { places, labels } = data.train;
    const [x, y] = probe ?? (labels.length ? [places[0], places[labels.length]] : [0, 0]);
    scene.send(x, y);
    return [x, y];
  }

  const inkColor = () => getComputedStyle(box).color;

  function paint() {
    dirty = false;
    if (!plane.clientWidth) return;
    scene.look(running && isSlow);
    const ink = inkColor();
    graph.paint(scene, !inputsDrawn || !running, inputsDrawn && running ? ++turn : undefined);
    inputsDrawn = true;
    const known = data.train.labels.length > 0;
    const { context, width } = scene.drawPlane(plane, ink, { unit, hard, blank: !known });
    scene.stampPoints(context, width, data, ink, showTest);
    if (through.isOpen) drawCross(context, width, throughPoint(), data.square, ink);
    else if (probe) drawCross(context, width, probe, data.square, ink);
    // Figures and curve, which make the browser lay the page out anew, are for reading.
    const now = performance.now();
    if (!running || now - lastFigures > 100) {
      lastFigures = now;
      drawCurve();
      showFigures();
    }
    if (through.isOpen) return;
    const [x, y] = sendProbe();
    if (unit) {
      neuron.refresh(scene);
      if (neuron.place) neuron.place.textContent = say("at_point", { x: shortNumber(x), y: shortNumber(y) });
    }
    showProbe();
    surface.draw();
    rival?.paint();
  }

  function drawCurve() {
    const { step, loss, testLoss, curve } = report;
    curveCanvas.setAttribute("aria-label", step
      ? say("curve", { first: shortNumber(curve[1], 4), last: shortNumber(loss, 4), step })
      : words.curve_empty);
    const runs = [{ values: curve, step, loss, testLoss, color: "" }];
    if (rival?.report) runs.push({ values: rival.report.curve, ...rival.report, color: `rgb(${COLORS[3]})` });
    drawCurves(curveCanvas, data.train.labels.length ? runs : [{ values: new Float64Array(0), step: 0, loss: NaN, testLoss: NaN, color: "" }], [words.train_line, words.test_line]);
  }

  // -- The value under the cursor ---------------------------------------------------------

  function showProbe() {
    const parts = [];
    if (unit) parts.push(unitText());
    if (probe) parts.unshift(probeResult());
    if (!parts.length) parts.push(state.data === "points" ? words.hint_points : words.hint);
    const text = parts.join(pieces.language === "zh" ? "。" : ". ");
    if (probeText.textContent !== text) probeText.textContent = text;
  }

  function probeResult() {
    const [x, y] = sendProbe();
    const { logits, n, classes } = scene.probe;
    if (!classes && !unit)
      return `${say("at", { x: shortNumber(x), y: shortNumber(y) })} → ${say("is_value", { value: shortNumber(logits[0], 3) })}`;
    const label = classes === 1 ? Number(logits[0] > 0) : [...Array(classes).keys()].reduce((best, c) => (logits[c * n] > logits[best * n] ? c : best), 0);
    const p = classes === 1
      ? 1 / (1 + Math.exp(-Math.abs(logits[0])))
      : 1 / [...Array(classes).keys()].reduce((sum, c) => sum + Math.exp(logits[c * n] - logits[label * n]), 0);
    const result = unit
      ? say("is_value", { value: shortNumber(scene.probe.row(unit[0], unit[1])[0], 3) })
      : say("is_class", { label, p: shortNumber(p, 3) });
    return `${say("at", { x: shortNumber(x), y: shortNumber(y) })} → ${result}`;
  }

  let drawing = 0;
  function paintSoon() {
    if (!running && !drawing)
      drawing = requestAnimationFrame(() => {
        drawing = 0;
        paint();
      });
  }
  /** @param {PointerEvent | MouseEvent} event */
  function placeIn(event) {
    const { left, top, width, height } = plane.getBoundingClientRect();
    return [
      (((event.clientX - left) / width) * 2 - 1) * data.square,
      (1 - ((event.clientY - top) / height) * 2) * data.square,
    ];
  }
  // In the reader's own data a press draws points, a drag draws many.
  /** @type {number[] | null} */
  let lastDrawn = null;
  plane.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    if (state.data !== "points" || event.button !== 0) return;
    plane.setPointerCapture(event.pointerId);
    probe = lastDrawn = placeIn(event);
    addPoint();
  });
  plane.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    probe = placeIn(event);
    if (lastDrawn && Math.hypot(probe[0] - lastDrawn[0], probe[1] - lastDrawn[1]) > 0.35) {
      lastDrawn = probe;
      addPoint();
    }
    paintSoon();
  });
  for (const end of ["pointerup", "pointercancel"])
    plane.addEventListener(end, () => { lastDrawn = null; });
  plane.addEventListener("pointerleave", (/** @type {PointerEvent} */ event) => {
    if (event.pointerType === "mouse") {
      probe = null;
      paintSoon();
    }
  });
  plane.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    probe = placeIn(event);
    paintSoon();
  });
  plane.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    const own = state.data === "points";
    if (arrow) {
      const stride = data.square / (event.shiftKey ? 100 : 10);
      probe = (probe ?? [0, 0]).map((x, i) => {
        const to = Math.round((x + arrow[i] * stride) * 1e6) / 1e6;
        return Math.max(-data.square, Math.min(data.square, to));
      });
      paintSoon();
      hear(probeResult());
    } else if (own && event.key === "Enter") addPoint();
    else if (own && ["Backspace", "Delete"].includes(event.key)) removeNearest();
    else return;
    event.preventDefault();
  });

  // -- One point, forward and back --------------------------------------------------------

  const throughPoint = () => {
    const { places, labels } = data.train;
    return [places[pointNumber], places[labels.length + pointNumber]];
  };

  function showThrough() {
    if (!through.isOpen) return;
    pointNumber = Math.min(pointNumber, data.train.labels.length - 1);
    const [x, y] = throughPoint();
    const label = data.train.labels[pointNumber];
    const { probe: batch, network } = scene;
    scene.send(x, y, label);
    const last = scene.sizes.length - 1;
    network.kernels.lossSlopes(batch.values[last], batch.labels, batch.slopes[last], batch.n, 1, batch.classes);
    network.backward(batch, scene.gradients);
    paint();
    through.show(scene, graph, phases(scene, label, pointNumber + 1, report.rate, say));
  }

  function closeThrough() {
    if (!through.isOpen) return;
    through.element.hidden = true;
    graph.strong = null;
    graph.number();
    paint();
  }

  // -- Two set-ups side by side -----------------------------------------------------------

  /** @param {import("./state.mjs").State} kept */
  function compare(kept) {
    rival = newRival(kept);
    rivalBox.hidden = false;
    compareButton.textContent = words.compare_end;
    startOver();
  }

  function endCompare() {
    rival.trainer.end();
    rival = null;
    rivalBox.hidden = true;
    compareButton.textContent = words.compare;
    paint();
    showAddress();
  }

  /** @param {import("./state.mjs").State} kept */
  const newRival = (kept) => new Rival(structuredClone(kept), {
    sets, words, say, workerFile, plane: rivalPlane, text: rivalText,
    now: () => state,
    look: () => ({ rough: running && isSlow, ink: inkColor(), hard, showTest }),
    changed() {
      dirty = true;
      schedule();
    },
  });

  // -- The reader's own points ------------------------------------------------------------

  for (let label = 0; label < LIMITS.classes; label++) {
    const sample = make("canvas", { class: "pg-mark", width: 32, height: 32 });
    const context = contextOf(sample);
    context.translate(16, 17);
    context.fillStyle = `rgb(${COLORS[label]})`;
    context.fill(mark(label, 11));
    marks.append(make("label", {},
      make("input", { type: "radio", name: `playground-class-${count}`, checked: label === newClass, onchange: () => { newClass = label; } }),
      sample, ` ${say("class", { label })}`));
  }
  count++;
  marks.prepend(make("span", {}, words.new_points));
  marks.append(button("undo", () => setPoints(state.points.slice(0, -1))), button("clear", () => setPoints([])));

  /** @param {number[][]} points */
  function setPoints(points) {
    change({ points });
    hear(say("point_gone", { n: points.length }));
  }
  function addPoint() {
    if (state.points.length >= LIMITS.points) return;
    const [x, y] = (probe ?? [0, 0]).map((value) => Math.max(-data.square, Math.min(data.square, Math.round(value * 100) / 100)));
    change({ points: [...state.points, [newClass, x, y]] });
    hear(say("point_added", { label: newClass, n: state.points.length }));
  }
  function removeNearest() {
    if (!state.points.length) return;
    const [px, py] = probe ?? [0, 0];
    const far = state.points.map(([, x, y]) => Math.hypot(x - px, y - py));
    setPoints(state.points.filter((_, i) => i !== far.indexOf(Math.min(...far))));
  }

  // -- Begin ------------------------------------------------------------------------------

  // Show a set-up; go as many steps as it says when somebody looks.
  /** @param {{ state: import("./state.mjs").State, problems: string[] }} wanted @param {string} [beside] */
  async function open({ state: wanted, problems }, beside) {
    if (rival) endCompare();
    state = wanted;
    const { steps } = state;
    if (beside && isOwnPage) {
      const other = readState(Object.fromEntries(new URLSearchParams(beside)));
      problems = [...problems, ...other.problems];
      rival = newRival(other.state);
      rivalBox.hidden = false;
      compareButton.textContent = words.compare_end;
    }
    const started = restart();
    if (problems.length)
      tell(say("bad_state", { problems: problems.join(words.separator) }), ["usual", () => change(usual())]);
    const mine = fresh;
    await started;
    if (steps && mine === fresh && !complaint().length) {
      if (!problems.length) tell(say("catching_up", { step: steps }));
      running = catchingUp = true;
      until = steps;
      playButton.textContent = words.pause;
      schedule();
    }
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

  sheet.append(settings.element);
  arrange();
  open({ state, problems }, fields.beside);
  pieces.whenSeen(box, (/** @type {boolean} */ isSeen) => {
    seen = isSeen;
    schedule();
  });
  new ResizeObserver(() => {
    arrange();
    paint();
  }).observe(box);
  pieces.whenLookChanges(plane, () => {
    inputsDrawn = false;
    paint();
  });
  if (isOwnPage)
    addEventListener("hashchange", () => {
      if (!location.hash.includes("=")) return;
      const asked = pieces.stateOf(place);
      open(readState(asked), asked.beside);
    });
};

let count = 0; // of playgrounds on this page
pieces.playground.words = WORDS;
// For tests, which compare with PyTorch.
pieces.playground.engine = { Generator, initialParameters, pythonScript, readData, readState, server, setupOf, sizesOf, writeState };
