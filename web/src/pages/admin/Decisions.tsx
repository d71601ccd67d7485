// What this node admitted and refused since it started.
import type { Decisions } from "../../api/shapes";
import { format } from "../../lib/format";
import { text } from "../../text";
import { adminText } from "../../text/admin";
import { cellLook, numberLook, TableFrame, tableLook } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { unitIn } from "./data";
import { HeadRow, UserLink } from "./parts";
import type { Resource } from "./tierForm";

const words = adminText.overview;
const number = `${cellLook} ${numberLook}`;

const COUNTS = ["admitted", "replayed", "refusedQuota", "refusedOther", "failed"] as const;

export function DecisionTable({ rows }: { rows: Decisions["decisions"] }) {
  if (rows.length === 0) return <p className="text-sm text-soft">{words.noDecisions}</p>;
  return (
    <TableFrame label={words.decisions}>
      <table className={tableLook} data-decisions>
        <thead>
          <HeadRow
            heads={[
              { name: words.resource },
              ...COUNTS.map((name) => ({ name: words[name], isNumber: true })),
            ]}
          />
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.resourceType}>
              <th scope="row" className={`${cellLook} text-left font-medium`}>
                {text.common.resource(row.resourceType)}
              </th>
              {COUNTS.map((name) => (
                <td key={name} className={number}>
                  {format.whole(row[name])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

interface RefusalProps {
  rows: Decisions["refusals"];
  resources: readonly Resource[];
}

function Refused({ row, unit }: { row: Decisions["refusals"][number]; unit: string }) {
  const amount = (value: number) => (
    <td className={number} title={format.exact(value, unit)}>
      {format.amount(value, unit)}
    </td>
  );
  return (
    <tr>
      <td className={`${cellLook} whitespace-nowrap`}>
        <Time at={row.at} />
      </td>
      <td className={`${cellLook} min-w-40`}>
        <UserLink id={row.userId} email={row.email} />
      </td>
      <td className={cellLook}>{text.common.resource(row.resourceType)}</td>
      <td className={cellLook}>{adminText.limitName(row.limit, row.window)}</td>
      {amount(row.cap)}
      {amount(row.used)}
      {amount(row.requested)}
      {amount(Math.max(0, row.remaining))}
    </tr>
  );
}

export function RefusalTable({ rows, resources }: RefusalProps) {
  if (rows.length === 0) return <p className="text-sm text-soft">{words.noRefusals}</p>;
  const texts = [words.when, words.user, words.resource, words.limit].map((name) => ({ name }));
  const numbers = [words.cap, words.used, words.asked, words.left].map((name) => ({ name, isNumber: true }));
  return (
    <TableFrame label={words.refusals}>
      <table className={tableLook} data-refusals>
        <thead>
          <HeadRow heads={[...texts, ...numbers]} />
        </thead>
        <tbody>
          {rows.map((row) => (
            <Refused
              key={`${row.at}${row.userId}${row.resourceType}${row.limit}`}
              row={row}
              unit={unitIn(resources, row.resourceType)}
            />
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}
