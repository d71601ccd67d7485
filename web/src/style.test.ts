// What axe does not check: that bars and edges can be told from what they lie on, in both themes.
// Source of the formulas: WCAG 2.2, relative luminance and contrast ratio.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync(new URL("./style.css", import.meta.url), "utf8");

function tokens(selector: string): Record<string, string> {
  const block = css.slice(css.indexOf(`${selector} {`));
  const inside = block.slice(0, block.indexOf("}"));
  return Object.fromEntries(
    [...inside.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map((found) => [found[1], found[2]]),
  );
}

function luminance(colour: string): number {
  const parts = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const [red = 0, green = 0, blue = 0] = parts;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((left, right) => left - right);
  return (high + 0.05) / (low + 0.05);
}

const light = tokens(":root");
const themes = { light, dark: { ...light, ...tokens(':root[data-theme="dark"]') } };

const TEXTS = [
  ["ink", "page"],
  ["ink", "card"],
  ["ink", "sunk"],
  ["soft", "page"],
  ["soft", "card"],
  ["soft", "sunk"],
  ["ink", "accent-soft"],
  ["on-accent", "accent"],
  ["on-accent", "accent-strong"],
  ["accent", "page"],
  ["ink", "ok-soft"],
  ["warning-ink", "warning-soft"],
  ["ink", "warning-soft"],
  ["exceeded-ink", "exceeded-soft"],
  ["ink", "exceeded-soft"],
  ["exceeded-ink", "card"],
  ["warning-ink", "page"],
  ["soft", "exceeded-soft"],
] as const;
// The warning bar has an edge, since no yellow stands out from white.
const SHAPES = [
  ["ok", "card"],
  ["ok", "track"],
  ["warning-edge", "card"],
  ["warning-edge", "track"],
  ["exceeded", "card"],
  ["exceeded", "track"],
  ["edge", "card"],
  ["edge", "page"],
  ["accent", "page"],
  ["chart-1", "card"],
  ["chart-2", "card"],
  ["chart-3", "card"],
  ["chart-4", "card"],
  ["chart-5", "card"],
] as const;

for (const [name, theme] of Object.entries(themes)) {
  test.each(TEXTS)(`${name}: text %s on %s has 4.5:1`, (text, ground) => {
    expect(contrast(theme[text] ?? "", theme[ground] ?? "")).toBeGreaterThanOrEqual(4.5);
  });
  test.each(SHAPES)(`${name}: shape %s on %s has 3:1`, (shape, ground) => {
    expect(contrast(theme[shape] ?? "", theme[ground] ?? "")).toBeGreaterThanOrEqual(3);
  });
}
