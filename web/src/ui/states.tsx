// What a part of a page shows when it has nothing to show yet, or never will.
import type { ReactNode } from "react";
import { asProblem } from "../app/problem";
import { text } from "../text";
import { Button } from "./Button";
import { Icon } from "./icons";

/** Where something is about to be, in its size, so that nothing jumps. */
export function Skeleton({ className = "h-4 w-full" }: { className?: string }) {
  return <div aria-hidden="true" className={`animate-pulse rounded-md bg-sunk ${className}`} />;
}

/** Says to those who do not see the page that a part of it loads. */
export function Loading({ children }: { children: ReactNode }) {
  return (
    <div role="status" aria-label={text.common.loading}>
      {children}
    </div>
  );
}

/** Where the cards of a page are about to be. */
export function CardSkeletons() {
  return (
    <div className="grid gap-4 sm:grid-cols-2 xl:grid-cols-4">
      {["a", "b", "c", "d"].map((key) => (
        <Skeleton key={key} className="h-56 w-full rounded-xl" />
      ))}
    </div>
  );
}

/** What went wrong, the id to tell support, and another try. */
export function ErrorPanel({ thrown, onRetry }: { thrown: unknown; onRetry?: () => void }) {
  const problem = asProblem(thrown);
  const { offline, busy, requestId } = text.common.problem;
  const said = problem.isOffline ? offline : problem.isPassing ? busy : problem.message;
  return (
    <div role="alert" className="rounded-lg border border-exceeded bg-exceeded-soft p-4 text-sm">
      <p className="flex gap-2 font-medium text-exceeded-ink">
        <Icon name="warning" />
        <span className="min-w-0 break-words">{said}</span>
      </p>
      {problem.requestId && (
        <p className="mt-1 text-soft">
          {requestId} <code className="break-all">{problem.requestId}</code>
        </p>
      )}
      {onRetry && (
        <Button small className="mt-3" onClick={onRetry}>
          {text.common.retry}
        </Button>
      )}
    </div>
  );
}

/** Nothing is there, and what to do about it. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="rounded-lg border border-dashed border-edge p-6 text-center">
      <p className="font-medium">{title}</p>
      {children && <div className="mx-auto mt-1 max-w-prose text-sm text-soft">{children}</div>}
      {action && <div className="mt-4">{action}</div>}
    </div>
  );
}
