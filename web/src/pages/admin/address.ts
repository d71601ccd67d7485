// Several parameters of the address at once; `useUrlState` is for one.
import { useLocation, useSearch } from "wouter";

/** The search part with changes; what becomes empty is left out. */
export function searchWith(search: string, changes: Readonly<Record<string, string>>): string {
  const params = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === "") params.delete(name);
    else params.set(name, value);
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

export interface Address {
  get: (name: string) => string;
  /** Where a link leads that changes these; the way back leads here. */
  href: (changes: Readonly<Record<string, string>>) => string;
  /** Changes these in place. */
  set: (changes: Readonly<Record<string, string>>) => void;
}

export function useAddress(): Address {
  const search = useSearch();
  const [path, navigate] = useLocation();
  return {
    get: (name) => new URLSearchParams(search).get(name) ?? "",
    href: (changes) => path + searchWith(search, changes),
    set: (changes) => navigate(path + searchWith(window.location.search, changes), { replace: true }),
  };
}
