// What the operator's pages ask for, and what they write.
//
// Every write is followed by asking again for all that the pages show: what changed one figure may have
// changed others, and the audit log has a new entry.
import { type QueryKey, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api, read } from "../../api/client";
import type { Decisions, Overview } from "../../api/shapes";
import { asProblem } from "../../app/problem";
import { toast } from "../../ui/toasts";
import { useLimits } from "../usage/data";
import { inOrder } from "../usage/standing";
import type { Resource } from "./tierForm";

const MINUTE_MS = 60_000;
export const PAGE_ROWS = 50;

export const keys = {
  user: (id: string): QueryKey => ["admin", "user", id],
  overrides: (id: string): QueryKey => ["admin", "overrides", id],
};

/** What is set, without what is empty. */
function given<Query extends Record<string, string>>(query: Query): Partial<Query> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== "")) as Partial<Query>;
}

/** All resources, since anyone's limits name each of them, limited or not; null before they are known. */
export function useResources(): readonly Resource[] | null {
  const limits = useLimits();
  // Figures without their units are better than none.
  if (limits.isError && !limits.data) return [];
  return (
    limits.data?.resources.map((one) => ({
      name: one.resourceType,
      unit: one.unit,
      isLevel: one.isLevel,
    })) ?? null
  );
}

export const unitIn = (resources: readonly Resource[], name: string) =>
  resources.find((one) => one.name === name)?.unit ?? "";

export function useOverview(days: number) {
  return useQuery({
    queryKey: ["admin", "overview", days],
    queryFn: () => read(api.GET("/api/admin/usage", { params: { query: { days, top: 5 } } })),
    select: (overview: Overview) => ({ ...overview, resources: inOrder(overview.resources) }),
    placeholderData: (before) => before,
    refetchInterval: MINUTE_MS,
  });
}

export function useSeries(resourceType: string, days: number) {
  return useQuery({
    queryKey: ["admin", "series", resourceType, days],
    queryFn: () => read(api.GET("/api/admin/usage/series", { params: { query: { resourceType, days } } })),
    placeholderData: (before) => before,
    refetchInterval: MINUTE_MS,
  });
}

export function useDecisions(everyMs: number) {
  return useQuery({
    queryKey: ["admin", "decisions"],
    queryFn: () => read(api.GET("/api/admin/decisions", { params: { query: { limit: 20 } } })),
    select: (node: Decisions) => ({ ...node, decisions: inOrder(node.decisions) }),
    refetchInterval: everyMs,
  });
}

export function useUsers(ask: { search: string; tier: string; cursor: string }) {
  const query = { limit: PAGE_ROWS, ...given(ask) };
  return useQuery({
    queryKey: ["admin", "users", query],
    queryFn: () => read(api.GET("/api/admin/users", { params: { query } })),
    placeholderData: (before) => before,
  });
}

export function useUser(id: string) {
  return useQuery({
    queryKey: keys.user(id),
    queryFn: () => read(api.GET("/api/admin/users/{id}", { params: { path: { id } } })),
  });
}

export function useOverrides(id: string) {
  return useQuery({
    queryKey: keys.overrides(id),
    queryFn: () => read(api.GET("/api/admin/users/{id}/overrides", { params: { path: { id } } })),
  });
}

export function useTiers() {
  return useQuery({
    queryKey: ["admin", "tiers"],
    queryFn: () => read(api.GET("/api/admin/tiers")),
  });
}

export function useAudit(ask: { target: string; cursor: string }, limit = PAGE_ROWS) {
  const query = { limit, ...given(ask) };
  return useQuery({
    queryKey: ["admin", "audit", query],
    queryFn: () => read(api.GET("/api/admin/audit", { params: { query } })),
    placeholderData: (before) => before,
  });
}

export function useHealth(everyMs: number) {
  return useQuery({
    queryKey: ["admin", "health"],
    queryFn: () => read(api.GET("/health")),
    refetchInterval: everyMs,
  });
}

export function useStatus(everyMs: number) {
  return useQuery({
    queryKey: ["admin", "status"],
    queryFn: () => read(api.GET("/api/status")),
    refetchInterval: everyMs,
  });
}

export function useEmbeddings(everyMs: number) {
  return useQuery({
    queryKey: ["admin", "embeddings"],
    queryFn: () => read(api.GET("/api/admin/memory/embeddings")),
    refetchInterval: everyMs,
  });
}

interface Write<Input, Output> {
  send: (input: Input) => Promise<Output>;
  /** What the page shows until the answer comes; taken back if it is an error. */
  guess?: (input: Input) => { key: QueryKey; change: (before: unknown) => unknown };
  /** What is said when it is done. */
  said: (output: Output) => string;
  onDone: (output: Output) => void;
}

/** Whether the component that asks is still there. */
function useIsShown() {
  const isShown = useRef(true);
  useEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
    };
  }, []);
  return isShown;
}

/** A change that an operator makes: shown at once, taken back with the message if it is refused. */
export function useWrite<Input, Output>({ send, guess, said, onDone }: Write<Input, Output>) {
  const client = useQueryClient();
  const isShown = useIsShown();
  return useMutation({
    // Without a network it fails at once: nobody wants a change that happens minutes later.
    networkMode: "always",
    mutationFn: send,
    onMutate: async (input) => {
      const guessed = guess?.(input);
      if (!guessed) return null;
      await client.cancelQueries({ queryKey: guessed.key });
      const before = client.getQueryData(guessed.key);
      if (before !== undefined) client.setQueryData(guessed.key, guessed.change);
      return { key: guessed.key, before };
    },
    onError: (thrown, _input, kept) => {
      if (kept && kept.before !== undefined) client.setQueryData(kept.key, kept.before);
      // Else the form says it.
      if (!isShown.current) toast(asProblem(thrown).message);
    },
    onSuccess: (output) => {
      toast(said(output));
      onDone(output);
    },
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["admin"] }),
        client.invalidateQueries({ queryKey: ["usage"] }),
      ]),
  });
}
