// All tiers, and what each allows.
import { Link } from "wouter";
import type { TierView } from "../../api/shapes";
import { usePageTitle } from "../../app/title";
import { format } from "../../lib/format";
import { text } from "../../text";
import { adminText } from "../../text/admin";
import { buttonLook } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/states";
import { cellLook, numberLook, TableFrame, tableLook } from "../../ui/Table";
import { unitIn, useTiers } from "./data";
import { Part, WithResources } from "./Part";
import { HeadRow, linkLook, PageHead, TierLink } from "./parts";
import { capText } from "./shown";
import type { Resource } from "./tierForm";

const words = adminText.tiers;

function Allowed({ tier, resource, unit }: { tier: TierView; resource: string; unit: string }) {
  const limits = tier.limits[resource] ?? [];
  if (limits.length === 0) return <span className="text-soft">{words.unlimited}</span>;
  return (
    <ul>
      {limits.map((limit) => (
        <li key={limit.name} className="whitespace-nowrap">
          {capText(limit.cap, unit)}
          {limit.cap >= 0 && <span className="text-soft"> {text.common.per(limit.window)}</span>}
        </li>
      ))}
    </ul>
  );
}

interface RowProps {
  tier: TierView;
  names: readonly string[];
  resources: readonly Resource[];
}

function Row({ tier, names, resources }: RowProps) {
  return (
    <tr data-tier={tier.name}>
      <th scope="row" className={`${cellLook} text-left`}>
        <TierLink name={tier.name} />
      </th>
      <td className={`${cellLook} ${numberLook}`}>{format.whole(tier.rank)}</td>
      {names.map((name) => (
        <td key={name} className={cellLook}>
          <Allowed tier={tier} resource={name} unit={unitIn(resources, name)} />
        </td>
      ))}
      <td className={cellLook}>
        <Link
          href={`/admin/users?tier=${encodeURIComponent(tier.name)}`}
          className={`${linkLook} whitespace-nowrap`}
        >
          {words.members}
          <span className="sr-only">: {text.common.tier(tier.name)}</span>
        </Link>
      </td>
    </tr>
  );
}

/** Every resource that is known, and those that only a tier still names. */
export function namesOf(tiers: readonly TierView[], resources: readonly Resource[]): string[] {
  return [
    ...new Set([...resources.map((one) => one.name), ...tiers.flatMap((tier) => Object.keys(tier.limits))]),
  ];
}

interface TableProps {
  tiers: readonly TierView[];
  resources: readonly Resource[];
}

function TierTable({ tiers, resources }: TableProps) {
  const names = namesOf(tiers, resources);
  const heads = [
    { name: words.name },
    { name: words.rank, isNumber: true },
    ...names.map((name) => ({ name: text.common.resource(name) })),
    { name: adminText.users.title, isHidden: true },
  ];
  return (
    <TableFrame label={words.title}>
      <table className={tableLook} data-tiers>
        <thead>
          <HeadRow heads={heads} />
        </thead>
        <tbody>
          {tiers.map((tier) => (
            <Row key={tier.name} tier={tier} names={names} resources={resources} />
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

export function TiersPage() {
  usePageTitle(words.title);
  const tiers = useTiers();
  return (
    <div className="flex flex-col gap-5">
      <PageHead
        title={words.title}
        about={words.text}
        aside={
          <Link href="/admin/new-tier" className={buttonLook("primary")}>
            {words.add}
          </Link>
        }
      />
      <Card title={words.title} titleHidden>
        <Part query={tiers} skeleton="h-48 w-full">
          {(list) =>
            list.tiers.length === 0 ? (
              <Empty title={words.emptyTitle} />
            ) : (
              <WithResources skeleton="h-48 w-full">
                {(resources) => <TierTable tiers={list.tiers} resources={resources} />}
              </WithResources>
            )
          }
        </Part>
      </Card>
    </div>
  );
}
