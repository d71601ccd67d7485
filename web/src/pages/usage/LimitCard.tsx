// One resource: used, held, left, when it renews, and what happens at the limit.
import type { LimitStanding, ResourceLimits } from "../../api/shapes";
import { format } from "../../lib/format";
import { levelOf, percentOf } from "../../lib/level";
import { text } from "../../text";
import { Card } from "../../ui/Card";
import { LevelBadge, Meter } from "../../ui/Meter";
import { isNotIncluded, standingOf } from "./standing";

const words = text.usage.card;

/** The figure, short; in full on hover and for who listens. */
function Figure({ value, unit, className }: { value: number; unit: string; className?: string }) {
  return (
    <span className={className} title={format.exact(value, unit)}>
      {format.amount(value, unit)}
    </span>
  );
}

function left(limit: LimitStanding, unit: string): string {
  const over = limit.used + limit.held - limit.cap;
  if (over > 0) return words.over(format.amount(over, unit));
  return limit.remaining === 0 ? words.nothingLeft : words.left(format.amount(limit.remaining, unit));
}

function source(limit: LimitStanding, tier: string): string {
  if (limit.source === "tier") return words.fromTier(text.common.tier(tier));
  if (!limit.overrideExpiresAt) return words.fromOverride;
  return words.fromOverrideUntil(format.dateTime(limit.overrideExpiresAt));
}

function resets(limit: LimitStanding): string {
  if (!limit.resetsAt) return words.level;
  return words.resets(format.dateTime(limit.resetsAt), format.relative(limit.resetsAt, new Date()));
}

/** What there is to say below the bar of a limit that bounds. */
function Terms({ limit, unit, tier }: { limit: LimitStanding; unit: string; tier: string }) {
  return (
    <ul className="mt-3 flex flex-col gap-0.5 text-sm text-soft">
      {limit.held > 0 && <li>{words.held(format.amount(limit.held, unit))}</li>}
      <li data-renews>{resets(limit)}</li>
      <li>{limit.mode === "hard" ? words.hard : words.soft}</li>
      <li>{source(limit, tier)}</li>
    </ul>
  );
}

function Bounded({
  resource,
  limit,
  tier,
}: {
  resource: ResourceLimits;
  limit: LimitStanding;
  tier: string;
}) {
  const { unit } = resource;
  const percent = percentOf(limit.used, limit.cap) ?? 0;
  const level = levelOf(percent);
  const value = `${format.exact(limit.used, unit)}, ${format.percent(percent)}`;
  return (
    <>
      <p className="flex flex-wrap items-baseline gap-x-2">
        <Figure value={limit.used} unit={unit} className="text-2xl font-semibold" />
        <span className="text-sm text-soft">
          {words.of(format.amount(limit.cap, unit), text.common.per(limit.window))}
        </span>
      </p>
      <div className="mt-3">
        <Meter
          label={words.progress(text.common.resource(resource.resourceType))}
          percent={percent}
          level={level}
          value={value}
        />
      </div>
      <p className="mt-1.5 flex flex-wrap justify-between gap-x-3 text-sm font-medium">
        <span>{format.percent(percent)}</span>
        <span>{left(limit, unit)}</span>
      </p>
      <Terms limit={limit} unit={unit} tier={tier} />
    </>
  );
}

function Unbounded({
  resource,
  limit,
  tier,
}: {
  resource: ResourceLimits;
  limit: LimitStanding | null;
  tier: string;
}) {
  const [used, held] = limit ? [limit.used, limit.held] : [resource.used, resource.held];
  const window = limit?.window ?? (resource.isLevel ? "lifetime" : "day");
  return (
    <>
      <p className="flex flex-wrap items-baseline gap-x-2">
        <Figure value={used} unit={resource.unit} className="text-2xl font-semibold" />
        <span className="text-sm text-soft">{text.common.window(window)}</span>
      </p>
      <ul className="mt-3 flex flex-col gap-0.5 text-sm text-soft">
        {held > 0 && <li>{words.held(format.amount(held, resource.unit))}</li>}
        <li>{words.noLimit}</li>
        {limit && <li>{source(limit, tier)}</li>}
      </ul>
    </>
  );
}

export function LimitCard({ resource, tier }: { resource: ResourceLimits; tier: string }) {
  const { tightest, others, level } = standingOf(resource);
  const isOut = tightest !== null && isNotIncluded(tightest);
  const isBounded = tightest !== null && tightest.cap >= 0;
  return (
    <Card
      title={text.common.resource(resource.resourceType)}
      level={2}
      aside={isOut ? null : <LevelBadge level={level} />}
      className="min-w-0"
    >
      <div data-resource={resource.resourceType}>
        {isOut && (
          <>
            <p className="text-2xl font-semibold">{words.notIncluded}</p>
            <p className="mt-3 text-sm text-soft">{words.notIncludedMore}</p>
          </>
        )}
        {!isOut && isBounded && <Bounded resource={resource} limit={tightest} tier={tier} />}
        {!isOut && !isBounded && <Unbounded resource={resource} limit={tightest} tier={tier} />}
        {others.length > 0 && (
          <details className="mt-3 text-sm">
            <summary className="font-medium">{words.otherLimits}</summary>
            {others.map((limit) => (
              <div key={limit.name} className="mt-3 border-t border-line pt-3">
                {limit.cap >= 0 ? (
                  <Bounded resource={resource} limit={limit} tier={tier} />
                ) : (
                  <Unbounded resource={resource} limit={limit} tier={tier} />
                )}
              </div>
            ))}
          </details>
        )}
      </div>
    </Card>
  );
}
