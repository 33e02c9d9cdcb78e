// From a set-up in the reader's words to what a training is told.
import { outputsOf, placeOf, sizesOf } from "./state.mjs";

/**
 * @param {import("./state.mjs").State} state
 * @param {ReturnType<typeof import("./data.mjs").readData>} data
 * @returns {import("./training.mjs").Setup}
 */
export function setupOf(state, { train, test }) {
  const sizes = sizesOf(state);
  const [kind, amount] = state.penalty;
  return {
    sizes,
    classes: outputsOf(state),
    activation: state.activation,
    optimizer: /** @type {any} */ (state.optimizer),
    init: state.init,
    seed: state.seed,
    rate: state.lr,
    l1: kind === "l1" ? amount : 0,
    l2: kind === "l2" ? amount : 0,
    batch: state.batch === "all" ? 0 : Number(state.batch),
    train,
    test,
    changes: state.changes.map(({ step, name, value }) => ({
      step,
      value,
      place: name === "lr" ? -1 : placeOf(sizes, name) ?? -1,
    })),
  };
}
