// Signing in and registering, and back to where one was.
import { type FormEvent, useState, useSyncExternalStore } from "react";
import { Link, Redirect, useSearch } from "wouter";
import type { ProblemError } from "../../app/problem";
import { asProblem } from "../../app/problem";
import { register, session, signIn } from "../../app/session";
import { usePageTitle } from "../../app/title";
import { accountText } from "../../text/account";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { TextField } from "../../ui/Field";
import { ErrorPanel } from "../../ui/states";

/** A path of this app to go back to; an address of another's is none. */
export function backOf(search: string): string {
  const back = new URLSearchParams(search).get("back") ?? "";
  return /^\/(?![/\\])/.test(back) && !back.startsWith("/login") ? back : "/usage";
}

interface Kind {
  title: string;
  action: string;
  send: (email: string, password: string) => Promise<void>;
  isNew: boolean;
}

/** What the form says of a refused try; null is for the panel with the request's id. */
function said(
  problem: ProblemError,
  isNew: boolean,
): { email?: string; password?: string; all?: string } | null {
  if (problem.status === 401) return { all: accountText.signIn.wrong };
  if (problem.status === 403) return { all: accountText.signIn.disabled };
  if (problem.status === 429) return { all: accountText.signIn.tooMany };
  if (problem.status === 409 && isNew) return { email: accountText.register.taken };
  if (problem.status === 422 && problem.field === "email") return { email: accountText.register.email };
  if (problem.status === 422 && problem.field === "password") return { password: problem.message };
  return null;
}

function PasswordForm({ kind }: { kind: Kind }) {
  const [problem, setProblem] = useState<ProblemError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [isShown, setShown] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(null);
    kind
      .send(String(form.get("email")), String(form.get("password")))
      .catch((thrown: unknown) => setProblem(asProblem(thrown)))
      .finally(() => setBusy(false));
  };
  const errors = problem && said(problem, kind.isNew);
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      {errors?.all && (
        <p
          role="alert"
          className="rounded-lg border border-exceeded bg-exceeded-soft p-3 text-sm text-exceeded-ink"
        >
          {errors.all}
        </p>
      )}
      {problem && !errors && <ErrorPanel thrown={problem} />}
      <TextField
        label={accountText.signIn.email}
        name="email"
        type="email"
        autoComplete="username"
        required
        error={errors?.email}
      />
      <TextField
        label={accountText.signIn.password}
        name="password"
        type={isShown ? "text" : "password"}
        autoComplete={kind.isNew ? "new-password" : "current-password"}
        minLength={kind.isNew ? 8 : undefined}
        required
        hint={kind.isNew ? accountText.register.passwordHint : undefined}
        error={errors?.password}
      />
      <label className="flex items-center gap-2 text-sm">
        <input
          type="checkbox"
          className="size-5 accent-accent"
          checked={isShown}
          onChange={() => setShown(!isShown)}
        />
        {accountText.signIn.show}
      </label>
      <Button type="submit" kind="primary" busy={isBusy}>
        {kind.action}
      </Button>
    </form>
  );
}

function Entrance({
  kind,
  notice,
  children,
}: {
  kind: Kind;
  notice?: string | undefined;
  children: React.ReactNode;
}) {
  usePageTitle(kind.title);
  const state = useSyncExternalStore(session.subscribe, session.get);
  const search = useSearch();
  if (state.is === "signed-in") return <Redirect to={backOf(search)} replace />;
  return (
    <div className="mx-auto mt-4 max-w-md sm:mt-12">
      <h1 className="mb-4 text-2xl font-semibold">{kind.title}</h1>
      {notice && <p className="mb-4 rounded-lg border border-edge bg-sunk p-3 text-sm">{notice}</p>}
      <Card title={kind.title} titleHidden>
        <PasswordForm kind={kind} />
      </Card>
      <p className="mt-4 text-sm text-soft">{children}</p>
    </div>
  );
}

const linkLook = "font-medium text-accent underline underline-offset-2";

export function SignInPage() {
  const search = useSearch();
  const { title, action, none, register: make, ended } = accountText.signIn;
  const isEnded = new URLSearchParams(search).has("ended");
  return (
    <Entrance kind={{ title, action, send: signIn, isNew: false }} notice={isEnded ? ended : undefined}>
      {none}{" "}
      <Link href={`/register${search === "" ? "" : `?${search}`}`} className={linkLook}>
        {make}
      </Link>
    </Entrance>
  );
}

export function RegisterPage() {
  const search = useSearch();
  const { title, action, have } = accountText.register;
  return (
    <Entrance kind={{ title, action, send: register, isNew: true }}>
      {have}{" "}
      <Link href={`/login${search === "" ? "" : `?${search}`}`} className={linkLook}>
        {accountText.signIn.action}
      </Link>
    </Entrance>
  );
}
