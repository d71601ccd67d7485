// Each resource by day: drawn, or as a table of the same figures.
import { useState } from "react";
import type { ResourceLimits } from "../../api/shapes";
import { type DayAmount, DayChart } from "../../charts/DayChart";
import { format } from "../../lib/format";
import { text } from "../../text";
import { Card } from "../../ui/Card";
import { ErrorPanel, Loading, Skeleton } from "../../ui/states";
import { cellLook, headLook, numberLook, TableFrame, tableLook } from "../../ui/Table";
import { TableToggle } from "../../ui/TableToggle";
import { daysOf } from "./amounts";
import { type Days, useHistory } from "./data";
import { isNotIncluded, standingOf } from "./standing";

const words = text.usage.charts;

/** The cap that a day's amount (or a level) can be compared with: that of a day, of a level, or none. */
function comparable(resource: ResourceLimits): number | null {
  const fits = resource.limits.filter(
    (limit) => limit.cap >= 0 && (resource.isLevel || limit.window === "day"),
  );
  return fits.length === 0 ? null : Math.min(...fits.map((limit) => limit.cap));
}

function DayTable({ days, unit, label }: { days: readonly DayAmount[]; unit: string; label: string }) {
  return (
    <TableFrame label={label} className="max-h-60">
      <table className={tableLook}>
        <thead>
          <tr>
            <th scope="col" className={headLook}>
              {words.day}
            </th>
            <th scope="col" className={`${headLook} text-right`}>
              {words.amount}
            </th>
          </tr>
        </thead>
        <tbody>
          {[...days].reverse().map((day) => (
            <tr key={day.date}>
              <td className={cellLook}>{format.day(day.date)}</td>
              <td className={`${cellLook} ${numberLook}`}>{format.exact(day.amount, unit)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

interface ResourceChartProps {
  resource: ResourceLimits;
  days: readonly DayAmount[];
  isOld: boolean;
}

function ResourceChart({ resource, days, isOld }: ResourceChartProps) {
  const [isTable, setTable] = useState(false);
  const name = text.common.resource(resource.resourceType);
  const { unit, isLevel } = resource;
  const sum = isLevel ? (days.at(-1)?.amount ?? 0) : days.reduce((all, day) => all + day.amount, 0);
  const caption = isLevel ? words.level(name, days.length) : words.caption(name, days.length);
  const total = isLevel ? words.now(format.amount(sum, unit)) : words.total(format.amount(sum, unit));
  const isEmpty = days.every((day) => day.amount === 0);
  return (
    <Card
      title={name}
      level={3}
      className="min-w-0"
      aside={<TableToggle name={name} isTable={isTable} onToggle={() => setTable(!isTable)} />}
    >
      <figure className={isOld ? "opacity-60" : ""} data-chart={resource.resourceType}>
        <figcaption className="mb-1 flex flex-wrap justify-between gap-x-3 text-sm text-soft">
          <span>{caption}</span>
          <span className="font-medium text-ink" title={format.exact(sum, unit)}>
            {total}
          </span>
        </figcaption>
        {isTable && <DayTable days={days} unit={unit} label={caption} />}
        {!isTable && isEmpty && (
          <div className="flex h-[224px] items-center justify-center rounded-md bg-sunk text-sm text-soft">
            {words.empty}
          </div>
        )}
        {!isTable && !isEmpty && (
          <DayChart
            days={days}
            unit={unit}
            isLevel={isLevel}
            limit={comparable(resource)}
            label={`${caption}. ${words.keys}.`}
          />
        )}
      </figure>
    </Card>
  );
}

export function Charts({ resources, days }: { resources: readonly ResourceLimits[]; days: Days }) {
  const history = useHistory(days);
  // A plan that does not have a resource has no chart of it, unless there was some use.
  const shown = resources.filter((resource) => {
    const { tightest } = standingOf(resource);
    const isOut = tightest !== null && isNotIncluded(tightest);
    return (
      !isOut ||
      history.data?.history.some(
        (row) => ((row as Record<string, unknown>)[resource.resourceType] ?? 0) !== 0,
      )
    );
  });
  if (history.isError && !history.data) {
    return <ErrorPanel thrown={history.error} onRetry={() => void history.refetch()} />;
  }
  return (
    <section aria-labelledby="charts">
      <div className="mb-3 flex flex-wrap items-baseline justify-between gap-2">
        <h2 id="charts" className="text-lg font-semibold">
          {words.title}
        </h2>
        <p className="text-sm text-soft">{words.utc}</p>
      </div>
      <div className="grid gap-4 lg:grid-cols-2">
        {shown.map((resource) =>
          history.data ? (
            <ResourceChart
              key={resource.resourceType}
              resource={resource}
              days={daysOf(history.data.history, resource.resourceType)}
              isOld={history.isPlaceholderData}
            />
          ) : (
            <Loading key={resource.resourceType}>
              <Skeleton className="h-[320px] w-full rounded-xl" />
            </Loading>
          ),
        )}
      </div>
    </section>
  );
}
