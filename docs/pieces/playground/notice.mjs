// What is in the way, with buttons that lead out of it.

export class Notice {
  /** @param {import("./lab.mjs").Lab} lab @param {() => void} focus Where the focus goes. */
  constructor(lab, focus) {
    this.lab = lab;
    this.focus = focus;
    this.element = lab.pieces.make("div", { class: "pg-notice", role: "alert" });
  }

  /** Show a notice with ways out of it, each a text (or the name of one) and what it does.
   * @param {string} text @param {...any} ways */
  tell(text = "", ...ways) {
    const { pieces, words } = this.lab;
    const buttons = ways.map(([name, go]) => {
      const onclick = () => { go(); this.focus(); };
      return pieces.make("button", { type: "button", onclick }, words[name] ?? name);
    });
    this.element.replaceChildren(text && pieces.make("span", {}, `${text} `), ...buttons);
    this.element.hidden = !text;
  }

  /** What stands in the way of training, as arguments of tell. @returns {any[]} */
  complaint() {
    const { change, data, say, words } = this.lab;
    const { train, test, outputs } = data;
    if (!outputs) return []; // numbers, not classes
    const classes = new Set([...train.labels, ...test.labels]);
    const wayOut = ["use_flower", () => change({ data: "flower" })];
    if (classes.size === 0 || !train.labels.length) return [words.no_points, wayOut];
    if (classes.size === 1) return [say("one_class", { label: [...classes][0] }), wayOut];
    return [];
  }
}
