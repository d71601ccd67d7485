// One resource of all users: how much, by day, and who used most.
import { useState } from "react";
import type { Overview, UsageSeries } from "../../api/shapes";
import { DayChart } from "../../charts/DayChart";
import { format } from "../../lib/format";
import { text } from "../../text";
import { adminText } from "../../text/admin";
import { Card } from "../../ui/Card";
import { cellLook, numberLook, TableFrame, tableLook } from "../../ui/Table";
import { TableToggle } from "../../ui/TableToggle";
import { useSeries } from "./data";
import { Part } from "./Part";
import { HeadRow, UserLink } from "./parts";
import type { Resource } from "./tierForm";

const words = adminText.overview;
const charts = text.usage.charts;
const number = `${cellLook} ${numberLook}`;

type Row = Overview["resources"][number];

function DayTable({ series, unit, label }: { series: UsageSeries["series"]; unit: string; label: string }) {
  const heads = [
    { name: charts.day },
    { name: charts.amount, isNumber: true },
    { name: words.usersHead, isNumber: true },
  ];
  return (
    <TableFrame label={label} className="max-h-60">
      <table className={tableLook}>
        <thead>
          <HeadRow heads={heads} />
        </thead>
        <tbody>
          {[...series].reverse().map((day) => (
            <tr key={day.date}>
              <td className={cellLook}>{format.day(day.date)}</td>
              <td className={number}>{format.exact(day.amount, unit)}</td>
              <td className={number}>{format.whole(day.users)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

function Top({ row }: { row: Row }) {
  if (row.top.length === 0) return <p className="text-sm text-soft">{words.nobody}</p>;
  return (
    <>
      <h4 className="text-sm font-medium text-soft">{words.top}</h4>
      <ol className="divide-y divide-line text-sm">
        {row.top.map((user) => (
          <li key={user.userId} className="flex flex-wrap justify-between gap-x-3 py-1.5">
            <UserLink id={user.userId} email={user.email} />
            <span>{user.humanReadable}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

interface TrendProps {
  row: Row;
  days: number;
  resources: readonly Resource[];
}

export function Trend({ row, days, resources }: TrendProps) {
  const [isTable, setTable] = useState(false);
  const series = useSeries(row.resourceType, days);
  const resource = resources.find((one) => one.name === row.resourceType);
  const unit = resource?.unit ?? "";
  const isLevel = resource?.isLevel ?? false;
  const name = text.common.resource(row.resourceType);
  const caption = words.chart(name, days);
  const total = isLevel ? charts.now(row.humanReadable) : charts.total(row.humanReadable);
  const toggle = <TableToggle name={name} isTable={isTable} onToggle={() => setTable(!isTable)} />;
  return (
    <Card title={name} level={3} className="min-w-0" aside={toggle}>
      <p className="flex flex-wrap justify-between gap-x-3 text-sm" data-total={row.resourceType}>
        <span className="font-medium" title={format.exact(row.amount, unit)}>
          {total}
        </span>
        <span className="text-soft">{words.users(format.whole(row.users), row.users === 1)}</span>
      </p>
      <Part query={series} skeleton="mt-2 h-[224px] w-full">
        {(data) => (
          <figure aria-label={caption} className="mt-2" data-chart={row.resourceType}>
            {isTable ? (
              <DayTable series={data.series} unit={unit} label={caption} />
            ) : (
              <DayChart
                days={data.series}
                unit={unit}
                isLevel={isLevel}
                limit={null}
                label={`${caption}. ${charts.keys}.`}
              />
            )}
          </figure>
        )}
      </Part>
      <Top row={row} />
    </Card>
  );
}
