// What a page asks of a training, and the answers. The same function answers in a worker
// and, where a browser allows none (a page from a disk), on the page itself.
import { COMPILED_ROOM, plainKernels, STACK } from "./kernels.mjs";
import { Room } from "./network.mjs";
import { roomFor, Training } from "./training.mjs";

/** @typedef {import("./training.mjs").Setup} Setup */
/**
 * @typedef {{ act: "setup", setup: Setup }
 *   | { act: "run", steps: number, until: number, milliseconds: number }
 *   | { act: "change", place: number, value: number }
 *   | { act: "surface", a: number, b: number, window: number[] | null, side: number }} Request
 */

/**
 * @param {() => import("./kernels.mjs").Kernels} [compiledKernels] Better kernels, if any.
 * @returns {(request: Request) => any}
 */
export function server(compiledKernels) {
  /** @type {Training} */
  let training;
  /** @type {import("./kernels.mjs").Kernels | null | undefined} */
  let compiled = compiledKernels ? undefined : null;

  /** @param {number} need */
  function kernels(need) {
    if (compiled === undefined && compiledKernels)
      try {
        compiled = compiledKernels();
      } catch {
        compiled = null; // forbidden, or a browser without SIMD
      }
    return compiled && need + STACK < COMPILED_ROOM ? compiled : plainKernels(need + STACK);
  }

  return (request) => {
    if (request.act === "setup") {
      training = new Training(new Room(kernels(roomFor(request.setup))), request.setup);
    } else if (request.act === "run") {
      const steps = Math.min(request.steps, request.until - training.step);
      training.run(steps, request.milliseconds, () => performance.now());
    } else if (request.act === "change") {
      training.change(request.place, request.value);
    } else {
      const { a, b, side } = request;
      const window = request.window ?? around(training.pathOf(a, b).path);
      return { ...training.surface(a, b, window, side), window, loss: training.report().loss };
    }
    return training.report();
  };
}

/** A window around a path, with room on all sides. @param {Float64Array} path */
function around(path) {
  const window = [];
  for (const first of [0, 1]) {
    let low = Infinity, high = -Infinity;
    for (let i = first; i < path.length; i += 2) {
      low = Math.min(low, path[i]);
      high = Math.max(high, path[i]);
    }
    const room = Math.max(1.5, 0.4 * (high - low));
    window.push(low - room, high + room);
  }
  return window;
}
