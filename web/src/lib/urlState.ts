// State that lives in the address, so that it survives a reload, the back button and being sent to someone.
import { useCallback } from "react";
import { useLocation, useSearch } from "wouter";

/** A parameter and how to change it; the default is left out of the address, what is not allowed counts as it. */
export function useUrlState<Value extends string>(
  name: string,
  allowed: readonly Value[] | null,
  fallback: Value,
): [Value, (next: Value) => void] {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const found = new URLSearchParams(search).get(name);
  const value =
    found !== null && (allowed === null || allowed.includes(found as Value)) ? (found as Value) : fallback;
  const change = useCallback(
    (next: Value) => {
      // What is in the address now, not at the last render: two changes may come at once.
      const params = new URLSearchParams(window.location.search);
      if (next === fallback) params.delete(name);
      else params.set(name, next);
      const text = params.toString();
      navigate(text === "" ? path : `${path}?${text}`, { replace: true });
    },
    [fallback, name, navigate, path],
  );
  return [value, change];
}
