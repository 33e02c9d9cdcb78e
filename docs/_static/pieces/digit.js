"use strict";
// Draw a digit: the network that chapter 07 has trained reads what the reader draws. Its
// weights come in digit-weights.js, which nn_book.render.digit_weights writes at every build.
{
  const SIDE = 560; // of the paper, in its own pixels; 20 of them are one of the network's
  const PEN = 48;

  // -- From a drawing to 784 numbers -------------------------------------------------

  // Prepare ink (side × side levels from 0 to 255) as the digits of MNIST were: the box
  // around it is scaled into 20 × 20, with the shades that this makes, and put into
  // 28 × 28 so that its center of mass lies in the middle.
  function prepare(ink, side) {
    const box = boxAround(ink, side);
    const pixels = new Uint8Array(784);
    if (!box) return { pixels, fault: "empty" };
    const length = Math.max(box.width, box.height);
    if (length < 0.17 * side) return { pixels, fault: "dot" };
    if (box.mean > 200 && Math.min(box.width, box.height) > 0.25 * side)
      return { pixels, fault: "blot" };

    const small = resample(ink, side, box.left, box.top, length / 20, 20);
    let mass = 0, across = 0, down = 0;
    small.forEach((level, i) => {
      mass += level;
      across += level * (i % 20);
      down += level * Math.floor(i / 20);
    });
    const right = 14 - Math.round(across / mass), below = 14 - Math.round(down / mass);
    small.forEach((level, i) => {
      const x = (i % 20) + right, y = Math.floor(i / 20) + below;
      if (x >= 0 && x < 28 && y >= 0 && y < 28) pixels[28 * y + x] = level;
    });
    return { pixels };
  }

  // The smallest box around all ink, and the mean level in it; null without ink.
  function boxAround(ink, side) {
    let left = side, right = -1, top = side, bottom = -1, sum = 0;
    for (let i = 0; i < ink.length; i++) {
      if (ink[i] === 0) continue;
      const x = i % side, y = (i - x) / side;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
      sum += ink[i];
    }
    if (right < 0) return null;
    const width = right - left + 1, height = bottom - top + 1;
    return { left, top, width, height, mean: sum / (width * height) };
  }

  // Return n × n squares of the given size (in pixels of the ink, also broken ones) from
  // a corner on, each with the mean level of the ink under it.
  function resample(ink, side, left, top, size, n) {
    const squares = new Uint8Array(n * n);
    for (let row = 0; row < n; row++)
      for (let column = 0; column < n; column++) {
        const x0 = left + column * size, y0 = top + row * size;
        let sum = 0;
        for (let y = Math.floor(y0); y < Math.min(side, y0 + size); y++) {
          const high = Math.min(y + 1, y0 + size) - Math.max(y, y0);
          for (let x = Math.floor(x0); x < Math.min(side, x0 + size); x++)
            sum += ink[side * y + x] * high * (Math.min(x + 1, x0 + size) - Math.max(x, x0));
        }
        squares[n * row + column] = Math.round(sum / (size * size));
      }
    return squares;
  }

  // -- The network -------------------------------------------------------------------
  let network = null;

  // Called by digit-weights.js: undo what nn_book.render.digit_weights packed.
  pieces.network = ({ sizes, layers, ...rest }) => {
    network = {
      ...rest,
      layers: layers.map(({ weights, scales, biases }, k) => {
        const rowScales = floats(scales);
        return {
          biases: floats(biases),
          weights: Float32Array.from({ length: sizes[k] * sizes[k + 1] }, (_, i) =>
            (91 * digit91(weights, 2 * i) + digit91(weights, 2 * i + 1) - 4140) *
            rowScales[Math.floor(i / sizes[k])]),
        };
      }),
    };
    for (const sample of network.samples) sample.pixels = bytes(sample.pixels);
  };
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const floats = (text) => new Float32Array(bytes(text).buffer);
  function digit91(text, place) { // the letters # to ~ are digits, without the backslash
    const code = text.charCodeAt(place);
    return code - (code > 92 ? 36 : 35);
  }

  // The ten probabilities of an image of 784 levels from 0 to 255.
  function probabilities(pixels) {
    let values = Float32Array.from(pixels, (level) => (level / 255 - 0.5) / 0.5);
    network.layers.forEach(({ weights, biases }, k) => {
      const sums = new Float64Array(biases.length);
      for (let row = 0, i = 0; row < sums.length; row++) {
        let sum = biases[row];
        for (let j = 0; j < values.length; j++, i++) sum += weights[i] * values[j];
        sums[row] = k < network.layers.length - 1 ? Math.max(0, sum) : sum;
      }
      values = sums;
    });
    const largest = Math.max(...values);
    const powers = Array.from(values, (logit) => Math.exp(logit - largest));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / sum);
  }

  // -- Words -------------------------------------------------------------------------
  const WORDS = {
    zh: {
      paper: "画数字的纸",
      help: "用鼠标、手指或笔写；也可以选中方框用键盘：方向键移动笔，空格落笔或提笔，按住 Shift 走得快，Delete 清空。",
      seen: "网络看到的",
      clear: "清空",
      samples: "从测试集里挑一张",
      sample: "第 {n} 张图，标签 {label}",
      prepare: "像 MNIST 那样处理（缩放、居中）",
      digit: "数字",
      probability: "概率",
      empty: "在方框里写一个 0 到 9 的数字。",
      dot: "只有一个点，看不出是什么。写大一些，占去大半个方框。",
      blot: "几乎涂满了，看不出是什么。清空以后重写。",
      loading: "正在取来网络，约 0.9 MB……",
      failed: "网络没有取来。检查连接，再写一笔就会重试。",
      sure: "它读作 {digit}，概率 {p}；其次是 {next}，{q}。",
      unsure: "它拿不准：最像 {digit}，概率 {p}；其次是 {next}，{q}。",
      right: "标签是 {label}，读对了。",
      wrong: "标签是 {label}，读错了。",
      down: "落笔，从左 {x} %，从上 {y} %。",
      up: "提笔，从左 {x} %，从上 {y} %。",
      from: "这是第 07 章在制作这一版网页时训练的网络，校验和 {checksum}。",
      standIn: "制作这一版网页时没有拿到 MNIST：网络只见过一千多个粗糙的小数字，常会认错。",
    },
    en: {
      paper: "Paper to draw a digit on",
      help: "Draw with the mouse, a finger or a pen. Or select the box and use the keyboard: arrow keys move the pen, Space puts it down or lifts it, with Shift it moves fast, Delete clears.",
      seen: "What the network sees",
      clear: "Clear",
      samples: "Take an image of the test set",
      sample: "Image {n}, label {label}",
      prepare: "Prepare it as MNIST was (scale, center)",
      digit: "Digit",
      probability: "Probability",
      empty: "Draw a digit from 0 to 9 in the box.",
      dot: "That is only a dot. Draw larger, over most of the box.",
      blot: "Nearly all is black, and nothing can be read. Clear it and draw again.",
      loading: "Fetching the network, some 0.9 MB …",
      failed: "The network could not be fetched. Check the connection; the next stroke tries again.",
      sure: "It reads a {digit}, probability {p}; next comes {next} with {q}.",
      unsure: "It is not sure: most likely a {digit}, probability {p}; next comes {next} with {q}.",
      right: " The label is {label}: right.",
      wrong: " The label is {label}: wrong.",
      down: "Pen down, {x} % from the left, {y} % from the top.",
      up: "Pen up, {x} % from the left, {y} % from the top.",
      from: "This is the network that chapter 07 trained when this site was built, checksum {checksum}.",
      standIn: "MNIST could not be had when this site was built: the network has seen only some thousand coarse small digits and is often wrong.",
    },
  };

  const percent = (p) =>
    p > 0.999 ? "> 99.9 %" : p < 0.001 ? "< 0.1 %" : `${(100 * p).toFixed(1)} %`;

  // -- The piece ---------------------------------------------------------------------
  pieces.digit = async function (element) {
    await pieces.load("digit.css");
    const { make, fill } = pieces;
    const words = WORDS[pieces.language];
    const say = pieces.voice(element);

    const paper = make("canvas", {
      class: "digit-paper", width: SIDE, height: SIDE, tabindex: 0, role: "application",
      "aria-label": words.paper, "aria-describedby": "digit-help",
    });
    const marker = make("span", { class: "digit-pen", "aria-hidden": "true" });
    const seen = make("canvas", { class: "digit-seen", width: 28, height: 28, role: "img", "aria-label": words.seen });
    const answer = make("p", { class: "digit-answer" });
    const about = make("p", { class: "digit-about" });
    const bars = Array.from({ length: 10 }, (_, digit) => {
      const bar = make("span"), share = make("td");
      return { bar, share, row: make("tr", {}, make("th", { scope: "row" }, digit),
        make("td", { class: "digit-bar", "aria-hidden": "true" }, bar), share) };
    });
    const table = make("table", { class: "digit-bars" },
      make("thead", { class: "piece-voice" }, make("tr", {}, make("th", { scope: "col" }, words.digit),
        make("td"), make("th", { scope: "col" }, words.probability))),
      make("tbody", {}, ...bars.map(({ row }) => row)));
    const gallery = make("div", { class: "digit-samples", hidden: true });
    const more = make("button", { type: "button", "aria-expanded": "false", onclick: offerSamples }, words.samples);
    const prepared = make("input", { type: "checkbox", checked: true, onchange: () => changed() });
    element.prepend(
      make("div", { class: "digit-boxes" },
        make("div", { class: "digit-frame" }, paper, marker),
        make("div", { class: "digit-view" }, seen, make("span", {}, words.seen)),
        table),
      answer,
      make("p", { class: "digit-tools" }, make("button", { type: "button", onclick: clear }, words.clear), more,
        make("label", {}, prepared, ` ${words.prepare}`)),
      gallery,
      make("p", { class: "digit-help", id: "digit-help" }, words.help),
      about);

    // -- The paper: black ink on white, in both themes
    const ink = paper.getContext("2d", { willReadFrequently: true });
    ink.lineWidth = PEN;
    ink.lineCap = ink.lineJoin = "round";
    let sample = null; // the test image on the paper, as long as nobody draws on it
    let fetching = null, waiting = false;

    function clear() {
      ink.fillStyle = "#fff";
      ink.fillRect(0, 0, SIDE, SIDE);
      changed();
    }
    function stroke(from, to) {
      ink.strokeStyle = ink.fillStyle = "#000";
      ink.beginPath();
      ink.arc(...to, PEN / 2, 0, 2 * Math.PI);
      ink.fill();
      ink.beginPath();
      ink.moveTo(...from);
      ink.lineTo(...to);
      ink.stroke();
      changed();
    }
    function inkLevels() {
      const { data } = ink.getImageData(0, 0, SIDE, SIDE);
      const levels = new Uint8Array(SIDE * SIDE);
      for (let i = 0; i < levels.length; i++) levels[i] = 255 - data[4 * i];
      return levels;
    }

    const hand = new Map(); // each pointer on the paper, and where it was
    const placeOf = (event) => {
      const box = paper.getBoundingClientRect();
      return [(event.clientX - box.left) * (SIDE / box.width), (event.clientY - box.top) * (SIDE / box.height)];
    };
    paper.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      paper.setPointerCapture(event.pointerId);
      hand.set(event.pointerId, placeOf(event));
      stroke(placeOf(event), placeOf(event));
    });
    paper.addEventListener("pointermove", (event) => {
      if (!hand.has(event.pointerId)) return;
      for (const step of event.getCoalescedEvents?.() ?? [event]) {
        stroke(hand.get(event.pointerId), placeOf(step));
        hand.set(event.pointerId, placeOf(step));
      }
    });
    for (const end of ["pointerup", "pointercancel"])
      paper.addEventListener(end, (event) => hand.delete(event.pointerId));

    // -- The keyboard
    let pen = [SIDE / 2, SIDE / 4], down = false;
    const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    function showPen() {
      marker.style.left = `${(100 * pen[0]) / SIDE}%`;
      marker.style.top = `${(100 * pen[1]) / SIDE}%`;
      marker.classList.toggle("down", down);
    }
    paper.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (step) {
        const length = event.shiftKey ? 60 : 20;
        const to = pen.map((at, i) => Math.min(SIDE, Math.max(0, at + length * step[i])));
        if (down) stroke(pen, to);
        pen = to;
      } else if (event.key === " ") {
        down = !down;
        if (down) stroke(pen, pen);
        const [x, y] = pen.map((at) => Math.round((100 * at) / SIDE));
        say(fill(down ? words.down : words.up, { x, y }));
      } else if (event.key === "Delete" || event.key === "Backspace") {
        down = false;
        clear();
      } else return;
      event.preventDefault();
      showPen();
    });
    paper.addEventListener("blur", () => { down = false; showPen(); });

    // -- The network, fetched when it is first needed
    function wake() {
      if (network) return;
      fetching ??= pieces.load("digit-weights.js").then(showSamples, () => {
        fetching = null;
        answer.textContent = words.failed;
        say(words.failed);
      });
    }
    function showSamples() {
      about.textContent = fill(words.from, { checksum: network.sha256.slice(0, 12) });
      if (network.standIn) about.prepend(make("strong", {}, words.standIn), " ");
      gallery.append(...network.samples.map((one, n) => {
        const picture = make("canvas", { width: 28, height: 28 });
        paint(picture, one.pixels);
        return make("button", {
          type: "button", "aria-label": fill(words.sample, { n: n + 1, label: one.label }), onclick: () => take(one),
        }, picture);
      }));
      changed(false);
    }
    function offerSamples() {
      gallery.hidden = !gallery.hidden;
      more.setAttribute("aria-expanded", String(!gallery.hidden));
      wake();
      if (!network) look();
    }
    function take(one) {
      one.pixels.forEach((level, i) => {
        ink.fillStyle = `rgb(${255 - level} ${255 - level} ${255 - level})`;
        ink.fillRect((i % 28) * 20, Math.floor(i / 28) * 20, 20, 20);
      });
      changed();
      sample = one;
    }

    // -- Reading: once for all changes of a frame
    function changed(byHand = true) {
      if (byHand) sample = null;
      if (!waiting) requestAnimationFrame(look);
      waiting = true;
    }
    function look() {
      waiting = false;
      const levels = inkLevels();
      const { pixels, fault } = sample ? sample
        : prepared.checked ? prepare(levels, SIDE)
        : { pixels: resample(levels, SIDE, 0, 0, SIDE / 28, 28), fault: levels.some((level) => level) ? undefined : "empty" };
      paint(seen, pixels);
      const drawn = fault === undefined;
      if (drawn) wake();
      const p = drawn && network ? probabilities(pixels) : null;
      const order = bars.map((_, digit) => digit);
      if (p) order.sort((a, b) => p[b] - p[a]);
      bars.forEach(({ bar, share, row }, digit) => {
        bar.style.width = `${100 * (p ? p[digit] : 0)}%`;
        share.textContent = p ? percent(p[digit]) : "–";
        row.classList.toggle("first", p !== null && digit === order[0]);
      });
      if (p) {
        const [digit, next] = order;
        answer.textContent = fill(p[digit] < 0.6 ? words.unsure : words.sure,
          { digit, p: percent(p[digit]), next, q: percent(p[next]) });
        if (sample)
          answer.append(fill(digit === sample.label ? words.right : words.wrong, sample));
        say(answer.textContent);
      } else {
        answer.textContent = fetching && !network ? words.loading : words[fault];
        if (fault !== "empty") say(answer.textContent);
      }
    }
    function paint(canvas, pixels) {
      const image = new ImageData(28, 28);
      pixels.forEach((level, i) => image.data.set([255 - level, 255 - level, 255 - level, 255], 4 * i));
      canvas.getContext("2d").putImageData(image, 0, 0);
    }

    if (network) showSamples(); // fetched by another one on this page
    showPen();
    clear();
  };
  pieces.digit.words = WORDS;
  pieces.digit.prepare = prepare;
  pieces.digit.probabilities = probabilities;
}
