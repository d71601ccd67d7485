// Days of the reports: UTC, as `2026-11-30`.

const DAY_MS = 86_400_000;

export function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

/** The `days` days that end with `last`, ascending. */
export function daysUpTo(last: string, days: number): string[] {
  const end = Date.parse(`${last}T00:00:00Z`);
  return Array.from({ length: days }, (_, index) => dayOf(new Date(end - (days - 1 - index) * DAY_MS)));
}
