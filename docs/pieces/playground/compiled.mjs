// The kernels in WebAssembly, see kernels.c and kernels.mjs.
import { WASM } from "./kernels.wasm.mjs";

/**
 * The kernels in WebAssembly; an error where the page may not use it, or not SIMD.
 * @returns {import("./kernels.mjs").Kernels}
 */
export function compiledKernels() {
  const bytes = Uint8Array.from(atob(WASM), (letter) => letter.charCodeAt(0));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const { memory, ...functions } = /** @type {any} */ (exports);
  return { ...functions, name: "WebAssembly", memory: new Float64Array(memory.buffer) };
}
