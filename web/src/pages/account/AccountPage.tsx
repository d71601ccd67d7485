// Who one is, and where one is signed in.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { api, read } from "../../api/client";
import type { Me, SessionRow } from "../../api/shapes";
import { check, forget } from "../../app/session";
import { usePageTitle } from "../../app/title";
import { text } from "../../text";
import { accountText } from "../../text/account";
import { Button, buttonLook } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { CopyButton } from "../../ui/Copy";
import { Confirm } from "../../ui/Dialog";
import { ErrorPanel, Loading, Skeleton } from "../../ui/states";
import { cellLook, headLook, TableFrame, tableLook } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { toast } from "../../ui/toasts";

const words = accountText;

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-x-4 border-b border-line py-2 last:border-0 sm:flex-row">
      <dt className="w-40 shrink-0 text-sm text-soft">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </div>
  );
}

function Facts({ me }: { me: Me }) {
  const page = words.page;
  return (
    <dl>
      <Fact name={page.email}>{me.email ?? page.noEmail}</Fact>
      <Fact name={page.id}>
        <span className="flex flex-wrap items-center gap-2">
          <code className="text-sm break-all">{me.id}</code>
          <CopyButton value={me.id} />
        </span>
      </Fact>
      <Fact name={page.role}>{text.common.roles[me.role] ?? me.role}</Fact>
      <Fact name={page.tier}>{text.common.tier(me.subscription_tier)}</Fact>
      {me.trial_ends_at && (
        <Fact name={page.trialEnds}>
          <Time at={me.trial_ends_at} />
        </Fact>
      )}
      <Fact name={page.since}>
        <Time at={me.created_at} />
      </Fact>
    </dl>
  );
}

function Profile() {
  const query = useQuery({ queryKey: ["me"], queryFn: () => read(api.GET("/api/auth/me")) });
  return (
    <Card title={words.page.title} titleHidden>
      {query.isError && !query.data && (
        <ErrorPanel thrown={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.isPending && (
        <Loading>
          <Skeleton className="h-48 w-full" />
        </Loading>
      )}
      {query.data && <Facts me={query.data} />}
      <Link href="/account/keys" className={`${buttonLook("plain")} mt-3`}>
        {text.common.nav.keys}
      </Link>
    </Card>
  );
}

function Session({ row }: { row: SessionRow }) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => read(api.DELETE("/api/auth/sessions/{id}", { params: { path: { id: row.id } } })),
    onSuccess: () => {
      toast(words.sessions.ended);
      // It may have been this one: then the app notices now, not when its token runs out.
      void check();
      return client.invalidateQueries({ queryKey: ["sessions"] });
    },
  });
  return (
    <tr>
      <td className={cellLook}>
        <Time at={row.createdAt} />
      </td>
      <td className={cellLook}>
        <Time at={row.refreshedAt} />
      </td>
      <td className={cellLook}>
        <Time at={row.expiresAt} />
      </td>
      <td className={`${cellLook} text-right`}>
        <Button
          small
          busy={end.isPending}
          aria-label={words.sessions.endOne(row.createdAt)}
          onClick={() => end.mutate()}
        >
          {words.sessions.end}
        </Button>
        {end.isError && <ErrorPanel thrown={end.error} />}
      </td>
    </tr>
  );
}

function Sessions() {
  const [isAsked, setAsked] = useState(false);
  const query = useQuery({ queryKey: ["sessions"], queryFn: () => read(api.GET("/api/auth/sessions")) });
  const everywhere = useMutation({
    mutationFn: () => read(api.POST("/api/auth/logout-all")),
    onSuccess: () => forget(),
  });
  const { title, text: about, began, used, ends, end } = words.sessions;
  return (
    <Card
      title={title}
      aside={
        <Button small kind="danger" onClick={() => setAsked(true)}>
          {words.sessions.everywhere}
        </Button>
      }
    >
      <p className="mb-3 text-sm text-soft">{about}</p>
      {query.isError && !query.data && (
        <ErrorPanel thrown={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.isPending && (
        <Loading>
          <Skeleton className="h-24 w-full" />
        </Loading>
      )}
      {query.data && (
        <TableFrame label={title}>
          <table className={tableLook}>
            <thead>
              <tr>
                {[began, used, ends].map((name) => (
                  <th key={name} scope="col" className={headLook}>
                    {name}
                  </th>
                ))}
                <th scope="col" className={headLook}>
                  <span className="sr-only">{end}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {query.data.sessions.map((row) => (
                <Session key={row.id} row={row} />
              ))}
            </tbody>
          </table>
        </TableFrame>
      )}
      <Confirm
        title={words.sessions.everywhereTitle}
        action={words.sessions.everywhere}
        isOpen={isAsked}
        busy={everywhere.isPending}
        onConfirm={() => everywhere.mutate()}
        onClose={() => setAsked(false)}
      >
        <p>{words.sessions.everywhereText}</p>
        {everywhere.isError && <ErrorPanel thrown={everywhere.error} />}
      </Confirm>
    </Card>
  );
}

export function AccountPage() {
  usePageTitle(words.page.title);
  return (
    <div className="mx-auto flex max-w-4xl flex-col gap-5">
      <h1 className="text-2xl font-semibold">{words.page.title}</h1>
      <Profile />
      <Sessions />
    </div>
  );
}
