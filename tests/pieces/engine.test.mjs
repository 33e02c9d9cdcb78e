// The playground where it computes, without a browser: `node --test tests/pieces`.
// Expected numbers are PyTorch's (2.9, CPU), or come from differences of the loss.
import assert from "node:assert/strict";
import { test } from "node:test";

const folder = new URL("../../docs/pieces/playground/", import.meta.url);
const load = (name) => import(new URL(`${name}.mjs`, folder));
const { Generator } = await load("random");
const { initialParameters, lossOf, Room } = await load("network");
const { readState, usual, writeState, placeOf, sizesOf, noteChange, LIMITS } = await load("state");
const { plainKernels } = await load("kernels");
const { compiledKernels } = await load("compiled");
const { Training, roomFor } = await load("training");
const { setupOf } = await load("setup");
const { readData } = await load("data");
const { pythonScript } = await load("python");
const { WORDS } = await load("words");

const near = (a, b, most = 1e-12) => assert.ok(Math.abs(a - b) <= most, `${a} is not ${b}`);
const POINTS = [[0, 1, 1], [0, -1, -1.5], [1, -1.25, 1], [1, 1, -1], [0, 2, 2], [1, -2, 2.5]];
const own = (changes) => ({ ...usual(), data: "points", points: POINTS, ...changes });

test("a seed draws weights and an order of points as PyTorch does", () => {
  const generator = new Generator(5);
  const drawn = initialParameters([2, 2], "linear", generator);
  const expected = [
    0.20083954843395557, -0.33975361461044234, -0.19681946811386827, -0.26144197279615405,
    -0.33076031434780595, 0.49699523083004865,
  ];
  expected.forEach((value, i) => near(drawn[i], value, 2 ** -52));
  const order = new Int32Array(6);
  generator.shuffle(order);
  assert.deepEqual([...order], [5, 3, 4, 1, 0, 2]);
});

test("normal numbers are PyTorch's below and above 16", () => {
  const few = new Float64Array(6), many = new Float64Array(18);
  new Generator(0).fillNormal(few, 1);
  new Generator(0).fillNormal(many, 1);
  [1.5409961082440433, -0.2934289057609464, -2.1787893820745574].forEach((x, i) => near(few[i], x));
  [-0.8910030351707375, 0.6748575435940039, 1.0468653769814655].forEach((x, i) => near(many[15 + i], x));
});

for (const points of [[...POINTS], [...POINTS, [2, 0, 3], [3, 0, -3]]])
  for (const activation of ["tanh", "sigmoid"])
    test(`gradients of ${activation} for ${points.length} points are slopes of the loss`, () => {
      const state = own({ points, hidden: [3, 2], activation });
      const setup = { ...setupOf(state, readData(state, {})), rate: 0 };
      const training = new Training(new Room(plainKernels(roomFor(setup) + 9000)), setup);
      training.train();
      const { network, gradients, all, kernels } = training;
      const loss = () => {
        network.forward(all);
        return lossOf(all);
      };
      for (let i = 0; i < network.count; i++) {
        const kept = network.parameters[i], step = 1e-5;
        network.parameters[i] = kept + step;
        const above = loss();
        network.parameters[i] = kept - step;
        const below = loss();
        network.parameters[i] = kept;
        near(kernels.memory[gradients + i], (above - below) / (2 * step), 1e-8);
      }
    });

// Two points (1, 2) -> 0.5 and (-1, 3) -> -0.25, a single linear output.
const SINGLES = new Uint8Array(Float32Array.of(1, -1, 2, 3, 0.5, -0.25).buffer);
const LOW_FIRST = [0, 1, 2, 3].flatMap((place) => [...SINGLES.filter((_, k) => k % 4 === place)]);
const NUMBERS = { slope: { inputs: Buffer.from(LOW_FIRST).toString("base64"), labels: "" } };

test("a step of regression is the one that arithmetic by hand takes", () => {
  for (const kernels of [plainKernels(20000), compiledKernels()]) {
    const state = { ...usual(), data: "slope", hidden: [], lr: 0.1, init: "small" };
    const setup = setupOf(state, readData(state, NUMBERS));
    const training = new Training(new Room(kernels), setup);
    training.network.parameters.set([0.5, -0.5, 0.25]); // w1, w2, b
    // z = -0.25 and -1.75, so z - y is -0.75 and -1.5, and the loss (0.5625 + 2.25) / 2.
    near(training.report().loss, 1.40625);
    assert.ok(Number.isNaN(training.report().accuracy));
    training.train();
    // The gradient is the sum of (z - y) x: 0.75, -6 and for the bias -2.25.
    [0.425, 0.1, 0.475].forEach((right, i) => near(training.network.parameters[i], right));
  }
});

test("compiled kernels train as the plain ones do", () => {
  for (const optimizer of ["sgd", "momentum", "adam"])
    for (const activation of ["tanh", "sigmoid", "relu"]) {
      const state = own({
        points: [...POINTS, [2, 0, 3]], hidden: [5, 3], activation, optimizer, lr: 0.05,
        batch: "4", penalty: ["l1", 0.001],
      });
      const setup = setupOf(state, readData(state, {}));
      const losses = [plainKernels(roomFor(setup) + 9000), compiledKernels()].map((kernels) => {
        const training = new Training(new Room(kernels), setup);
        training.run(500, 1e9, () => 0);
        return training.report().loss;
      });
      near(losses[0], losses[1], 1e-9);
    }
});

