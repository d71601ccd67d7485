// Order of a table's rows.

export type Direction = "asc" | "desc";

/** A copy in the order of `key`; equal rows keep their order, null comes last in both directions. */
export function sorted<Row>(
  rows: readonly Row[],
  key: (row: Row) => string | number | null,
  direction: Direction,
): Row[] {
  const sign = direction === "asc" ? 1 : -1;
  return [...rows].sort((left, right) => {
    const [one, other] = [key(left), key(right)];
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    if (typeof one === "number" && typeof other === "number") return sign * (one - other);
    return sign * String(one).localeCompare(String(other));
  });
}
