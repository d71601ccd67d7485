// Amounts as an operator types them.
// Invariant: what is read is exact, or not read at all; 1024-based for bytes, as the API writes them.

const BYTES: Record<string, number> = { "": 0, b: 0, kb: 1, mb: 2, gb: 3, tb: 4, pb: 5 };
const TENS: Record<string, number> = { "": 1, k: 1_000, m: 1_000_000, bn: 1_000_000_000 };

function factorOf(suffix: string, isBytes: boolean): number | null {
  if (!isBytes) return TENS[suffix] ?? null;
  const power = BYTES[suffix.replace("ib", "b")];
  return power === undefined ? null : 1024 ** power;
}

/** `25000`, `25,000`, `25k`, and for bytes `1.5 GB`; null for what is none, or more than the API takes. */
export function amountOf(typed: string, unit: string): number | null {
  const found = /^(\d{1,3}(?:[, _]\d{3})+|\d+)(\.\d+)?\s*([a-z]*)$/i.exec(typed.trim());
  if (!found) return null;
  const [, whole = "", fraction = "", suffix = ""] = found;
  const isBytes = unit === "bytes";
  const factor = factorOf(suffix.toLowerCase(), isBytes);
  // Half a token is none, and 1.000 may mean a thousand to who writes it.
  if (factor === null || (fraction !== "" && factor === 1)) return null;
  const value = Math.round(Number(whole.replaceAll(/[, _]/g, "") + fraction) * factor);
  return Number.isSafeInteger(value) ? value : null;
}

/** An amount as it is put into a field: short where that is exact. */
export function typedAmount(value: number, unit: string): string {
  if (unit !== "bytes" || value === 0) return String(value);
  const names = ["PB", "TB", "GB", "MB", "KB"];
  for (const [index, name] of names.entries()) {
    const size = 1024 ** (names.length - index);
    if (value % size === 0) return `${value / size} ${name}`;
  }
  return String(value);
}

/** `80, 100` in ascending order; empty for none; null for what are no per cents. */
export function percentsOf(typed: string): number[] | null {
  const parts = typed
    .split(/[,;\s%]+/)
    .filter((part) => part !== "")
    .map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 0));
  if (parts.some((percent) => percent < 1 || percent > 100)) return null;
  return [...new Set(parts)].sort((left, right) => left - right);
}
