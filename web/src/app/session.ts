// Who is signed in, in this browser.
//
// The access token lives in memory alone; the refresh token is a cookie that no script can read. Any
// number of calls that find the token old wait for one refresh.
import type { SignedIn } from "../api/shapes";
import { asProblem, ProblemError, problemOf } from "./problem";

/** Who is signed in, by what the access token says. The server judges by its own books, whatever it says here. */
export interface Me {
  id: string;
  email: string | null;
  role: string;
}

/** `starting`: it is not known yet whether there is a session. `ended`: there was one, and it is over. */
export type SessionState =
  | { is: "starting" }
  | { is: "signed-out" }
  | { is: "ended" }
  | { is: "unreachable"; problem: ProblemError }
  | { is: "signed-in"; me: Me };

declare global {
  interface Window {
    /** The answer that `boot.js` has asked for. */
    novacoreRefreshed?: Promise<{ status: number; body: { accessToken?: string } | null }>;
    /** Answers that `boot.js` has asked for with that session, by path; each is taken once. */
    novacoreEarly?: Record<string, Promise<Response | null>>;
  }
}

const HINT = "novacore.signed-in";
/** A token that ends sooner than this is renewed before a call. */
const SPARE_MS = 30_000;

let state: SessionState = { is: "starting" };
let token: { text: string; endsAt: number } | null = null;
let renewing: Promise<string | null> | null = null;
const listeners = new Set<() => void>();
/** Tells the other tabs that the session began or ended. */
const tabs = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("novacore-session");

function set(next: SessionState): void {
  state = next;
  for (const listener of listeners) listener();
}

function hint(isSignedIn: boolean): void {
  try {
    if (isSignedIn) localStorage.setItem(HINT, "1");
    else localStorage.removeItem(HINT);
  } catch {
    // Without storage a reload signs out, nothing worse.
  }
}

function hinted(): boolean {
  try {
    return localStorage.getItem(HINT) !== null;
  } catch {
    return false;
  }
}

interface Claims {
  sub: string;
  email?: string | null;
  role: string;
  exp: number;
}

/** What a JWT says; its signature is the server's business. */
function claimsOf(jwt: string): Claims {
  const body = (jwt.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(body), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as Claims;
}

function hold(jwt: string): string {
  const claims = claimsOf(jwt);
  token = { text: jwt, endsAt: claims.exp * 1000 };
  hint(true);
  const me = { id: claims.sub, email: claims.email ?? null, role: claims.role };
  const isSame = state.is === "signed-in" && JSON.stringify(state.me) === JSON.stringify(me);
  if (!isSame) set({ is: "signed-in", me });
  return jwt;
}

function end(how: "signed-out" | "ended"): null {
  token = null;
  delete window.novacoreEarly;
  hint(false);
  set({ is: how });
  return null;
}

async function post(path: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = { "NovaCore-Session": "cookie" };
  if (body !== undefined) headers["content-type"] = "application/json";
  const init: RequestInit = { method: "POST", headers, credentials: "same-origin" };
  if (body !== undefined) init.body = JSON.stringify(body);
  try {
    return await fetch(path, init);
  } catch {
    throw new ProblemError(0, null, null);
  }
}

/** Asks for a new token; null when the session is over. Throws what is not about the session. */
function renew(): Promise<string | null> {
  renewing ??= (async () => {
    const early = window.novacoreRefreshed;
    delete window.novacoreRefreshed;
    const said = await early;
    if (said?.status === 200 && said.body?.accessToken) return hold(said.body.accessToken);
    if (said?.status === 401) return end("ended");
    const answer = await post("/api/auth/refresh");
    if (answer.ok) return hold(((await answer.json()) as { accessToken: string }).accessToken);
    if (answer.status === 401 || answer.status === 403) return end("ended");
    throw await problemOf(answer);
  })().finally(() => {
    renewing = null;
  });
  return renewing;
}

/** A token that is good for a call now; null when nobody is signed in. */
export async function accessToken(): Promise<string | null> {
  if (token && token.endsAt - Date.now() > SPARE_MS) return token.text;
  if (state.is === "signed-out" || state.is === "ended") return null;
  return renew();
}

/** The server did not take this token: the next call asks for another one. */
export function refuseToken(text: string): void {
  if (token?.text === text) token = null;
}

/** Finds out whether this browser has a session. */
export async function start(): Promise<void> {
  if (!hinted()) {
    set({ is: "signed-out" });
    return;
  }
  set({ is: "starting" });
  await renew().catch((thrown: unknown) => set({ is: "unreachable", problem: asProblem(thrown) }));
}

async function enter(path: string, email: string, password: string): Promise<void> {
  const answer = await post(path, { email, password });
  if (!answer.ok) throw await problemOf(answer);
  delete window.novacoreEarly;
  hold(((await answer.json()) as SignedIn).accessToken);
  tabs?.postMessage("began");
}

export const signIn = (email: string, password: string) => enter("/api/auth/login", email, password);
export const register = (email: string, password: string) => enter("/api/auth/register", email, password);

/** Ends this session, in all tabs. */
export async function signOut(): Promise<void> {
  await post("/api/auth/logout").catch(() => null);
  forget();
}

/** Asks whether the session still is; a session that is over ends here too. */
export async function check(): Promise<void> {
  await renew().catch(() => null);
}

/** Forgets a session that the server has ended. */
export function forget(): void {
  end("signed-out");
  tabs?.postMessage("ended");
}

export const session = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  get: (): SessionState => state,
};

tabs?.addEventListener("message", (message: MessageEvent<unknown>) => {
  if (message.data === "ended" && state.is === "signed-in") end("signed-out");
  if (message.data === "began" && state.is !== "signed-in") void start();
});
