// A part of a page that asks for its own data: while it waits, when it fails, and when it is old.
import type { ReactNode } from "react";
import { useEffect, useState } from "react";
import { ProblemError } from "../../app/problem";
import { format } from "../../lib/format";
import { adminText } from "../../text/admin";
import { ErrorPanel, Loading, Skeleton } from "../../ui/states";
import { useResources } from "./data";
import type { Resource } from "./tierForm";

/** What is looked at of a query. */
export interface Asked<Data> {
  data: Data | undefined;
  isError: boolean;
  error: unknown;
  fetchStatus: string;
  isPlaceholderData: boolean;
  refetch: () => unknown;
}

interface PartProps<Data> {
  query: Asked<Data>;
  /** The size of what comes, so that nothing jumps. */
  skeleton: string;
  children: (data: Data) => ReactNode;
}

export function Part<Data>({ query, skeleton, children }: PartProps<Data>) {
  const retry = () => void query.refetch();
  // A query that waits for the network has no error; it says so all the same.
  const isOffline = query.data === undefined && query.fetchStatus === "paused";
  if (isOffline) return <ErrorPanel thrown={new ProblemError(0, null, null)} onRetry={retry} />;
  if (query.data === undefined) {
    if (query.isError) return <ErrorPanel thrown={query.error} onRetry={retry} />;
    return (
      <Loading>
        <Skeleton className={skeleton} />
      </Loading>
    );
  }
  return (
    <>
      {query.isError && (
        <div className="mb-3">
          <p className="mb-1 text-sm font-medium">{adminText.stale}</p>
          <ErrorPanel thrown={query.error} onRetry={retry} />
        </div>
      )}
      <div className={query.isPlaceholderData ? "opacity-60" : ""}>{children(query.data)}</div>
    </>
  );
}

interface WithResourcesProps {
  skeleton: string;
  children: (resources: readonly Resource[]) => ReactNode;
}

/** Amounts are not shown before their units are known. */
export function WithResources({ skeleton, children }: WithResourcesProps) {
  const resources = useResources();
  if (resources !== null) return children(resources);
  return (
    <Loading>
      <Skeleton className={skeleton} />
    </Loading>
  );
}

const TICK_MS = 15_000;

/** How old figures are: the clock, and the age that grows. */
export function AsOf({ at }: { at: string }) {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  // The server's clock may be ahead of this one's by a little.
  const then = new Date(at);
  const age = format.relative(at, now < then ? then : now);
  return (
    <span className="text-sm text-soft" data-as-of>
      {adminText.asOf(format.clock(then), age)}
    </span>
  );
}
