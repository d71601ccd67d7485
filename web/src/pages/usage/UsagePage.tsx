// What a user used, what is left, and when it renews.
import { useContext } from "react";
import { useLiveState } from "../../app/live";
import { useMe } from "../../app/me";
import { usePageTitle } from "../../app/title";
import { format } from "../../lib/format";
import { useUrlState } from "../../lib/urlState";
import { text } from "../../text";
import { Choice } from "../../ui/Choice";
import { Icon } from "../../ui/icons";
import { CardSkeletons, ErrorPanel, Loading } from "../../ui/states";
import { Breakdown } from "./Breakdown";
import { Charts } from "./Charts";
import { type Days, Subject, useLimits, useLiveUsage } from "./data";
import { Entries } from "./Entries";
import { LimitCard } from "./LimitCard";
import { Refusals } from "./Refusals";
import { Warnings } from "./Warnings";
import { Welcome } from "./Welcome";

const RANGES = ["7", "30", "90"] as const;

/** Whether the figures are live, and how old they are. */
function LiveSign({ updatedAt }: { updatedAt: number }) {
  const state = useLiveState();
  const words = text.common.live;
  const isLost = state === "lost";
  return (
    <p className="flex flex-wrap items-center gap-x-2 text-sm text-soft" data-live={state}>
      <span
        title={isLost ? words.lostMore : undefined}
        className={`inline-flex items-center gap-1 ${isLost ? "font-medium text-warning-ink" : ""}`}
      >
        <Icon name={isLost ? "warning" : "live"} size={16} />
        {words[state]}
      </span>
      {updatedAt > 0 && <span>{words.asOf(format.clock(new Date(updatedAt)))}</span>}
    </p>
  );
}

interface ViewProps {
  /** The account whose figures they are. */
  account: string;
  title: string;
}

/** The page for one account; the reader's own, or (in a `Subject`) that of another. */
export function UsageView({ account, title }: ViewProps) {
  const isOwn = useContext(Subject) === null;
  useLiveUsage(account);
  const limits = useLimits();
  const [range, setRange] = useUrlState("days", RANGES, "30");
  const days = Number(range) as Days;
  return (
    <div className="flex flex-col gap-5">
      <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <div className="min-w-0">
          <h1 className="text-2xl font-semibold break-words">{title}</h1>
          <div className="flex flex-wrap items-center gap-x-3">
            {limits.data && (
              <p className="text-sm font-medium">{text.usage.tier(text.common.tier(limits.data.tier))}</p>
            )}
            <LiveSign updatedAt={limits.dataUpdatedAt} />
          </div>
        </div>
        <div className="no-print">
          <Choice
            label={text.usage.range.label}
            options={RANGES.map((value) => ({ value, label: text.usage.range.days(Number(value)) }))}
            value={range}
            onChange={setRange}
          />
        </div>
      </div>
      {limits.data && <Warnings limits={limits.data} isOwn={isOwn} />}
      {limits.isError && !limits.data && (
        <ErrorPanel thrown={limits.error} onRetry={() => void limits.refetch()} />
      )}
      {limits.isPending && (
        <Loading>
          <CardSkeletons />
        </Loading>
      )}
      {limits.data && (
        <>
          <Welcome limits={limits.data} isOwn={isOwn} />
          <div className="grid gap-4 sm:grid-cols-2 xl:grid-cols-4">
            {limits.data.resources.map((one) => (
              <LimitCard key={one.resourceType} resource={one} tier={limits.data.tier} />
            ))}
          </div>
          <Charts resources={limits.data.resources} days={days} />
          <Breakdown resources={limits.data.resources} days={days} />
          <div className="grid items-start gap-5 xl:grid-cols-3">
            <div className="min-w-0 xl:col-span-2">
              <Entries resources={limits.data.resources} />
            </div>
            <Refusals resources={limits.data.resources} />
          </div>
        </>
      )}
    </div>
  );
}

export function UsagePage() {
  const me = useMe();
  usePageTitle(text.usage.title);
  return me && <UsageView account={me.id} title={text.usage.title} />;
}
