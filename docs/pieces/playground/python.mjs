// The set-up as a PyTorch script that needs nothing of this book.
import { ACTIVATIONS } from "./network.mjs";
import { readData } from "./data.mjs";
import { DRAWS } from "./draws.mjs";
import { FEATURES, sizesOf } from "./state.mjs";

/** @typedef {import("./state.mjs").State} State */

/**
 * @param {State} state
 * @param {number} steps
 * @param {Record<string, import("./data.mjs").PointSet>} sets
 * @param {Record<string, string>} words Comments, see words.mjs.
 * @param {string} [result] The losses that the page shows.
 */
export function pythonScript(state, steps, sets, words, result = "") {
  const data = readData(state, sets);
  const points = data.train.labels.length;
  const lines = [`# ${words.script_head}`, ...pointLines(state, sets, points + data.test.labels.length), ""];
  lines.push(`torch.set_default_dtype(torch.float64)  # ${words.script_double}`);
  lines.push(`torch.set_num_threads(1)  # ${words.script_threads}`);
  lines.push(...modelLines(state), "");
  const loss = ["MSELoss", "BCEWithLogitsLoss"][data.outputs] ?? "CrossEntropyLoss";
  lines.push(`loss_function = nn.${loss}()`);
  lines.push(optimizerLine(state));
  const [penalty, amount] = state.penalty;
  if (penalty !== "none")
    lines.push('weights = [p for name, p in model.named_parameters() if name.endswith("weight")]');

  const total = steps || 1000;
  for (const one of state.changes) if (one.step === 0) lines.push(...changeLines(one, ""));
  lines.push(`for step in range(${total}):`);
  let chosen = "";
  const size = Number(state.batch);
  if (size < points) {
    const turns = Math.ceil(points / size);
    lines.push(`    if step % ${turns} == 0:`);
    lines.push(`        order = torch.randperm(${points})`);
    lines.push(`    chosen = order[${size} * (step % ${turns}) :][:${size}]`);
    chosen = "[chosen]";
  }
  lines.push("    optimizer.zero_grad()");
  lines.push(`    loss = loss_function(model(inputs${chosen}), targets${chosen})`);
  if (penalty === "l1")
    lines.push(`    loss = loss + ${amount} * sum(w.abs().sum() for w in weights)`);
  if (penalty === "l2")
    lines.push(`    loss = loss + ${amount} / 2 * sum(w.square().sum() for w in weights)`);
  lines.push("    loss.backward()", "    optimizer.step()");
  for (const one of state.changes)
    if (one.step > 0 && one.step <= total)
      lines.push(`    if step == ${one.step - 1}:  # ${words.script_change}`, ...changeLines(one, "        "));
  lines.push("", `print(loss_function(model(inputs), targets).item())${result && `  # ${result}`}`);
  if (data.test.labels.length)
    lines.push(`print(loss_function(model(test_inputs), test_targets).item())  # ${words.script_test}`);
  return [...lines, ""].join("\n");
}

/** @param {State} state @param {Record<string, import("./data.mjs").PointSet>} sets
 * @param {number} n How many points there are. */
function pointLines(state, sets, n) {
  const lines = [];
  const set = sets[state.data];
  if (set) lines.push(set.code, "", "", `inputs, targets = ${callOf(state, set.call)}`, "inputs = inputs.double()");
  else {
    const rows = state.points.map(([, x, y]) => `    [${x}, ${y}],`);
    const labels = state.points.map(([label]) => label).join(", ");
    lines.push("import torch", "from torch import nn", "");
    lines.push("inputs = torch.tensor([", ...rows, "], dtype=torch.float64)");
    lines.push(`targets = torch.tensor([${labels}])`);
  }
  if (sizesOf(state).at(-1) === 1) lines.push("targets = targets.reshape(-1, 1).double()");
  const plain = state.features.join() === "x1,x2";
  const held = Math.floor((n * state.test) / 100);
  if (state.noise || held) lines.push(`generator = torch.Generator().manual_seed(${state.draw})`);
  if (state.noise) {
    lines.push(`noise = torch.randn(${n}, 2, dtype=torch.float64, generator=generator)`);
    lines.push(`inputs = inputs + ${state.noise} * noise`);
  }
  if (!plain) {
    const codes = state.features.map((name) => FEATURES[/** @type {keyof typeof FEATURES} */ (name)].code);
    lines.push("x1, x2 = inputs.T", `inputs = torch.stack([${codes.join(", ")}], dim=1)`);
  }
  if (held) {
    lines.push(`order = torch.randperm(${n}, generator=generator)`);
    lines.push(`test_inputs, test_targets = inputs[order[:${held}]], targets[order[:${held}]]`);
    lines.push(`inputs, targets = inputs[order[${held}:]], targets[order[${held}:]]`);
  }
  return lines;
}

/** How the script draws the points. @param {State} state @param {string} call */
function callOf({ data, draw }, call) {
  if (!draw || !Object.hasOwn(DRAWS, data)) return call;
  return `${call.split("(")[0]}(seed=${draw + Number(data === "flower")})`; // see draws.mjs
}

/** @param {State} state */
function modelLines(state) {
  const sizes = sizesOf(state);
  const lines = [`torch.manual_seed(${state.seed})`, "model = nn.Sequential("];
  sizes.slice(1).forEach((size, i) => {
    lines.push(`    nn.Linear(${sizes[i]}, ${size}),`);
    if (i + 2 < sizes.length) lines.push(`    nn.${ACTIVATIONS[state.activation].module}(),`);
  });
  lines.push(")");
  if (state.init === "small")
    lines.push(
      "for layer in model:",
      "    if isinstance(layer, nn.Linear):",
      "        nn.init.normal_(layer.weight, std=0.01)",
      "        nn.init.zeros_(layer.bias)",
    );
  return lines;
}

/** @param {State} state */
function optimizerLine({ optimizer, lr }) {
  if (optimizer === "adam") return `optimizer = torch.optim.Adam(model.parameters(), lr=${lr})`;
  const momentum = optimizer === "momentum" ? ", momentum=0.9" : "";
  return `optimizer = torch.optim.SGD(model.parameters(), lr=${lr}${momentum})`;
}

/** @param {import("./state.mjs").Change} change @param {string} indent */
function changeLines({ name, value }, indent) {
  if (name === "lr") return [`${indent}optimizer.param_groups[0]["lr"] = ${value}`];
  const [layer, unit, input] = name.slice(1).split(".").map((n) => Number(n) - 1);
  const part = name[0] === "b" ? `bias[${unit}]` : `weight[${unit}, ${input}]`;
  return [`${indent}with torch.no_grad():`, `${indent}    model[${2 * layer}].${part} = ${value}`];
}
