// Short notes at the page's edge: what was done, what has just happened. Read out politely, gone by themselves.
import { useEffect, useSyncExternalStore } from "react";
import { text } from "../text";
import { Button } from "./Button";

interface Toast {
  id: number;
  message: string;
}

const STAYS_MS = 6_000;
const MOST = 3;

let toasts: readonly Toast[] = [];
let count = 0;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/** Shows a note. */
export function toast(message: string): void {
  count += 1;
  set([...toasts.filter((one) => one.message !== message), { id: count, message }].slice(-MOST));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function One({ one }: { one: Toast }) {
  const drop = () => set(toasts.filter((other) => other.id !== one.id));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the time of a note runs once.
  useEffect(() => {
    const timer = setTimeout(drop, STAYS_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="flex items-center gap-3 rounded-lg border border-edge bg-card py-2 pr-2 pl-4 shadow-card">
      <p className="min-w-0 flex-1 text-sm">{one.message}</p>
      <Button kind="quiet" small icon="close" aria-label={text.common.close} onClick={drop} />
    </div>
  );
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div
      role="status"
      className="no-print fixed inset-x-4 bottom-4 z-20 ml-auto flex max-w-sm flex-col gap-2"
    >
      {shown.map((one) => (
        <One key={one.id} one={one} />
      ))}
    </div>
  );
}
