// Writes `.br` and `.gz` beside every built file that gets smaller by it, so that the server never
// compresses while it serves.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const root = new URL("../dist/", import.meta.url).pathname;
const texts = /\.(html|js|css|svg|json|txt)$/;

function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else if (texts.test(name)) yield path;
  }
}

for (const path of files(root)) {
  const raw = readFileSync(path);
  const best = {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: raw.length },
  };
  for (const [ending, packed] of [
    [".br", brotliCompressSync(raw, best)],
    [".gz", gzipSync(raw, { level: 9 })],
  ]) {
    if (packed.length < raw.length) writeFileSync(path + ending, packed);
  }
}
