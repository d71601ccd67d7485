import type { DayAmount } from "../../charts/DayChart";

/** One resource's amounts out of the history (newest first), ascending; days without are zero. */
export function daysOf(history: readonly Record<string, unknown>[], resource: string): DayAmount[] {
  return [...history].reverse().map((row) => ({
    date: String(row.date),
    amount: typeof row[resource] === "number" ? row[resource] : 0,
  }));
}
