// What a page looks like, coarsely: the luminance of 16 by 16 fields of a
// screenshot, from 0 to 15, as a text that can be kept and compared. It tells
// that a band is gone or a column slipped, and not which font a machine has.
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const file = join(dirname(dirname(fileURLToPath(import.meta.url))), 'looks.json');
const side = 16;

// grid reduces a PNG in the browser itself, on a page of its own.
export async function grid(page, png) {
  return page.evaluate(async ([base64, n]) => {
    const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
    const canvas = new OffscreenCanvas(n, n);
    const context = canvas.getContext('2d');
    context.imageSmoothingQuality = 'high';
    context.drawImage(picture, 0, 0, n, n);
    const {data} = context.getImageData(0, 0, n, n);
    return Array.from({length: n * n}, (_, i) => {
      const [r, g, b] = data.slice(4 * i, 4 * i + 3);
      return Math.round((0.2126 * r + 0.7152 * g + 0.0722 * b) / 17).toString(16);
    }).join('');
  }, [png.toString('base64'), side]);
}

// distance is the mean difference of two grids, in steps of 15.
export function distance(a, b) {
  let sum = 0;
  for(let i = 0; i < a.length; i++) {
    sum += Math.abs(parseInt(a[i], 16) - parseInt(b[i], 16));
  }
  return sum / a.length;
}

export const kept = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};

// keep writes what was seen, for who has looked at the pictures and likes them.
export const keep = seen => writeFileSync(file, `${JSON.stringify(Object.fromEntries(Object.entries(seen).sort()), null, 1)}\n`);
