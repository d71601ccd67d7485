// The newest entries of the ledger, filtered.
import { useState } from "react";
import type { EntryRow, ResourceLimits } from "../../api/shapes";
import { format } from "../../lib/format";
import { useUrlState } from "../../lib/urlState";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Empty, ErrorPanel, Loading, Skeleton } from "../../ui/states";
import { cellLook, headLook, numberLook, TableFrame, tableLook } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useEntries } from "./data";

const words = text.usage.entries;
const KINDS = Object.keys(words.kinds);
const PAGE = 20;
const MOST = 500;

/** A change of an amount, with its sign; nothing for none. */
function change(amount: number, unit: string): string {
  if (amount === 0) return "";
  return `${amount > 0 ? "+" : "−"}${format.amount(Math.abs(amount), unit)}`;
}

function details(entry: EntryRow): string {
  const metadata = (entry.metadata ?? {}) as Record<string, unknown>;
  const parts: string[] = [];
  if (entry.threshold) parts.push(words.crossed(entry.threshold.percent));
  if (typeof metadata.model === "string") parts.push(metadata.model);
  for (const flag of entry.flags) parts.push(words.flags[flag] ?? flag);
  return parts.join(" · ");
}

function Row({ entry, unit }: { entry: EntryRow; unit: string }) {
  return (
    <tr>
      <td className={`${cellLook} whitespace-nowrap`}>
        <Time at={entry.recordedAt} />
      </td>
      <td className={cellLook}>{text.common.resource(entry.resourceType)}</td>
      <td className={cellLook}>{words.kinds[entry.kind] ?? entry.kind}</td>
      <td className={`${cellLook} ${numberLook}`} title={format.exact(entry.amount, unit)}>
        {change(entry.amount, unit)}
      </td>
      <td className={`${cellLook} ${numberLook} text-soft`}>{change(entry.held, unit)}</td>
      <td className={`${cellLook} break-words text-soft`}>{details(entry)}</td>
    </tr>
  );
}

interface FilterProps {
  label: string;
  all: string;
  value: string;
  options: readonly (readonly [string, string])[];
  onChange: (next: string) => void;
}

function Filter({ label, all, value, options, onChange }: FilterProps) {
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      className="min-h-9 rounded-lg border border-edge bg-card px-2 text-sm"
    >
      <option value="">{all}</option>
      {options.map(([name, shown]) => (
        <option key={name} value={name}>
          {shown}
        </option>
      ))}
    </select>
  );
}

export function Entries({ resources }: { resources: readonly ResourceLimits[] }) {
  const names = resources.map((one) => one.resourceType);
  const [resourceType, setResource] = useUrlState("resource", ["", ...names], "");
  const [kind, setKind] = useUrlState("kind", ["", ...KINDS], "");
  const [rows, setRows] = useState(PAGE);
  const query = useEntries({ resourceType, kind }, rows);
  const unit = (name: string) => resources.find((one) => one.resourceType === name)?.unit ?? "";
  const entries = query.data?.entries ?? [];
  const isFiltered = resourceType !== "" || kind !== "";
  const clear = () => {
    setResource("");
    setKind("");
  };
  return (
    <Card
      title={words.title}
      aside={
        <div className="no-print flex flex-wrap gap-2">
          <Filter
            label={words.resource}
            all={`${words.resource}: ${text.common.all.toLowerCase()}`}
            value={resourceType}
            options={names.map((name) => [name, text.common.resource(name)] as const)}
            onChange={setResource}
          />
          <Filter
            label={words.kind}
            all={`${words.kind}: ${text.common.all.toLowerCase()}`}
            value={kind}
            options={KINDS.map((name) => [name, words.kinds[name] ?? name] as const)}
            onChange={setKind}
          />
        </div>
      }
    >
      {query.isError && !query.data && (
        <ErrorPanel thrown={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.isPending && (
        <Loading>
          <Skeleton className="h-64 w-full" />
        </Loading>
      )}
      {query.data && entries.length === 0 && (
        <Empty
          title={isFiltered ? words.emptyFiltered : words.emptyTitle}
          action={isFiltered && <Button onClick={clear}>{words.clear}</Button>}
        >
          {isFiltered ? null : words.empty}
        </Empty>
      )}
      {entries.length > 0 && (
        <div className={query.isPlaceholderData ? "opacity-60" : ""}>
          <TableFrame label={words.title}>
            <table className={tableLook} data-entries>
              <thead>
                <tr>
                  <th scope="col" className={headLook}>
                    {words.when}
                  </th>
                  <th scope="col" className={headLook}>
                    {words.resource}
                  </th>
                  <th scope="col" className={headLook}>
                    {words.kind}
                  </th>
                  <th scope="col" className={`${headLook} text-right`}>
                    {words.amount}
                  </th>
                  <th scope="col" className={`${headLook} text-right`}>
                    {words.held}
                  </th>
                  <th scope="col" className={headLook}>
                    {words.details}
                  </th>
                </tr>
              </thead>
              <tbody>
                {entries.map((entry) => (
                  <Row key={entry.entryId} entry={entry} unit={unit(entry.resourceType)} />
                ))}
              </tbody>
            </table>
          </TableFrame>
          {query.data?.nextCursor && rows < MOST && (
            <Button small className="no-print mt-3" onClick={() => setRows(Math.min(MOST, rows + 40))}>
              {text.common.more}
            </Button>
          )}
        </div>
      )}
    </Card>
  );
}
