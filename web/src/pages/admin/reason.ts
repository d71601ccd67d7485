// Why something is done: every write asks for it.

export interface Reasoned {
  reason: string;
}

/** As the API has it. */
export const REASON_CHARS_MAX = 500;

export function reasonFault(reason: string): "reason" | "reasonLong" | null {
  const chars = [...reason.trim()].length;
  if (chars === 0) return "reason";
  return chars > REASON_CHARS_MAX ? "reasonLong" : null;
}
