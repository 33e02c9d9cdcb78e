// What the reader takes along: the address of the set-up, and the script in PyTorch.
import { shortNumber } from "./inspect.mjs";
import { pythonScript } from "./python.mjs";
import { writeState } from "./state.mjs";

export class Share {
  /** @param {import("./lab.mjs").Lab} lab
   * @param {{ ownPage: string | null, beside: () => string }} page
   *   Where the whole playground is, null: here. What the address says of a comparison. */
  constructor(lab, { ownPage, beside }) {
    const { make } = lab.pieces;
    const { words } = lab;
    this.lab = lab;
    this.ownPage = ownPage;
    this.beside = beside;
    this.touched = false; // whether the reader has changed something
    this.link = make("a", {}, words.link);
    this.whole = make("a", { class: "pg-whole" }, words.whole);
    this.code = make("code");
    this.script = make("details", { class: "pg-fold pg-script", ontoggle: () => this.showScript() },
      make("summary", {}, words.code), make("pre", { tabindex: 0 }, this.code));
    const button = (/** @type {string} */ key, /** @type {() => string} */ text) =>
      make("button", { type: "button", "data-press": key,
        onclick: (/** @type {Event} */ event) => this.copy(/** @type {any} */ (event.target), text()) }, words[key]);
    this.buttons = [button("copy_code", () => this.text()), button("copy_link", () => this.link.href)];
  }

  /** @param {HTMLElement} pressed @param {string} text */
  async copy(pressed, text) {
    const { hear, pieces, words } = this.lab;
    await pieces.copy(text);
    const before = pressed.textContent;
    pressed.textContent = words.copied;
    hear(words.copied);
    setTimeout(() => { pressed.textContent = before; }, 1500);
  }

  showAddress() {
    const { report, state } = this.lab;
    const address = writeState(state, report.step) + this.beside();
    this.link.href = this.whole.href = `${this.ownPage ?? ""}#${address}`;
    // The anchor of a heading stays until the reader does something here.
    if (this.ownPage === null && (this.touched || report.step || location.hash.includes("=")))
      history.replaceState(null, "", `#${address}`);
  }

  /** The script of now. */
  text() {
    const { report, say, sets, state, words } = this.lab;
    const result = report.step ? say("script_page", { loss: shortNumber(report.loss, 6) }) : "";
    return pythonScript(state, report.step, sets, words, result);
  }

  showScript() {
    if (this.script.open) this.code.textContent = this.text();
  }
}
