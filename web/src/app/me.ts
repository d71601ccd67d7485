import { useSyncExternalStore } from "react";
import { type Me, session } from "./session";

/** Who is signed in; null before that is known, and when nobody is. */
export function useMe(): Me | null {
  const state = useSyncExternalStore(session.subscribe, session.get);
  return state.is === "signed-in" ? state.me : null;
}
