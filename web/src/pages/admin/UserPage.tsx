// One user: who they are, what bounds them, and what was changed about them.
import { Link } from "wouter";
import type { UserView } from "../../api/shapes";
import { asProblem } from "../../app/problem";
import { usePageTitle } from "../../app/title";
import { adminText } from "../../text/admin";
import { buttonLook } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Icon } from "../../ui/icons";
import { Empty } from "../../ui/states";
import { Subject } from "../usage/data";
import { AuditTable } from "./AuditTable";
import { useAudit, useUser } from "./data";
import { Part } from "./Part";
import { Badge, linkLook, PageHead, userHref } from "./parts";
import { UserFacts } from "./UserFacts";
import { UserLimits } from "./UserLimits";

const words = adminText.user;
const LAST_CHANGES = 10;

export function MissingUser() {
  return (
    <>
      <h1 className="sr-only">{words.missingTitle}</h1>
      <Empty
        title={words.missingTitle}
        action={
          <Link href="/admin/users" className={buttonLook("plain")}>
            {words.toUsers}
          </Link>
        }
      >
        {words.missing}
      </Empty>
    </>
  );
}

/** Whether an id names nobody: it is well formed and unknown, or not even an id. */
export function isMissing(error: unknown): boolean {
  const { status } = asProblem(error);
  return status === 404 || status === 422;
}

function UserAudit({ id }: { id: string }) {
  const target = `user:${id}`;
  const audit = useAudit({ target, cursor: "" }, LAST_CHANGES);
  const all = (
    <Link href={`/admin/audit?target=${encodeURIComponent(target)}`} className={`${linkLook} text-sm`}>
      {words.auditAll}
    </Link>
  );
  return (
    <Card title={words.audit} aside={all} className="min-w-0">
      <Part query={audit} skeleton="h-48 w-full">
        {(page) =>
          page.entries.length === 0 ? (
            <p className="text-sm text-soft">{adminText.audit.nothing}</p>
          ) : (
            <AuditTable entries={page.entries} label={words.audit} hasTarget={false} />
          )
        }
      </Part>
    </Card>
  );
}

function KnownUser({ user }: { user: UserView }) {
  return (
    <>
      <PageHead
        title={user.email ?? user.id}
        about={user.disabled && <Badge kind="bad">{adminText.users.shut}</Badge>}
        aside={
          <Link href={`${userHref(user.id)}/usage`} className={buttonLook("primary")}>
            <Icon name="chart" /> {words.usage}
          </Link>
        }
      />
      <UserFacts user={user} />
      {/* What is asked for in here is asked as this user sees it. */}
      <Subject value={user.id}>
        <UserLimits user={user} />
      </Subject>
      <UserAudit id={user.id} />
    </>
  );
}

export function UserPage({ id }: { id: string }) {
  const user = useUser(id);
  usePageTitle(user.data ? (user.data.email ?? user.data.id) : adminText.users.title);
  return (
    <div className="flex flex-col gap-5">
      {user.isError && isMissing(user.error) ? (
        <MissingUser />
      ) : (
        <Part query={user} skeleton="h-96 w-full rounded-xl">
          {(data) => (
            <div className="flex flex-col gap-5">
              <KnownUser user={data} />
            </div>
          )}
        </Part>
      )}
    </div>
  );
}
