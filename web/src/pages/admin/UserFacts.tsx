// What is known of a user, each with the way to change it.
import { useState } from "react";
import type { UserView } from "../../api/shapes";
import { useMe } from "../../app/me";
import { text } from "../../text";
import { adminText } from "../../text/admin";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { CopyButton } from "../../ui/Copy";
import { Dialog } from "../../ui/Dialog";
import { Time } from "../../ui/Time";
import { Badge, Fact, TierLink } from "./parts";
import { EraseForm, RoleForm, ShutForm, TierForm } from "./UserForms";

const words = adminText.user;

type Asked = "tier" | "role" | "account" | "memories";

function titleOf(asked: Asked, user: UserView): string {
  if (asked === "tier") return words.tierTitle;
  if (asked === "role") return words.roleTitle;
  if (asked === "memories") return words.eraseTitle;
  return user.disabled ? words.openTitle : words.shutTitle;
}

/** The dialog of a change; it keeps what it was opened with, whatever is shown behind it meanwhile. */
function Asking({ asked, user, onClose }: { asked: Asked; user: UserView; onClose: () => void }) {
  const [at] = useState(user);
  return (
    <Dialog title={titleOf(asked, at)} isOpen onClose={onClose}>
      {asked === "tier" && <TierForm user={at} onClose={onClose} />}
      {asked === "role" && <RoleForm user={at} onClose={onClose} />}
      {asked === "account" && <ShutForm user={at} onClose={onClose} />}
      {asked === "memories" && <EraseForm user={at} onClose={onClose} />}
    </Dialog>
  );
}

function Identity({ user }: { user: UserView }) {
  return (
    <>
      <Fact name={words.email}>{user.email ?? words.noEmail}</Fact>
      <Fact name={words.id} action={<CopyButton value={user.id} />}>
        <code className="text-sm break-all">{user.id}</code>
      </Fact>
    </>
  );
}

export function UserFacts({ user }: { user: UserView }) {
  const me = useMe();
  const [asked, setAsked] = useState<Asked | null>(null);
  const isSelf = me?.id === user.id;
  const change = (what: Asked, name: string) => (
    <Button small aria-label={words.changeOf(name)} onClick={() => setAsked(what)}>
      {words.change}
    </Button>
  );
  const danger = (what: Asked, name: string) => (
    <Button small kind="danger" onClick={() => setAsked(what)}>
      {name}
    </Button>
  );
  const account = user.disabled ? (
    <Button small onClick={() => setAsked("account")}>
      {words.open}
    </Button>
  ) : (
    danger("account", words.shut)
  );
  return (
    <Card title={words.facts} titleHidden className="max-w-4xl">
      <dl>
        <Identity user={user} />
        <Fact name={words.tier} action={change("tier", words.tier)}>
          <TierLink name={user.tier} />
        </Fact>
        <Fact name={words.role} action={!isSelf && change("role", words.role)}>
          {text.common.roles[user.role] ?? user.role}
        </Fact>
        <Fact name={words.state} action={!isSelf && account}>
          <Badge kind={user.disabled ? "bad" : "good"}>
            {user.disabled ? adminText.users.shut : adminText.users.open}
          </Badge>
        </Fact>
        {user.trialEndsAt && (
          <Fact name={words.trialEnds}>
            <Time at={user.trialEndsAt} />
          </Fact>
        )}
        <Fact name={words.created}>
          <Time at={user.createdAt} />
        </Fact>
        <Fact name={words.memories} action={danger("memories", words.erase)}>
          <span className="text-soft">{words.memoriesText}</span>
        </Fact>
      </dl>
      {isSelf && <p className="mt-2 text-sm text-soft">{words.ownAccount}</p>}
      {asked && <Asking asked={asked} user={user} onClose={() => setAsked(null)} />}
    </Card>
  );
}
