// Whether everything works, as the server sees it now.
import type { ReactNode } from "react";
import type { Health, Status } from "../../api/shapes";
import { usePageTitle } from "../../app/title";
import { format } from "../../lib/format";
import { adminText } from "../../text/admin";
import { Card } from "../../ui/Card";
import { cellLook, TableFrame, tableLook } from "../../ui/Table";
import { DecisionTable } from "./Decisions";
import { useDecisions, useEmbeddings, useHealth, useStatus } from "./data";
import { Embeddings } from "./Embeddings";
import { AsOf, Part } from "./Part";
import { Badge, Fact, HeadRow, PageHead } from "./parts";

const words = adminText.health;
const EVERY_MS = 5_000;

function Store({ health }: { health: Health }) {
  const { store } = health;
  const counts: [string, number][] = [
    [words.queue, store.queueDepth],
    [words.lag, store.derivedLag],
    [words.accounts, store.accountsLoaded],
    [words.entries, store.entries],
  ];
  return (
    <dl data-store={health.status}>
      <Fact name={words.state}>
        <Badge kind={store.writable ? "good" : "bad"}>{words.states[health.status] ?? health.status}</Badge>
      </Fact>
      {health.why && <Fact name={words.why}>{health.why}</Fact>}
      {counts.map(([name, count]) => (
        <Fact key={name} name={name}>
          {format.whole(count)}
        </Fact>
      ))}
    </dl>
  );
}

const UPSTREAM_KINDS: Record<string, "good" | "bad"> = { up: "good", down: "bad" };
const UPSTREAM_TEXTS: Record<string, string> = { up: words.up, down: words.down, unknown: words.unknown };

function Upstreams({ status }: { status: Status }) {
  const upstreams = status.upstreams ?? [];
  if (upstreams.length === 0) return <p className="text-sm text-soft">{words.noUpstreams}</p>;
  return (
    <TableFrame label={words.upstreams}>
      <table className={tableLook} data-upstreams>
        <thead>
          <HeadRow heads={[{ name: words.upstream }, { name: words.state }]} />
        </thead>
        <tbody>
          {upstreams.map((one) => (
            <tr key={one.name}>
              <th scope="row" className={`${cellLook} text-left font-medium break-all`}>
                {one.name}
              </th>
              <td className={cellLook}>
                <Badge kind={UPSTREAM_KINDS[one.status] ?? "plain"}>
                  {UPSTREAM_TEXTS[one.status] ?? one.status}
                </Badge>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

export function HealthPage() {
  usePageTitle(words.title);
  const health = useHealth(EVERY_MS);
  const status = useStatus(EVERY_MS);
  const embeddings = useEmbeddings(EVERY_MS);
  const decisions = useDecisions(EVERY_MS);
  const since: ReactNode = decisions.data && (
    <span className="text-sm text-soft">{adminText.since(format.dateTime(decisions.data.since))}</span>
  );
  const about = (
    <>
      <p>{words.text}</p>
      {status.dataUpdatedAt > 0 && <AsOf at={new Date(status.dataUpdatedAt).toISOString()} />}
    </>
  );
  return (
    <div className="flex flex-col gap-5">
      <PageHead title={words.title} about={about} />
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Card title={words.store} className="min-w-0">
          <Part query={health} skeleton="h-52 w-full">
            {(data) => <Store health={data} />}
          </Part>
        </Card>
        <div className="flex min-w-0 flex-col gap-4">
          <Card title={words.upstreams} className="min-w-0">
            <Part query={status} skeleton="h-52 w-full">
              {(data) => (
                <>
                  <Upstreams status={data} />
                  <p className="mt-3 text-sm text-soft">
                    {words.version} {data.version}
                  </p>
                </>
              )}
            </Part>
          </Card>
          <Card title={words.embeddings} className="min-w-0">
            <Part query={embeddings} skeleton="h-52 w-full">
              {(data) => <Embeddings progress={data} />}
            </Part>
          </Card>
        </div>
        <Card title={adminText.overview.decisions} aside={since} className="min-w-0 lg:col-span-2">
          <Part query={decisions} skeleton="h-52 w-full">
            {(data) => <DecisionTable rows={data.decisions} />}
          </Part>
        </Card>
      </div>
    </div>
  );
}
