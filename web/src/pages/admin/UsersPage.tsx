// All users, found by a part of their e-mail or id, and by tier.
import { useEffect, useRef, useState } from "react";
import type { UserView } from "../../api/shapes";
import { usePageTitle } from "../../app/title";
import { text } from "../../text";
import { adminText } from "../../text/admin";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { SelectField, TextField } from "../../ui/Field";
import { Empty } from "../../ui/states";
import { cellLook, TableFrame, tableLook } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { type Address, useAddress } from "./address";
import { useTiers, useUsers } from "./data";
import { Part } from "./Part";
import { Badge, HeadRow, PageHead, Pages, TierLink, UserLink } from "./parts";

const words = adminText.users;
const PAUSE_MS = 300;

/** What is typed, which goes into the address once the typing pauses. */
function useTyped(address: Address, name: string) {
  const settled = address.get(name);
  const [typed, setTyped] = useState(settled);
  const sent = useRef(settled);
  useEffect(() => {
    // Only what others put there: typing may have gone on since this field did.
    if (settled !== sent.current) setTyped(settled);
    sent.current = settled;
  }, [settled]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing starts the pause anew.
  useEffect(() => {
    if (typed === settled) return;
    const timer = setTimeout(() => {
      sent.current = typed;
      address.set({ [name]: typed, cursor: "" });
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return [typed, setTyped] as const;
}

function Filters({ address }: { address: Address }) {
  const [typed, setTyped] = useTyped(address, "search");
  const tiers = useTiers();
  const tier = address.get("tier");
  const names = new Set((tiers.data?.tiers ?? []).map((one) => one.name));
  if (tier !== "") names.add(tier);
  return (
    <search className="no-print mb-4 grid gap-3 sm:grid-cols-[minmax(0,1fr)_14rem]">
      <TextField
        label={words.search}
        hint={words.searchHint}
        type="search"
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      <SelectField
        label={words.tier}
        value={tier}
        onChange={(event) => address.set({ tier: event.target.value, cursor: "" })}
      >
        <option value="">{text.common.all}</option>
        {[...names].map((name) => (
          <option key={name} value={name}>
            {text.common.tier(name)}
          </option>
        ))}
      </SelectField>
    </search>
  );
}

function UserRow({ user }: { user: UserView }) {
  return (
    <tr>
      <td className={`${cellLook} min-w-48`}>
        <UserLink id={user.id} email={user.email} />
        {user.email ? null : <span className="block text-soft">{words.serviceOnly}</span>}
      </td>
      <td className={cellLook}>
        <TierLink name={user.tier} />
      </td>
      <td className={cellLook}>{text.common.roles[user.role] ?? user.role}</td>
      <td className={cellLook}>
        <Badge kind={user.disabled ? "bad" : "good"}>{user.disabled ? words.shut : words.open}</Badge>
      </td>
      <td className={`${cellLook} whitespace-nowrap`}>
        {user.trialEndsAt ? <Time at={user.trialEndsAt} /> : adminText.dash}
      </td>
      <td className={`${cellLook} whitespace-nowrap`}>
        <Time at={user.createdAt} />
      </td>
    </tr>
  );
}

function UserTable({ users }: { users: readonly UserView[] }) {
  const heads = [words.user, words.tier, words.role, words.state, words.trial, words.created];
  return (
    <TableFrame label={words.title}>
      <table className={tableLook} data-users>
        <thead>
          <HeadRow heads={heads.map((name) => ({ name }))} />
        </thead>
        <tbody>
          {users.map((user) => (
            <UserRow key={user.id} user={user} />
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

function Nobody({ address }: { address: Address }) {
  // The page before was just full.
  if (address.get("cursor") !== "") return <Empty title={adminText.noMore} />;
  const isFiltered = address.get("search") !== "" || address.get("tier") !== "";
  if (!isFiltered) return <Empty title={words.emptyTitle}>{words.empty}</Empty>;
  const clear = () => address.set({ search: "", tier: "", cursor: "" });
  return <Empty title={words.nothing} action={<Button onClick={clear}>{words.clear}</Button>} />;
}

export function UsersPage() {
  usePageTitle(words.title);
  const address = useAddress();
  const [search, tier, cursor] = ["search", "tier", "cursor"].map(address.get);
  const users = useUsers({ search: search ?? "", tier: tier ?? "", cursor: cursor ?? "" });
  return (
    <div className="flex flex-col gap-5">
      <PageHead title={words.title} />
      <Card title={words.title} titleHidden>
        <Filters address={address} />
        <Part query={users} skeleton="h-96 w-full">
          {(page) => (
            <>
              {page.users.length === 0 ? <Nobody address={address} /> : <UserTable users={page.users} />}
              <Pages address={address} next={page.nextCursor} />
            </>
          )}
        </Part>
      </Card>
    </div>
  );
}
