// Which tab leads where a browser has no locks, as on plain HTTP: a lease in storage that its holder renews.
//
// Two tabs may hold it for a moment, for what storage says is not seen by all at once; both then do what one
// would do, which costs a connection and nothing else.

const LEASE_MS = 5_000;
const RENEW_MS = 1_500;
const CONFIRM_MS = 200;

interface Held {
  id: string;
  until: number;
}

function read(name: string): Held | null {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null") as Held | null;
  } catch {
    return null;
  }
}

/** Calls `lead` while this tab holds the lease; its signal says when that is over. */
export function lease(name: string, stop: AbortSignal, lead: (until: AbortSignal) => void): void {
  const id = `${Date.now()}.${Math.random()}`;
  let leading: AbortController | null = null;
  const look = () => {
    const held = read(name);
    if (held && held.id !== id && held.until > Date.now()) {
      leading?.abort();
      leading = null;
      return;
    }
    localStorage.setItem(name, JSON.stringify({ id, until: Date.now() + LEASE_MS }));
    // Who wrote last has it: a tab leads once it has read its own lease back.
    if (held?.id === id && !leading) {
      leading = new AbortController();
      lead(AbortSignal.any([stop, leading.signal]));
    }
  };
  try {
    look();
  } catch {
    // Storage is shut: every tab leads for itself.
    lead(stop);
    return;
  }
  const first = setTimeout(look, CONFIRM_MS);
  const timer = setInterval(look, RENEW_MS);
  const release = () => {
    if (read(name)?.id === id) localStorage.removeItem(name);
  };
  // A tab that is closed does not keep the others waiting.
  window.addEventListener("pagehide", release);
  stop.addEventListener("abort", () => {
    clearTimeout(first);
    clearInterval(timer);
    window.removeEventListener("pagehide", release);
    release();
  });
}
