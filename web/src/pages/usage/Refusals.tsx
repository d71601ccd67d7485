// Calls that a limit refused lately. They are no entries, since a refusal changes nothing.
import type { ResourceLimits } from "../../api/shapes";
import { format } from "../../lib/format";
import { text } from "../../text";
import { Card } from "../../ui/Card";
import { ErrorPanel, Loading, Skeleton } from "../../ui/states";
import { Time } from "../../ui/Time";
import { useRefusals } from "./data";

const words = text.usage.refusals;

export function Refusals({ resources }: { resources: readonly ResourceLimits[] }) {
  const query = useRefusals();
  const unit = (name: string) => resources.find((one) => one.resourceType === name)?.unit ?? "";
  const refusals = query.data?.refusals ?? [];
  return (
    <Card title={words.title} className="min-w-0">
      {query.isError && !query.data && (
        <ErrorPanel thrown={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.isPending && (
        <Loading>
          <Skeleton className="h-32 w-full" />
        </Loading>
      )}
      {query.data && refusals.length === 0 && <p className="text-sm text-soft">{words.empty}</p>}
      <ul className="flex flex-col divide-y divide-line text-sm" data-refusals>
        {refusals.map((one) => (
          <li key={`${one.at}${one.resourceType}`} className="flex flex-wrap justify-between gap-x-3 py-2">
            <span>
              <span className="font-medium">{text.common.resource(one.resourceType)}</span>{" "}
              <span className="text-soft">
                {words.row(
                  format.amount(one.requested, unit(one.resourceType)),
                  format.amount(Math.max(0, one.remaining), unit(one.resourceType)),
                )}
              </span>
            </span>
            <span className="text-soft">
              <Time at={one.at} />
            </span>
          </li>
        ))}
      </ul>
      {query.data && (
        <p className="mt-2 text-sm text-soft">{words.since(format.dateTime(query.data.since))}</p>
      )}
    </Card>
  );
}
