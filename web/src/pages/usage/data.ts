// What the usage page asks for, and when it asks again.
//
// Every figure of the page is the API's own total. A live event only says that something is new; the
// page then asks again, at most twice a second, so that figures of different calls agree.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect } from "react";
import { api, read } from "../../api/client";
import type { EntryRow, Limits, Refusal } from "../../api/shapes";
import { goLive, type Heard, onHeard } from "../../app/live";
import { text } from "../../text";
import { toast } from "../../ui/toasts";
import { inOrder } from "./standing";

/** Whose page it is: null is the reader's own, else that of a user whom an operator looks at. */
export const Subject = createContext<string | null>(null);

export type Days = 7 | 30 | 90;

const AGAIN_MS = 500;

/** Parameters that name the user, if it is another's page. */
function named(user: string | null) {
  return user === null ? {} : { headers: { "NovaCore-User": user } };
}

function usageKey(user: string | null, ...rest: unknown[]) {
  return ["usage", user, ...rest] as const;
}

const ordered = (limits: Limits): Limits => ({ ...limits, resources: inOrder(limits.resources) });

export function useLimits() {
  const user = useContext(Subject);
  return useQuery({
    queryKey: usageKey(user, "limits"),
    queryFn: () => read(api.GET("/api/usage/limits", named(user))),
    select: ordered,
    // What time alone changes: windows end, overrides run out.
    refetchInterval: 60_000,
  });
}

export function useHistory(days: Days) {
  const user = useContext(Subject);
  return useQuery({
    queryKey: usageKey(user, "history", days),
    queryFn: () => read(api.GET("/api/usage/history", { params: { query: { days } }, ...named(user) })),
    placeholderData: (before) => before,
  });
}

export function useStats(days: Days, isWanted = true) {
  const user = useContext(Subject);
  return useQuery({
    queryKey: usageKey(user, "stats", days),
    queryFn: () => read(api.GET("/api/usage/stats", { params: { query: { days } }, ...named(user) })),
    placeholderData: (before) => before,
    enabled: isWanted,
  });
}

export function useModels(days: Days, resourceType: string) {
  const user = useContext(Subject);
  return useQuery({
    queryKey: usageKey(user, "models", days, resourceType),
    queryFn: () =>
      read(api.GET("/api/usage/models", { params: { query: { days, resourceType } }, ...named(user) })),
    placeholderData: (before) => before,
  });
}

export interface EntryFilter {
  resourceType: string;
  kind: string;
}

export function useEntries(filter: EntryFilter, limit: number) {
  const user = useContext(Subject);
  const query = {
    limit,
    ...(filter.resourceType === "" ? {} : { resourceType: filter.resourceType }),
    ...(filter.kind === "" ? {} : { kind: filter.kind }),
  };
  return useQuery({
    queryKey: usageKey(user, "entries", query),
    queryFn: () => read(api.GET("/api/usage/entries", { params: { query }, ...named(user) })),
    placeholderData: (before) => before,
  });
}

export function useRefusals() {
  const user = useContext(Subject);
  return useQuery({
    queryKey: usageKey(user, "refusals"),
    queryFn: () => read(api.GET("/api/usage/refusals", { params: { query: { limit: 20 } }, ...named(user) })),
  });
}

function tell(heard: Heard, isOwn: boolean): void {
  if (!isOwn) return;
  if (heard.name === "refusal") {
    const refusal = heard.data as Refusal;
    toast(text.usage.refusals.justNow(text.common.resource(refusal.resourceType)));
  }
  if (heard.name === "threshold") {
    const { resourceType, threshold } = heard.data as EntryRow;
    if (threshold)
      toast(text.usage.warning.item(text.common.resource(resourceType), `${threshold.percent} %`));
  }
  if (heard.name === "account") {
    const { tier } = heard.data as { tier?: string };
    if (tier) toast(text.usage.tierChanged(text.common.tier(tier)));
  }
}

/** Keeps the page's figures new while it is shown. `account` is whose they are. */
export function useLiveUsage(account: string): void {
  const user = useContext(Subject);
  const client = useQueryClient();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    let last = 0;
    const again = () => {
      timer = null;
      last = Date.now();
      void client.invalidateQueries({ queryKey: ["usage", user] });
    };
    const stopHearing = onHeard((heard) => {
      tell(heard, user === null);
      // The first of many at once, then once for all that came meanwhile.
      timer ??= setTimeout(again, Math.max(0, last + AGAIN_MS - Date.now()));
    });
    const stopLive = goLive(account, user);
    return () => {
      stopHearing();
      stopLive();
      if (timer !== null) clearTimeout(timer);
    };
  }, [account, client, user]);
}
