// API keys: made with what they may do, shown once, revoked for good.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, read } from "../../api/client";
import type { KeyRow, NewKey } from "../../api/shapes";
import { useMe } from "../../app/me";
import { asProblem } from "../../app/problem";
import { usePageTitle } from "../../app/title";
import { text } from "../../text";
import { accountText } from "../../text/account";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { CopyButton } from "../../ui/Copy";
import { Confirm, Dialog } from "../../ui/Dialog";
import { SelectField, TextField } from "../../ui/Field";
import { Empty, ErrorPanel, Loading, Skeleton } from "../../ui/states";
import { cellLook, headLook, TableFrame, tableLook } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { toast } from "../../ui/toasts";

const words = accountText.keys;

type ScopeName = KeyRow["scopes"][number];
const KEYS = ["keys"] as const;
const DAY_MS = 86_400_000;
/** What a key for an ordinary program does. */
const USUAL = new Set(["usage:read", "llm", "memory"]);

function ScopeChoice({ names }: { names: readonly string[] }) {
  return (
    <fieldset>
      <legend className="mb-1 text-sm font-medium">{words.scopes}</legend>
      <div className="flex flex-col gap-1">
        {names.map((name) => (
          <label key={name} className="flex min-h-7 items-center gap-2 text-sm">
            <input
              type="checkbox"
              name="scope"
              value={name}
              defaultChecked={USUAL.has(name)}
              className="size-5 shrink-0 accent-accent"
            />
            <span>
              {words.scopeTexts[name] ?? name} <code className="text-soft">{name}</code>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function MakeKey({
  isOpen,
  onClose,
  onMade,
}: {
  isOpen: boolean;
  onClose: () => void;
  onMade: (key: NewKey) => void;
}) {
  const me = useMe();
  const client = useQueryClient();
  const [isScopeless, setScopeless] = useState(false);
  const make = useMutation({
    mutationFn: (body: { name: string; scopes: ScopeName[]; expiresAt: string | null }) =>
      read(api.POST("/api/auth/keys", { body })),
    onSuccess: async (made) => {
      onMade(made);
      await client.invalidateQueries({ queryKey: KEYS });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const scopes = form.getAll("scope") as ScopeName[];
    setScopeless(scopes.length === 0);
    if (scopes.length === 0) return;
    const days = Number(form.get("expiry"));
    const expiresAt = days > 0 ? new Date(Date.now() + days * DAY_MS).toISOString() : null;
    make.mutate({ name: String(form.get("name")), scopes, expiresAt });
  };
  const names = Object.keys(words.scopeTexts).filter(
    (name) => me?.role === "admin" || (name !== "admin" && name !== "act_as"),
  );
  const problem = make.isError ? asProblem(make.error) : null;
  return (
    <Dialog title={words.make} isOpen={isOpen} onClose={onClose}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        {problem && problem.field !== "name" && <ErrorPanel thrown={problem} />}
        <TextField
          label={words.name}
          name="name"
          required
          maxLength={100}
          autoComplete="off"
          hint={words.nameHint}
          error={problem?.field === "name" ? problem.message : null}
        />
        <ScopeChoice names={names} />
        {isScopeless && (
          <p role="alert" className="text-sm text-exceeded-ink">
            {words.needScope}
          </p>
        )}
        <SelectField label={words.expires} name="expiry" defaultValue="90">
          {["30", "90", "365", "never"].map((value) => (
            <option key={value} value={value}>
              {words.expiry[value]}
            </option>
          ))}
        </SelectField>
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button type="submit" kind="primary" busy={make.isPending}>
            {words.make}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** The one time that the secret is shown. */
function ShownOnce({ made, onDone }: { made: NewKey | null; onDone: () => void }) {
  const example = made
    ? `curl -s ${window.location.origin}/api/usage/quota -H 'authorization: Bearer ${made.key}'`
    : "";
  return (
    <Dialog title={words.newTitle} isOpen={made !== null} onClose={onDone}>
      <p className="mb-3 text-soft">{words.newText}</p>
      <p className="mb-2 rounded-lg bg-sunk p-3">
        <code className="text-sm break-all select-all" data-new-key>
          {made?.key}
        </code>
      </p>
      <CopyButton value={made?.key ?? ""} />
      <p className="mt-4 mb-2 text-sm font-medium">{words.tryIt}</p>
      <p className="rounded-lg bg-sunk p-3">
        <code className="text-sm break-all select-all">{example}</code>
      </p>
      <div className="mt-5 flex justify-end">
        <Button kind="primary" onClick={onDone}>
          {words.done}
        </Button>
      </div>
    </Dialog>
  );
}

function KeyLine({ row, onRevoke }: { row: KeyRow; onRevoke: () => void }) {
  const isExpired = row.expiresAt ? new Date(row.expiresAt) <= new Date() : false;
  return (
    <tr>
      <td className={`${cellLook} font-medium break-words`}>
        {row.name}
        <code className="block font-normal text-soft">{row.prefix}…</code>
      </td>
      <td className={cellLook}>{row.scopes.join(", ")}</td>
      <td className={cellLook}>
        <Time at={row.createdAt} />
      </td>
      <td className={cellLook}>{row.lastUsedAt ? <Time at={row.lastUsedAt} /> : text.common.never}</td>
      <td className={cellLook}>
        {row.expiresAt ? <Time at={row.expiresAt} /> : text.common.never}
        {isExpired && <span className="ml-1 text-exceeded-ink">({words.expired})</span>}
      </td>
      <td className={`${cellLook} text-right`}>
        <Button small kind="danger" onClick={onRevoke}>
          {words.revoke}
          <span className="sr-only"> {row.name}</span>
        </Button>
      </td>
    </tr>
  );
}

function KeyTable({ rows, onRevoke }: { rows: readonly KeyRow[]; onRevoke: (row: KeyRow) => void }) {
  return (
    <TableFrame label={words.title}>
      <table className={tableLook}>
        <thead>
          <tr>
            {[words.name, words.scopes, words.created, words.used, words.expires].map((name) => (
              <th key={name} scope="col" className={headLook}>
                {name}
              </th>
            ))}
            <th scope="col" className={headLook}>
              <span className="sr-only">{words.revoke}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <KeyLine key={row.id} row={row} onRevoke={() => onRevoke(row)} />
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

function Revoke({ row, onClose }: { row: KeyRow | null; onClose: () => void }) {
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: (id: string) => read(api.DELETE("/api/auth/keys/{id}", { params: { path: { id } } })),
    onSuccess: () => {
      if (row) toast(words.revoked(row.name));
      onClose();
      return client.invalidateQueries({ queryKey: KEYS });
    },
  });
  return (
    <Confirm
      title={words.revokeTitle(row?.name ?? "")}
      action={words.revoke}
      isOpen={row !== null}
      busy={revoke.isPending}
      onConfirm={() => row && revoke.mutate(row.id)}
      onClose={onClose}
    >
      <p>{words.revokeText}</p>
      {revoke.isError && <ErrorPanel thrown={revoke.error} />}
    </Confirm>
  );
}

export function KeysPage() {
  usePageTitle(words.title);
  const [isMaking, setMaking] = useState(false);
  const [made, setMade] = useState<NewKey | null>(null);
  const [revoked, setRevoked] = useState<KeyRow | null>(null);
  const query = useQuery({ queryKey: KEYS, queryFn: () => read(api.GET("/api/auth/keys")) });
  const rows = query.data?.keys ?? [];
  const make = (
    <Button kind="primary" icon="key" onClick={() => setMaking(true)}>
      {words.make}
    </Button>
  );
  return (
    <div className="mx-auto flex max-w-5xl flex-col gap-5">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-2xl font-semibold">{words.title}</h1>
        {rows.length > 0 && make}
      </div>
      <Card title={words.title} titleHidden>
        <p className="mb-3 text-sm text-soft">{words.text}</p>
        {query.isError && !query.data && (
          <ErrorPanel thrown={query.error} onRetry={() => void query.refetch()} />
        )}
        {query.isPending && (
          <Loading>
            <Skeleton className="h-32 w-full" />
          </Loading>
        )}
        {query.data && rows.length === 0 && (
          <Empty title={words.emptyTitle} action={make}>
            {words.empty}
          </Empty>
        )}
        {rows.length > 0 && <KeyTable rows={rows} onRevoke={setRevoked} />}
      </Card>
      <MakeKey
        isOpen={isMaking}
        onClose={() => setMaking(false)}
        onMade={(key) => {
          setMaking(false);
          setMade(key);
        }}
      />
      <ShownOnce made={made} onDone={() => setMade(null)} />
      <Revoke row={revoked} onClose={() => setRevoked(null)} />
    </div>
  );
}
