// Whom or what a name of the audit log means, with the way there.
import { Link } from "wouter";
import { text } from "../../text";
import { adminText } from "../../text/admin";
import { useUser } from "./data";
import { named } from "./difference";
import { linkLook, tierHref, UserLink } from "./parts";

const words = adminText.audit;

/** A user of whom only the id is known: by e-mail as soon as that is. */
function KnownUser({ id }: { id: string }) {
  const user = useUser(id);
  return <UserLink id={id} email={user.data?.email} />;
}

export function Named({ name }: { name: string }) {
  const { kind, id, user } = named(name);
  if (kind === "user" && user) return <KnownUser id={user} />;
  if (kind === "tier") {
    return (
      <Link href={tierHref(id)} className={linkLook}>
        {words.tier(text.common.tier(id))}
      </Link>
    );
  }
  if (kind === "key") {
    return (
      <>
        {user && <KnownUser id={user} />}
        <span className="block text-soft">
          {user ? words.byKey : words.key} <code className="break-all">{id}</code>
        </span>
      </>
    );
  }
  if (kind === "console") return words.console;
  if (kind === "service") return words.service;
  return <span className="break-all">{name}</span>;
}
