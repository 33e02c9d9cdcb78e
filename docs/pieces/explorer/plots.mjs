// The two plots, as SVG.
import { FUNCTIONS } from "./functions.mjs";

export const EDGE = 8; // where the slider and the plot end

/** Four digits; very small and very large ones as PyTorch prints them. @param {number} x */
export function short(x) {
  if (x === 0) return "0";
  const plain = Math.abs(x) >= 1e-4 && Math.abs(x) < 1e5;
  const text = plain ? String(Number(x.toPrecision(4))) : x.toExponential(2);
  return text.replace("-", "−");
}

export const MARGIN = 34; // left of a plot; its units are pixels, so that text keeps its size

/** Prepare a plot of `height` in which x runs over [left, right] and y over [low, high].
 * @param {SVGElement} svg @param {number} height @param {number[]} across
 * @param {number[]} up */
function frame(svg, height, [left, right], [low, high]) {
  const width = Math.max(200, svg.clientWidth);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const x = (/** @type {number} */ v) => MARGIN + ((v - left) / (right - left)) * (width - MARGIN - 8);
  const y = (/** @type {number} */ v) => height - 26 - ((v - low) / (high - low)) * (height - 34);
  const line = (/** @type {number[][]} */ points, /** @type {string} */ look) =>
    `<polyline class="${look}" points="${points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ")}"/>`;
  const text = (/** @type {number} */ a, /** @type {number} */ b, /** @type {string | number} */ words, /** @type {string} */ anchor) =>
    `<text x="${a.toFixed(1)}" y="${b.toFixed(1)}" text-anchor="${anchor}">${words}</text>`;
  return { x, y, line, text, width, height };
}

/** @param {SVGElement} svg @param {string} name @param {number} z */
export function drawCurve(svg, name, z) {
  const { value, slope } = FUNCTIONS[name];
  const flat = name === "sigmoid" || name === "tanh";
  const middle = Math.abs(z) > EDGE ? z : 0; // far out the plot follows z
  const zs = [middle - EDGE, middle + EDGE];
  const low = flat ? -1.4 : -1.6, high = flat ? 1.4 : 8.4;
  const up = !flat && middle !== 0 ? Math.max(0, value(z)) : 0;
  const f = frame(svg, 300, zs, [low + up, high + up]);
  const points = Array.from({ length: 321 }, (_, i) => zs[0] + i / 20);
  const tangent = zs.map((t) => [t, value(z) + slope(z) * (t - z)]);
  const ticks = (/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ step) => {
    const out = [];
    for (let t = Math.ceil(from / step) * step; t <= to; t += step) out.push(t);
    return out;
  };
  svg.innerHTML =
    `<clipPath id="explorer-window"><rect x="${MARGIN}" y="8" width="${f.width - MARGIN - 8}" height="${f.height - 34}"/></clipPath>` +
    ticks(zs[0], zs[1], 2).map((t) => f.line([[t, low + up], [t, high + up]], t ? "grid" : "axis") +
      f.text(f.x(t), f.height - 8, short(t), "middle")).join("") +
    ticks(low + up, high + up, flat ? 0.5 : 2).map((t) => f.line([[zs[0], t], [zs[1], t]], t ? "grid" : "axis") +
      f.text(MARGIN - 5, f.y(t) + 4, short(t), "end")).join("") +
    `<g clip-path="url(#explorer-window)">` +
    f.line(points.map((t) => [t, slope(t)]), "slope") +
    f.line(points.map((t) => [t, value(t)]), "value") +
    f.line(tangent, "tangent") +
    `<circle cx="${f.x(z)}" cy="${f.y(value(z))}" r="6"/></g>`;
}

/** @param {SVGElement} svg @param {number[]} sizes @param {string} axis */
export function drawLayers(svg, sizes, axis) {
  const depth = sizes.length;
  const powers = sizes.map((g) => (g === 0 ? -Infinity : Math.log10(Math.abs(g))));
  const finite = powers.filter(Number.isFinite);
  const low = Math.floor(Math.min(-3, ...finite)) - 1;
  const high = Math.ceil(Math.max(1, ...finite));
  const f = frame(svg, 190, [depth + 0.5, 0.5], [low, high]);
  const step = Math.max(1, Math.ceil((high - low) / 6));
  let lines = "";
  for (let p = low + 1; p <= high; p++)
    if (p % step === 0)
      lines += f.line([[depth + 0.5, p], [0.5, p]], p ? "grid" : "axis") +
        f.text(MARGIN - 5, f.y(p) + 4, `10<tspan dy="-5" font-size="9">${String(p).replace("-", "−")}</tspan>`, "end");
  svg.innerHTML = lines + powers.map((p, i) => {
    const x = f.x(i + 1), zero = !Number.isFinite(p);
    const bar = zero ? f.text(x, f.y(low) - 4, "0", "middle")
      : `<path class="bar" d="M${x},${f.y(0)}V${f.y(p)}"/><circle cx="${x}" cy="${f.y(p)}" r="4"/>`;
    return bar + f.text(x, f.height - 8, i + 1, "middle");
  }).join("") + f.text(MARGIN - 5, f.height - 8, axis, "end");
}
