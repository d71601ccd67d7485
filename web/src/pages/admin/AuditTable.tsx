// Entries of the audit log.
import type { AuditView } from "../../api/shapes";
import { adminText } from "../../text/admin";
import { cellLook, TableFrame, tableLook } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { Changes } from "./Changes";
import { Named } from "./Named";
import { WithResources } from "./Part";
import { HeadRow } from "./parts";
import { shownChanges } from "./shown";
import type { Resource } from "./tierForm";

const words = adminText.audit;

function Row({
  entry,
  resources,
  hasTarget,
}: {
  entry: AuditView;
  resources: readonly Resource[];
  hasTarget: boolean;
}) {
  const { about, changes } = shownChanges(entry.before, entry.after, resources);
  return (
    <tr data-audit={entry.seq}>
      <td className={`${cellLook} whitespace-nowrap`}>
        <Time at={entry.at} />
      </td>
      <td className={`${cellLook} min-w-36`}>
        <Named name={entry.actor} />
      </td>
      <td className={`${cellLook} min-w-32`}>{words.actions[entry.action] ?? entry.action}</td>
      {hasTarget && (
        <td className={`${cellLook} min-w-36`}>
          <Named name={entry.target} />
        </td>
      )}
      <td className={`${cellLook} min-w-48`}>
        {about && <span className="font-medium">{about}</span>}
        <Changes changes={changes} />
      </td>
      <td className={`${cellLook} min-w-32 break-words`}>{entry.reason}</td>
    </tr>
  );
}

interface AuditTableProps {
  entries: readonly AuditView[];
  label: string;
  /** Without where all are about the same. */
  hasTarget?: boolean;
}

export function AuditTable({ entries, label, hasTarget = true }: AuditTableProps) {
  const heads = [
    words.when,
    words.actor,
    words.action,
    ...(hasTarget ? [words.on] : []),
    words.changes,
    words.reason,
  ];
  return (
    <WithResources skeleton="h-48 w-full">
      {(resources) => (
        <TableFrame label={label}>
          <table className={tableLook}>
            <thead>
              <HeadRow heads={heads.map((name) => ({ name }))} />
            </thead>
            <tbody>
              {entries.map((entry) => (
                <Row key={entry.seq} entry={entry} resources={resources} hasTarget={hasTarget} />
              ))}
            </tbody>
          </table>
        </TableFrame>
      )}
    </WithResources>
  );
}
