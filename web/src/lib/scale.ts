// A linear scale from 0 with round ticks.
// Source of the step rule: Heckbert, "Nice numbers for graph labels", Graphics Gems (1990).

export interface Scale {
  /** The top of the axis: the last tick. */
  top: number;
  ticks: number[];
}

function niceStep(raw: number, base: number): number {
  const power = base ** Math.floor(Math.log(raw) / Math.log(base));
  const share = raw / power;
  const steps = base === 10 ? [1, 2, 5, 10] : [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
  return (steps.find((step) => share <= step + 1e-9) ?? base) * power;
}

/** An axis that reaches `most`, with about `count` ticks, in steps of bytes (1024) or of tens. */
export function scale(most: number, isBytes: boolean, count = 4): Scale {
  if (!(most > 0)) return { top: 1, ticks: [0, 1] };
  // Amounts are integers: half a token is no tick.
  const step = Math.max(1, niceStep(most / count, isBytes ? 1024 : 10));
  const last = Math.max(1, Math.ceil(most / step - 1e-9));
  return { top: last * step, ticks: Array.from({ length: last + 1 }, (_, index) => index * step) };
}
