// The training, in a worker where the browser allows one, and else on the page.
import { server } from "./serve.mjs";

export class Trainer {
  /** @param {string} file Address of the worker's script. */
  constructor(file) {
    this.number = 0;
    /** @type {Map<number, { request: any, done: (answer: any) => void }>} */
    this.waiting = new Map();
    /** @type {Worker | null} */
    this.worker = null;
    /** @type {((request: any) => any) | null} */
    this.local = null;
    if (location.protocol === "file:") this.workHere(); // a page from a disk has no workers
    else
      try {
        this.worker = new Worker(file);
        this.worker.onmessage = ({ data }) => this.answer(data.number, data.answer);
        this.worker.onerror = (event) => {
          event.preventDefault();
          this.workHere();
        };
      } catch {
        this.workHere();
      }
  }

  /** How long one run may take: on the page itself a part of a frame. */
  get milliseconds() {
    return this.local ? 9 : 14;
  }

  /** @param {any} request see serve.mjs @returns {Promise<any>} */
  ask(request) {
    const number = ++this.number;
    return new Promise((done) => {
      this.waiting.set(number, { request, done });
      if (this.worker) this.worker.postMessage({ number, request });
      else this.soon(number);
    });
  }

  /** @param {number} number @param {any} answer */
  answer(number, answer) {
    const asked = this.waiting.get(number);
    this.waiting.delete(number);
    asked?.done(answer);
  }

  workHere() {
    this.worker?.terminate();
    this.worker = null;
    this.local = server();
    for (const number of this.waiting.keys()) this.soon(number);
  }

  /** @param {number} number */
  soon(number) {
    // Later, and one at a time, so that the page can draw in between.
    setTimeout(() => {
      const asked = this.waiting.get(number);
      if (asked) this.answer(number, this.local?.(asked.request));
    });
  }

  end() {
    this.worker?.terminate();
  }
}
