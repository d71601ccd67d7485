// The lock file names no registry, and has every package that another platform would need: what a
// registry did not serve when it was written makes `npm ci` fail later.

import { readFile } from "node:fs/promises";

const lock = JSON.parse(await readFile(new URL("../package-lock.json", import.meta.url), "utf8"));
const wrong = [];
for (const [path, entry] of Object.entries(lock.packages)) {
  if (entry.resolved !== undefined) wrong.push(`${path}: names where it comes from`);
  for (const name of Object.keys(entry.optionalDependencies ?? {})) {
    const places = [`${path}/node_modules/${name}`, `node_modules/${name}`];
    if (!places.some((place) => place in lock.packages)) wrong.push(`${path}: no ${name}`);
  }
}
for (const line of wrong) console.error(line);
process.exit(wrong.length === 0 ? 0 : 1);
