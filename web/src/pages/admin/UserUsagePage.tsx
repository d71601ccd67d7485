// A user's usage page as they see it, marked as another's.
import { Link } from "wouter";
import { usePageTitle } from "../../app/title";
import { text } from "../../text";
import { adminText } from "../../text/admin";
import { buttonLook } from "../../ui/Button";
import { Icon } from "../../ui/icons";
import { Subject } from "../usage/data";
import { UsageView } from "../usage/UsagePage";
import { useUser } from "./data";
import { Part } from "./Part";
import { userHref } from "./parts";
import { isMissing, MissingUser } from "./UserPage";

function Viewing({ id, name }: { id: string; name: string }) {
  return (
    <div
      role="note"
      className="mb-5 flex flex-wrap items-center justify-between gap-3 rounded-xl border-2 border-accent bg-accent-soft p-4"
      data-viewing={id}
    >
      <p className="flex min-w-0 gap-2">
        <Icon name="user" />
        <span className="min-w-0">
          <span className="block font-medium break-words">{text.usage.viewing(name)}</span>
          <span className="block text-sm">{adminText.viewing.readOnly}</span>
        </span>
      </p>
      <Link href={userHref(id)} className={`${buttonLook("plain", true)} no-print`}>
        {text.usage.backToUser}
      </Link>
    </div>
  );
}

function Shown({ id, name }: { id: string; name: string }) {
  const title = text.usage.of(name);
  return (
    <>
      <Viewing id={id} name={name} />
      <Subject value={id}>
        <UsageView account={id} title={title} />
      </Subject>
    </>
  );
}

export function UserUsagePage({ id }: { id: string }) {
  const user = useUser(id);
  usePageTitle(user.data ? text.usage.of(user.data.email ?? user.data.id) : text.usage.title);
  if (user.isError && isMissing(user.error)) return <MissingUser />;
  return (
    <Part query={user} skeleton="h-96 w-full rounded-xl">
      {(data) => <Shown id={id} name={data.email ?? data.id} />}
    </Part>
  );
}
