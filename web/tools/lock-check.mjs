// The lock file names no registry, and every package that it means to install on another platform is in it.
import { readFileSync } from "node:fs";

const lock = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"));
const wrong = [];
for (const [path, entry] of Object.entries(lock.packages)) {
  if (entry.resolved && !entry.link) wrong.push(`${path}: names where it came from`);
  for (const name of Object.keys(entry.optionalDependencies ?? {})) {
    const nested = `${path}/node_modules/${name}`;
    if (!lock.packages[nested] && !lock.packages[`node_modules/${name}`])
      wrong.push(`${path}: ${name} is missing`);
  }
}
if (wrong.length > 0) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
