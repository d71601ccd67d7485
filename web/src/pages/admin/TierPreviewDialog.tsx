// Whom the change of a tier affects; only from here it is saved.
import { api, read } from "../../api/client";
import type { TierPreview, TierView } from "../../api/shapes";
import { format } from "../../lib/format";
import { text } from "../../text";
import { adminText } from "../../text/admin";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { ErrorPanel } from "../../ui/states";
import { cellLook, numberLook, TableFrame, tableLook } from "../../ui/Table";
import { Changes } from "./Changes";
import { unitIn, useWrite } from "./data";
import { HeadRow, UserLink } from "./parts";
import { capText, shownChanges } from "./shown";
import type { Resource, TierBody } from "./tierForm";

const words = adminText.tier;
const number = `${cellLook} ${numberLook}`;

const capOrNone = (cap: number | null, unit: string) => (cap === null ? words.removed : capText(cap, unit));

interface TableProps {
  preview: TierPreview;
  resources: readonly Resource[];
}

function CapTable({ preview, resources }: TableProps) {
  if (preview.changes.length === 0) return <p className="text-sm text-soft">{words.previewNone}</p>;
  const heads = [
    { name: adminText.limits.limit },
    { name: words.usersOver, isNumber: true },
    { name: words.capBefore, isNumber: true },
    { name: words.capAfter, isNumber: true },
  ];
  return (
    <>
      <TableFrame label={words.otherChanges}>
        <table className={tableLook} data-preview>
          <thead>
            <HeadRow heads={heads} />
          </thead>
          <tbody>
            {preview.changes.map((change) => {
              const unit = unitIn(resources, change.resourceType);
              return (
                <tr key={`${change.resourceType}.${change.name}`}>
                  <th scope="row" className={`${cellLook} text-left font-medium`}>
                    {text.common.resource(change.resourceType)} · {change.name}
                  </th>
                  <td
                    className={`${number} ${change.usersOver > 0 ? "font-semibold text-exceeded-ink" : ""}`}
                  >
                    {format.whole(change.usersOver)}
                  </td>
                  <td className={number}>{capOrNone(change.capBefore, unit)}</td>
                  <td className={number}>{capOrNone(change.capAfter, unit)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </TableFrame>
      <p className="text-sm text-soft">{words.usersOverMore}</p>
    </>
  );
}

function Examples({ preview, resources }: TableProps) {
  if (preview.examples.length === 0) return null;
  const heads = [
    { name: adminText.users.user },
    { name: adminText.limits.limit },
    { name: adminText.limits.used, isNumber: true },
    { name: words.capAfter, isNumber: true },
  ];
  return (
    <div>
      <h3 className="mb-1 font-medium">{words.examples}</h3>
      <TableFrame label={words.examples} className="max-h-60">
        <table className={tableLook} data-examples>
          <thead>
            <HeadRow heads={heads} />
          </thead>
          <tbody>
            {preview.examples.map((one) => {
              const unit = unitIn(resources, one.resourceType);
              return (
                <tr key={`${one.userId}.${one.resourceType}.${one.name}`}>
                  <td className={`${cellLook} min-w-40`}>
                    <UserLink id={one.userId} email={one.email} />
                  </td>
                  <td className={cellLook}>
                    {text.common.resource(one.resourceType)} · {one.name}
                  </td>
                  <td className={number}>{format.amount(one.used, unit)}</td>
                  <td className={number}>{capOrNone(one.capAfter, unit)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </TableFrame>
    </div>
  );
}

interface PreviewProps {
  name: string;
  body: TierBody;
  preview: TierPreview;
  before: TierView | null;
  resources: readonly Resource[];
  onSaved: (saved: TierView) => void;
  onClose: () => void;
}

export function TierPreviewDialog({
  name,
  body,
  preview,
  before,
  resources,
  onSaved,
  onClose,
}: PreviewProps) {
  const write = useWrite({
    send: () => read(api.PUT("/api/admin/tiers/{name}", { params: { path: { name } }, body })),
    said: (saved) => words.saved(text.common.tier(saved.name)),
    onDone: (saved) => {
      onClose();
      onSaved(saved);
    },
  });
  const old = before && { rank: before.rank, limits: before.limits };
  const { changes } = shownChanges(old, { rank: body.rank ?? null, limits: body.limits }, resources);
  const users = before
    ? words.previewUsers(format.whole(preview.users), preview.users === 1)
    : words.previewNew;
  return (
    <Dialog title={words.previewTitle(text.common.tier(name))} isOpen onClose={onClose} wide>
      <div className="flex flex-col gap-4">
        <p>{users}</p>
        {!preview.isComplete && <p className="text-sm text-warning-ink">{words.previewIncomplete}</p>}
        <CapTable preview={preview} resources={resources} />
        <Examples preview={preview} resources={resources} />
        <details className="text-sm" open={preview.changes.length === 0}>
          <summary className="font-medium">{words.otherChanges}</summary>
          <Changes changes={changes} />
        </details>
        {write.isError && <ErrorPanel thrown={write.error} />}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button kind="primary" busy={write.isPending} onClick={() => write.mutate(undefined)}>
            {words.save}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
