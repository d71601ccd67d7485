// What bounds a user: the tier's limits, and what replaces parts of them.
import { useState } from "react";
import type { OverrideView, TierView, UserView } from "../../api/shapes";
import { format } from "../../lib/format";
import { percentOf } from "../../lib/level";
import { text } from "../../text";
import { adminText } from "../../text/admin";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { cellLook, numberLook, TableFrame, tableLook } from "../../ui/Table";
import { useLimits } from "../usage/data";
import { Changes } from "./Changes";
import { unitIn, useOverrides, useTiers } from "./data";
import { Named } from "./Named";
import { OverrideDialog } from "./OverrideDialog";
import { Part, WithResources } from "./Part";
import { HeadRow } from "./parts";
import { type RemovedOverride, RemoveOverride } from "./RemoveOverride";
import { capExact, capText, modeText, warningsText } from "./shown";
import type { Resource } from "./tierForm";
import { effective, type LimitRow, limitRows, targetOf } from "./userLimits";

const words = adminText.limits;

export const limitTitle = (resource: string, limit: string | null | undefined) =>
  limit ? `${text.common.resource(resource)} · ${limit}` : text.common.resource(resource);

/** A value of the tier, and what the override makes of it. */
function Value({ tier, own }: { tier: string; own: string }) {
  if (tier === own) return tier;
  return <Changes changes={[{ key: "value", name: "", before: tier, after: own }]} />;
}

/** Who has set a limit, why, and until when. */
function Source({ own, tier }: { own: OverrideView | null; tier: string }) {
  if (!own) return words.tierSource(text.common.tier(tier));
  const end = own.expiresAt ? format.dateTime(own.expiresAt) : null;
  const until = own.inForce ? (end ? words.until(end) : words.noEnd) : words.ranOut(end ?? "");
  return (
    <>
      <span className="font-medium">{words.override}</span> {until}
      <span className="block text-soft">
        {own.reason} (<Named name={own.author} />)
      </span>
    </>
  );
}

function used(row: LimitRow, unit: string): string {
  if (!row.standing) return adminText.dash;
  const percent = percentOf(row.standing.used, row.standing.cap);
  const amount = format.amount(row.standing.used, unit);
  return percent === null ? amount : `${amount} (${format.percent(percent)})`;
}

interface RowProps {
  row: LimitRow;
  unit: string;
  tier: string;
  onEdit: () => void;
  onRemove: () => void;
}

function Actions({ row, onEdit, onRemove }: Pick<RowProps, "row" | "onEdit" | "onRemove">) {
  const name = limitTitle(row.resource, row.limit.name);
  return (
    <div className="no-print flex justify-end gap-2">
      <Button small aria-label={row.own ? words.editOf(name) : words.addOf(name)} onClick={onEdit}>
        {row.own ? words.edit : words.add}
      </Button>
      {row.own && (
        <Button small kind="danger" aria-label={words.removeOf(name)} onClick={onRemove}>
          {words.remove}
        </Button>
      )}
    </div>
  );
}

function Row({ row, unit, tier, onEdit, onRemove }: RowProps) {
  const now = effective(row.limit, row.own);
  return (
    <tr data-limit={`${row.resource}.${row.limit.name}`}>
      <th scope="row" className={`${cellLook} text-left font-medium`}>
        {limitTitle(row.resource, row.limit.name)}
      </th>
      <td className={`${cellLook} ${numberLook}`}>{used(row, unit)}</td>
      <td className={`${cellLook} whitespace-nowrap`} title={capExact(now.cap, unit)}>
        <Value tier={capText(row.limit.cap, unit)} own={capText(now.cap, unit)} />
      </td>
      <td className={cellLook}>
        <Value tier={modeText(row.limit.mode)} own={modeText(now.mode)} />
      </td>
      <td className={cellLook}>
        <Value tier={warningsText(row.limit.warnAt)} own={warningsText(now.warnAt)} />
      </td>
      <td className={`${cellLook} min-w-40`}>
        <Source own={row.own} tier={tier} />
      </td>
      <td className={cellLook}>
        <Actions row={row} onEdit={onEdit} onRemove={onRemove} />
      </td>
    </tr>
  );
}

