// What all users use, and what the gate decided.
import type { Overview } from "../../api/shapes";
import { usePageTitle } from "../../app/title";
import { format } from "../../lib/format";
import { useUrlState } from "../../lib/urlState";
import { text } from "../../text";
import { adminText } from "../../text/admin";
import { Card } from "../../ui/Card";
import { Choice } from "../../ui/Choice";
import { Empty } from "../../ui/states";
import { DecisionTable, RefusalTable } from "./Decisions";
import { useDecisions, useOverview } from "./data";
import { type Asked, AsOf, Part, WithResources } from "./Part";
import { PageHead } from "./parts";
import { Trend } from "./Trend";

const words = adminText.overview;
const RANGES = ["7", "30", "90"] as const;
const DECISIONS_EVERY_MS = 10_000;

function ActiveUsers({ overview }: { overview: Overview }) {
  return (
    <>
      <p className="flex flex-wrap items-baseline gap-x-3" data-active-users>
        <span className="text-3xl font-semibold">{format.whole(overview.activeUsers)}</span>
        <span className="text-sm text-soft">{words.activeMore(overview.days)}</span>
      </p>
      {overview.resources.length > 0 && (
        <h3 className="mt-3 text-sm font-medium text-soft">{words.activeOf}</h3>
      )}
      <ul className="text-sm">
        {overview.resources.map((row) => (
          <li key={row.resourceType} className="flex justify-between gap-3">
            <span>{text.common.resource(row.resourceType)}</span>
            <span>{format.whole(row.users)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Trends({ overview, days }: { overview: Asked<Overview>; days: number }) {
  return (
    <section aria-labelledby="trends">
      <div className="mb-3 flex flex-wrap items-baseline justify-between gap-2">
        <h2 id="trends" className="text-lg font-semibold">
          {words.trends}
        </h2>
        <p className="text-sm text-soft">{text.usage.charts.utc}</p>
      </div>
      <Part query={overview} skeleton="h-[460px] w-full rounded-xl">
        {(data) =>
          data.resources.length === 0 ? (
            <Empty title={words.noResources} />
          ) : (
            <WithResources skeleton="h-[460px] w-full rounded-xl">
              {(resources) => (
                <div className="grid gap-4 lg:grid-cols-2">
                  {data.resources.map((row) => (
                    <Trend key={row.resourceType} row={row} days={days} resources={resources} />
                  ))}
                </div>
              )}
            </WithResources>
          )
        }
      </Part>
    </section>
  );
}

export function OverviewPage() {
  usePageTitle(words.title);
  const [range, setRange] = useUrlState("days", RANGES, "30");
  const days = Number(range);
  const overview = useOverview(days);
  const decisions = useDecisions(DECISIONS_EVERY_MS);
  const since = decisions.data && (
    <span className="text-sm text-soft">{adminText.since(format.dateTime(decisions.data.since))}</span>
  );
  return (
    <div className="flex flex-col gap-5">
      <PageHead
        title={words.title}
        about={overview.data && <AsOf at={overview.data.timestamp} />}
        aside={
          <Choice
            label={text.usage.range.label}
            options={RANGES.map((value) => ({ value, label: text.usage.range.days(Number(value)) }))}
            value={range}
            onChange={setRange}
          />
        }
      />
      <div className="grid gap-4 lg:grid-cols-3">
        <Card title={words.active} className="min-w-0">
          <Part query={overview} skeleton="h-44 w-full">
            {(data) => <ActiveUsers overview={data} />}
          </Part>
        </Card>
        <Card title={words.decisions} aside={since} className="min-w-0 lg:col-span-2">
          <Part query={decisions} skeleton="h-44 w-full">
            {(data) => <DecisionTable rows={data.decisions} />}
          </Part>
        </Card>
      </div>
      <Trends overview={overview} days={days} />
      <Card title={words.refusals} aside={since} className="min-w-0">
        <Part query={decisions} skeleton="h-32 w-full">
          {(data) => (
            <WithResources skeleton="h-32 w-full">
              {(resources) => <RefusalTable rows={data.refusals} resources={resources} />}
            </WithResources>
          )}
        </Part>
      </Card>
    </div>
  );
}
