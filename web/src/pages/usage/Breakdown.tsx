// The range in a table: by resource, by model, or by day. Its sums are the API's own.
import { type ReactNode, useState } from "react";
import type { ModelUse, ResourceLimits } from "../../api/shapes";
import { format } from "../../lib/format";
import { type Direction, sorted } from "../../lib/rows";
import { useUrlState } from "../../lib/urlState";
import { text } from "../../text";
import { Card } from "../../ui/Card";
import { Choice } from "../../ui/Choice";
import { Empty, ErrorPanel, Loading, Skeleton } from "../../ui/states";
import { cellLook, headLook, numberLook, SortHeader, TableFrame, tableLook } from "../../ui/Table";
import { daysOf } from "./amounts";
import { type Days, useHistory, useModels, useStats } from "./data";

const words = text.usage.breakdown;
const GROUPS = ["resource", "model", "day"] as const;

type Column = "name" | "amount" | "entries";

interface Row {
  key: string;
  name: string;
  amount: number;
  unit: string;
  /** Per cent of all, where the rows are of one unit. */
  share: number | null;
  entries: number | null;
}

interface GridProps {
  label: string;
  head: string;
  rows: readonly Row[];
  /** The API's total; null where rows of several units have none. */
  total: { amount: number; unit: string } | null;
}

/** How the rows are ordered: kept in the address, with the largest first unless asked otherwise. */
function useOrder(fallback: Column, direction: Direction) {
  const [sort, setSort] = useUrlState<Column>("sort", ["name", "amount", "entries"], fallback);
  const [way, setWay] = useUrlState<Direction>("dir", ["asc", "desc"], direction);
  const change = (column: Column, next: Direction) => {
    setSort(column);
    setWay(next);
  };
  return { sort, way, change };
}

