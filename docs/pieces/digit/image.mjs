// From a drawing to the 784 numbers of an image of MNIST.

// Prepare ink (side × side levels from 0 to 255) as the digits of MNIST were: the box
// around it is scaled into 20 × 20, with the shades that this makes, and put into
// 28 × 28 so that its center of mass lies in the middle.
/** @param {Uint8Array} ink @param {number} side
 * @returns {{ pixels: Uint8Array, fault?: string }} */
export function prepare(ink, side) {
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
/** @param {Uint8Array} ink @param {number} side */
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
/** @param {Uint8Array} ink @param {number} side @param {number} left @param {number} top
 * @param {number} size @param {number} n */
export function resample(ink, side, left, top, size, n) {
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
