// How near a limit is, in the three colours of the page.
// Source of the bounds: the platform's usage page; the percentage is floored, so that 99.9 is not yet 100.

/** `none`: nothing to be near to. */
export type Level = "ok" | "warning" | "exceeded" | "none";

/** Per cent of a cap that is used, not rounded up; may pass 100. A cap of 0 is full once anything is used. */
export function percentOf(used: number, cap: number): number | null {
  if (cap < 0) return null;
  if (cap === 0) return used > 0 ? 100 : 0;
  return Math.floor((used / cap) * 1000) / 10;
}

/** The level of a percentage; null is unlimited. */
export function levelOf(percent: number | null): Level {
  if (percent === null) return "none";
  const whole = Math.floor(percent);
  if (whole >= 100) return "exceeded";
  return whole >= 80 ? "warning" : "ok";
}

const ORDER: readonly Level[] = ["none", "ok", "warning", "exceeded"];

/** The worst of several. */
export function worst(levels: readonly Level[]): Level {
  return levels.reduce<Level>(
    (most, level) => (ORDER.indexOf(level) > ORDER.indexOf(most) ? level : most),
    "none",
  );
}
