// Writes src/schema.d.ts from an OpenAPI document.
//
//   node scripts/generate.mjs openapi.json            writes it
//   node scripts/generate.mjs --check openapi.json    fails if it is not what would be written

import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const target = new URL("../src/schema.d.ts", import.meta.url);
const head = `// Made by scripts/generate.mjs from the server's OpenAPI document; do not edit.

`;

const args = process.argv.slice(2);
const check = args[0] === "--check";
const file = args[check ? 1 : 0];
if (file === undefined) {
  console.error("usage: node scripts/generate.mjs [--check] <openapi.json>");
  process.exit(2);
}

const document = JSON.parse(await readFile(file, "utf8"));
const made =
  head + astToString(await openapiTS(document, { alphabetize: true, defaultNonNullable: false }));
if (!check) {
  await writeFile(target, made);
} else if ((await readFile(target, "utf8")) !== made) {
  console.error("src/schema.d.ts is not what the document says: run `make client-types`");
  process.exit(1);
}