test("compiled activations are those of the library over their whole range", () => {
  const { memory, activate } = compiledKernels();
  const special = [-1e9, -800, 800, 1e9, NaN, Infinity, -Infinity, 0];
  const values = Float64Array.from({ length: 8192 }, (_, i) => special[i] ?? (i - 4100) / 100);
  const expected = [Math.tanh, (x) => 1 / (1 + Math.exp(-x)), (x) => (x < 0 ? 0 : x)];
  expected.forEach((right, kind) => {
    memory.set(values, 9000);
    activate(kind, 9000, values.length);
    values.forEach((value, i) => {
      const ours = memory[9000 + i];
      assert.ok(Object.is(ours, right(value)) || Math.abs(ours - right(value)) < 1e-15, `${kind} of ${value}: ${ours}`);
    });
  });
});

test("the curve stays short and keeps first and last steps", () => {
  const state = own({ hidden: [2], lr: 0.1 });
  const setup = setupOf(state, readData(state, {}));
  const training = new Training(new Room(plainKernels(roomFor(setup) + 9000)), setup);
  training.run(5000, 1e9, () => 0);
  const { curve } = training.report();
  const steps = [...curve].filter((_, i) => i % 3 === 0);
  assert.equal(steps[0], 0);
  assert.ok(steps.length >= 200 && steps.length <= 400);
  assert.ok(steps.every((step, i) => i === 0 || step - steps[i - 1] === training.stride));
  assert.ok(5000 - steps.at(-1) <= training.stride);
});

test("a set-up written into an address is read back", () => {
  const state = own({
    hidden: [3, 1], features: ["x1", "sin2"], optimizer: "adam", batch: "7", noise: 0.2, test: 30,
    penalty: ["l2", 0.03], changes: [{ step: 4, name: "w1.2.2", value: -0.5 }, { step: 9, name: "lr", value: 0.3 }],
  });
  const { state: again, problems } = readState(Object.fromEntries(new URLSearchParams(writeState(state, 12))));
  assert.deepEqual(problems, []);
  assert.deepEqual(again, { ...state, steps: 12 });
});

test("an address of the first edition means what it meant", () => {
  const old = "data=flower&hidden=1&activation=tanh&lr=1&init=linear&seed=5&speed=10&steps=7";
  const { state, problems } = readState(Object.fromEntries(new URLSearchParams(old)));
  assert.deepEqual(problems, []);
  assert.deepEqual(state, { ...usual(), hidden: [1], steps: 7 });
  assert.equal(writeState(state, 7), old);
});

// Ten thousand addresses that nobody would write: each gives a set-up that trains.
test("no address breaks the playground", () => {
  const generator = new Generator(1);
  const pick = (list) => list[generator.word() % list.length];
  const names = ["data", "points", "hidden", "activation", "lr", "init", "seed", "speed", "steps",
    "features", "optimizer", "batch", "penalty", "noise", "test", "changes", "__proto__", "constructor", ""];
  const texts = ["", "0", "-1", "1e999", "NaN", "Infinity", "1,1,1,1", "10,10,10", "x".repeat(5000), "0:1:1,1:1:2",
    "3:5:5", "9:0:0", "__proto__", "toString", "sgd", "adam", "l1:0.1", "l2:1e-400", "l1:", "x1,x1", "sin1", "1:lr:0.1",
    "0:w1.1.1:1e9", "0:w9.9.9:1", "5:b1.1:0.5,1:lr:1", "all", "90", "100", "4294967295", "4294967296", "spiral", "hills", "points",
    "relu", "0.1", "1e-9", "<img src=x>", "%00", "\ud800", "١", "0x10", " 1", "1 ", "+1", "1.5.2", "1:2:3:4:5", "-0", "1e308"];
  let refused = 0;
  for (let i = 0; i < 10000; i++) {
    const fields = {};
    for (let n = generator.word() % 5; n >= 0; n--)
      Object.defineProperty(fields, pick(names), { value: pick(texts), enumerable: true, configurable: true });
    const { state, problems } = readState(fields);
    refused += problems.length > 0;
    const sizes = sizesOf(state);
    assert.ok(sizes.length <= 5 && sizes.every((size) => size >= 1 && size <= 10));
    assert.ok(problems.length <= 5 && problems.every((text) => text.length <= 60));
    assert.ok(state.changes.every(({ name }) => name === "lr" || placeOf(sizes, name) < 1000));
    assert.deepEqual(readState(Object.fromEntries(new URLSearchParams(writeState(state, state.steps)))).problems, []);
    if (i % 25 || state.data !== "points") continue;
    const setup = setupOf(state, readData(state, {}));
    if (!setup.train.labels.length) continue;
    const training = new Training(new Room(plainKernels(roomFor(setup) + 9000)), setup);
    training.run(3, 1e9, () => 0);
    assert.equal(training.report().step, 3);
  }
  assert.ok(refused > 5000);
});

test("a full list of changes takes no more, and one at the same step replaces the last", () => {
  const state = usual();
  for (let step = 0; step < LIMITS.changes; step++) assert.ok(noteChange(state, { step, name: "lr", value: 1 }));
  assert.ok(!noteChange(state, { step: 99, name: "lr", value: 1 }));
  assert.ok(noteChange(state, { step: 39, name: "lr", value: 2 }));
  assert.equal(state.changes.at(-1).value, 2);
});

test("the script says what the set-up says", () => {
  const state = own({ optimizer: "momentum", lr: 0.1, batch: "2", penalty: ["l1", 0.01], features: ["x1", "x1x2"], test: 20 });
  const script = pythonScript(state, 30, {}, WORDS.en);
  for (const line of [
    "optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)",
    "    chosen = order[2 * (step % 3) :][:2]",
    "    loss = loss + 0.01 * sum(w.abs().sum() for w in weights)",
    "inputs = torch.stack([x1, x1 * x2], dim=1)",
    "for step in range(30):",
  ])
    assert.ok(script.split("\n").includes(line), line);
});
