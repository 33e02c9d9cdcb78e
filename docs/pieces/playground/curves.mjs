// The curves of the losses.
import { fitted } from "./drawing.mjs";

/**
 * Draw loss curves: training solid, test dashed.
 * @param {HTMLCanvasElement} canvas
 * @param {{ values: Float64Array, step: number, loss: number, testLoss: number, color: string }[]} runs
 * @param {string[]} names Of the training and the test line.
 */
export function drawCurves(canvas, runs, names) {
  const { context, width, height, scale } = fitted(canvas);
  const style = getComputedStyle(canvas);
  const left = 34 * scale, bottom = height - 20 * scale, top = 8 * scale;
  const last = Math.max(1, ...runs.map(({ step }) => step));
  let most = 1e-9;
  const lines = runs.flatMap(({ values, step, loss, testLoss, color }) =>
    [1, 2].map((column) => {
      const line = [];
      for (let i = 0; i < values.length; i += 3)
        if (values[i] < step) line.push([values[i], values[i + column]]);
      line.push([step, column === 1 ? loss : testLoss]);
      const shown = line.filter(([, value]) => Number.isFinite(value));
      for (const [, value] of shown) most = Math.max(most, value);
      return { shown, color, dashed: column === 2 };
    }),
  );
  context.font = `${12 * scale}px ${style.fontFamily}`;
  context.fillStyle = context.strokeStyle = style.color;
  context.lineWidth = scale;
  context.globalAlpha = 0.75;
  context.textAlign = "right";
  context.fillText(most > 1e-9 ? most.toPrecision(2) : "", left - 4 * scale, top + 10 * scale);
  context.fillText("0", left - 4 * scale, bottom);
  context.fillText(String(Math.max(...runs.map(({ step }) => step))), width - 2 * scale, height - 5 * scale);
  const hasTest = lines.some(({ dashed, shown }) => dashed && shown.length);
  context.textAlign = "left";
  context.fillText(`loss: — ${names[0]}${hasTest ? `   - - ${names[1]}` : ""}`, left + 4 * scale, height - 5 * scale);
  context.beginPath();
  context.moveTo(left, top);
  context.lineTo(left, bottom);
  context.lineTo(width, bottom);
  context.stroke();
  context.globalAlpha = 1;
  context.lineWidth = 1.6 * scale;
  for (const { shown, color, dashed } of lines) {
    context.strokeStyle = color || style.color;
    context.setLineDash(dashed ? [5 * scale, 3 * scale] : []);
    context.beginPath();
    for (const [at, value] of shown)
      context.lineTo(
        left + (at / last) * (width - left - 2 * scale),
        bottom - (value / most) * (bottom - top),
      );
    context.stroke();
  }
  context.setLineDash([]);
}