function Orphans({
  overrides,
  onRemove,
}: {
  overrides: readonly OverrideView[];
  onRemove: (own: OverrideView) => void;
}) {
  if (overrides.length === 0) return null;
  return (
    <div className="mt-5" data-orphans>
      <h3 className="font-medium">{words.orphans}</h3>
      <p className="text-sm text-soft">{words.orphansText}</p>
      <ul className="mt-1 divide-y divide-line text-sm">
        {overrides.map((own) => {
          const name = limitTitle(own.resourceType, own.limit);
          return (
            <li key={name} className="flex flex-wrap items-center justify-between gap-2 py-2">
              <span>
                <span className="font-medium">{name}</span>: {own.reason} (<Named name={own.author} />)
              </span>
              <Button small kind="danger" aria-label={words.removeOf(name)} onClick={() => onRemove(own)}>
                {words.remove}
              </Button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

interface TableProps {
  user: UserView;
  tier: TierView;
  overrides: readonly OverrideView[];
  resources: readonly Resource[];
}

const HEADS = [
  { name: words.limit },
  { name: words.used, isNumber: true },
  { name: words.cap },
  { name: words.beyond },
  { name: words.warnAt },
  { name: words.source },
  { name: adminText.user.change, isHidden: true },
];

function LimitTable({ user, tier, overrides, resources }: TableProps) {
  const [edited, setEdited] = useState<LimitRow | null>(null);
  const [removed, setRemoved] = useState<RemovedOverride | null>(null);
  const standing = useLimits();
  const { rows, orphans } = limitRows(tier, overrides, standing.data ?? null);
  const remove = (resource: string, limit: string | null, name: string) =>
    setRemoved({ resource, limit, name });
  return (
    <>
      {rows.length === 0 && <p className="text-sm text-soft">{words.none}</p>}
      {rows.length > 0 && (
        <TableFrame label={words.title}>
          <table className={tableLook}>
            <thead>
              <HeadRow heads={HEADS} />
            </thead>
            <tbody>
              {rows.map((row) => (
                <Row
                  key={`${row.resource}.${row.limit.name}`}
                  row={row}
                  unit={unitIn(resources, row.resource)}
                  tier={tier.name}
                  onEdit={() => setEdited(row)}
                  onRemove={() =>
                    remove(row.resource, targetOf(row), limitTitle(row.resource, row.limit.name))
                  }
                />
              ))}
            </tbody>
          </table>
        </TableFrame>
      )}
      <Orphans
        overrides={orphans}
        onRemove={(own) =>
          remove(own.resourceType, own.limit ?? null, limitTitle(own.resourceType, own.limit))
        }
      />
      {edited && (
        <OverrideDialog
          user={user.id}
          row={edited}
          unit={unitIn(resources, edited.resource)}
          onClose={() => setEdited(null)}
        />
      )}
      {removed && <RemoveOverride user={user.id} of={removed} onClose={() => setRemoved(null)} />}
    </>
  );
}

/** Stands in a `Subject`: what is used is read as the user sees it. */
export function UserLimits({ user }: { user: UserView }) {
  const tiers = useTiers();
  const overrides = useOverrides(user.id);
  return (
    <Card title={words.title} className="min-w-0">
      <p className="mb-3 text-sm text-soft">{words.text}</p>
      <Part query={tiers} skeleton="h-48 w-full">
        {(list) => (
          <Part query={overrides} skeleton="h-48 w-full">
            {(own) => {
              // A tier that is gone counts as the lowest one.
              const tier = list.tiers.find((one) => one.name === user.tier) ?? list.tiers[0];
              return (
                tier && (
                  <WithResources skeleton="h-48 w-full">
                    {(resources) => (
                      <LimitTable user={user} tier={tier} overrides={own.overrides} resources={resources} />
                    )}
                  </WithResources>
                )
              );
            }}
          </Part>
        )}
      </Part>
    </Card>
  );
}