function Grid({ label, head, rows, total }: GridProps) {
  const isByDay = head === words.day;
  const { sort, way, change } = useOrder(isByDay ? "name" : "amount", "desc");
  const keys: Record<Column, (row: Row) => string | number | null> = {
    name: (row) => (isByDay ? row.key : row.name),
    amount: (row) => row.amount,
    entries: (row) => row.entries,
  };
  const hasEntries = rows.some((row) => row.entries !== null);
  const hasShare = rows.some((row) => row.share !== null);
  const header = { sort, direction: way, onSort: change };
  return (
    <TableFrame label={label}>
      <table className={tableLook}>
        <thead>
          <tr>
            <SortHeader column="name" label={head} {...header} />
            {hasEntries && <SortHeader column="entries" label={words.entries} isNumber {...header} />}
            <SortHeader column="amount" label={words.amount} isNumber {...header} />
            {hasShare && (
              <th scope="col" className={`${headLook} text-right`}>
                {words.share}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {sorted(rows, keys[sort], way).map((row) => (
            <tr key={row.key}>
              <td className={`${cellLook} break-words`}>{row.name}</td>
              {hasEntries && (
                <td className={`${cellLook} ${numberLook}`}>
                  {row.entries === null ? "" : format.whole(row.entries)}
                </td>
              )}
              <td className={`${cellLook} ${numberLook}`}>{format.exact(row.amount, row.unit)}</td>
              {hasShare && (
                <td className={`${cellLook} ${numberLook}`}>
                  {row.share === null ? "" : format.percent(row.share)}
                </td>
              )}
            </tr>
          ))}
        </tbody>
        {total && (
          <tfoot>
            <tr className="font-semibold">
              <th scope="row" className="px-2 py-2 text-left">
                {words.total}
              </th>
              {hasEntries && <td />}
              <td className={`px-2 py-2 ${numberLook}`} data-total>
                {format.exact(total.amount, total.unit)}
              </td>
              {hasShare && <td />}
            </tr>
          </tfoot>
        )}
      </table>
    </TableFrame>
  );
}

const shareOf = (amount: number, all: number) => (all > 0 ? (amount / all) * 100 : null);

function Waiting({
  query,
  children,
}: {
  query: { isError: boolean; error: unknown; data: unknown; refetch: () => unknown };
  children: () => ReactNode;
}) {
  if (query.data !== undefined) return children();
  if (query.isError) return <ErrorPanel thrown={query.error} onRetry={() => void query.refetch()} />;
  return (
    <Loading>
      <Skeleton className="h-48 w-full" />
    </Loading>
  );
}

function ByResource({ resources, days }: { resources: readonly ResourceLimits[]; days: Days }) {
  const stats = useStats(days);
  const unit = (name: string) => resources.find((one) => one.resourceType === name)?.unit ?? "";
  return (
    <Waiting query={stats}>
      {() => {
        const rows = (stats.data?.breakdown ?? []).map((row) => ({
          key: row.resourceType,
          name: text.common.resource(row.resourceType),
          amount: row.amount,
          unit: unit(row.resourceType),
          share: null,
          entries: null,
        }));
        return <Grid label={words.title} head={words.resource} rows={rows} total={null} />;
      }}
    </Waiting>
  );
}

function modelRows(use: ModelUse, unit: string): Row[] {
  const all = use.models.reduce((sum, one) => sum + one.amount, 0);
  return use.models.map((one) => ({
    key: one.model ?? "",
    name: one.model ?? words.noModel,
    amount: one.amount,
    unit,
    share: shareOf(one.amount, all),
    entries: one.entries,
  }));
}

function ByModel({ resource, days }: { resource: ResourceLimits; days: Days }) {
  const models = useModels(days, resource.resourceType);
  return (
    <Waiting query={models}>
      {() => {
        const use = models.data;
        if (!use || use.models.length === 0) return <Empty title={text.usage.charts.empty} />;
        const rows = modelRows(use, resource.unit);
        const total = { amount: rows.reduce((sum, row) => sum + row.amount, 0), unit: resource.unit };
        return (
          <>
            {!use.isComplete && <p className="mb-2 text-sm text-warning-ink">{words.incomplete}</p>}
            <Grid label={words.title} head={words.model} rows={rows} total={total} />
          </>
        );
      }}
    </Waiting>
  );
}

function ByDay({ resource, days }: { resource: ResourceLimits; days: Days }) {
  const history = useHistory(days);
  return (
    <Waiting query={history}>
      {() => {
        const amounts = daysOf(history.data?.history ?? [], resource.resourceType);
        const all = resource.isLevel ? 0 : amounts.reduce((sum, day) => sum + day.amount, 0);
        const rows = amounts.map((day) => ({
          key: day.date,
          name: format.day(day.date),
          amount: day.amount,
          unit: resource.unit,
          share: resource.isLevel ? null : shareOf(day.amount, all),
          entries: null,
        }));
        const total = resource.isLevel ? null : { amount: all, unit: resource.unit };
        return <Grid label={words.title} head={words.day} rows={rows} total={total} />;
      }}
    </Waiting>
  );
}

export function Breakdown({ resources, days }: { resources: readonly ResourceLimits[]; days: Days }) {
  const [by, setBy] = useUrlState("by", GROUPS, "resource");
  // What is stored now was not used up by a model.
  const grouped = by === "model" ? resources.filter((one) => !one.isLevel) : resources;
  const first = grouped.find((one) => one.resourceType === "llm_tokens") ?? grouped[0];
  const [name, setName] = useState(first?.resourceType ?? "");
  const resource = grouped.find((one) => one.resourceType === name) ?? first;
  return (
    <Card
      title={words.title}
      aside={
        <div className="no-print flex flex-wrap items-center gap-2">
          {by !== "resource" && (
            <select
              aria-label={words.resource}
              value={resource?.resourceType ?? ""}
              onChange={(event) => setName(event.target.value)}
              className="min-h-9 rounded-lg border border-edge bg-card px-2 text-sm"
            >
              {grouped.map((one) => (
                <option key={one.resourceType} value={one.resourceType}>
                  {text.common.resource(one.resourceType)}
                </option>
              ))}
            </select>
          )}
          <Choice
            label={words.by}
            options={GROUPS.map((value) => ({ value, label: words[value] }))}
            value={by}
            onChange={setBy}
          />
        </div>
      }
    >
      {by === "resource" && <ByResource resources={resources} days={days} />}
      {by === "model" && resource && <ByModel resource={resource} days={days} />}
      {by === "day" && resource && <ByDay resource={resource} days={days} />}
    </Card>
  );
}
