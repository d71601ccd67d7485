// What stands around every page: the way in, the way out, and where one is.
import { type ReactNode, useEffect, useRef } from "react";
import { Link, useLocation } from "wouter";
import { text } from "../text";
import { Button, buttonLook } from "../ui/Button";
import { Icon, type IconName } from "../ui/icons";
import { Toasts } from "../ui/toasts";
import { useMe } from "./me";
import { signOut } from "./session";
import { chooseTheme, type ThemeChoice, useThemeChoice } from "./theme";

const { nav } = text.common;

function NavLink({ href, icon, children }: { href: string; icon: IconName; children: string }) {
  const [path] = useLocation();
  const isHere = path === href || path.startsWith(`${href}/`);
  return (
    <Link
      href={href}
      {...(isHere ? { "aria-current": "page" as const } : {})}
      className={`inline-flex min-h-10 items-center gap-1.5 rounded-lg px-2.5 text-sm font-medium sm:px-3 ${
        isHere ? "bg-accent-soft text-ink" : "text-soft hover:bg-sunk hover:text-ink"
      }`}
    >
      <span className="max-sm:hidden">
        <Icon name={icon} />
      </span>
      {children}
    </Link>
  );
}

function ThemeSelect() {
  const choice = useThemeChoice();
  const { label, system, light, dark } = text.common.theme;
  return (
    <select
      aria-label={label}
      value={choice}
      onChange={(event) => chooseTheme(event.target.value as ThemeChoice)}
      className="min-h-8 rounded-lg border border-edge bg-card px-2 text-sm"
    >
      <option value="system">{system}</option>
      <option value="light">{light}</option>
      <option value="dark">{dark}</option>
    </select>
  );
}

function Person({ name }: { name: string }) {
  const ref = useRef<HTMLDetailsElement>(null);
  const [path] = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: gone somewhere else, it closes.
  useEffect(() => {
    if (ref.current) ref.current.open = false;
  }, [path]);
  const leave = (event: React.FocusEvent) => {
    if (!ref.current?.contains(event.relatedTarget) && ref.current) ref.current.open = false;
  };
  const onEscape = (event: React.KeyboardEvent) => {
    if (event.key !== "Escape" || !ref.current?.open) return;
    ref.current.open = false;
    ref.current.querySelector("summary")?.focus();
  };
  return (
    <details ref={ref} className="group relative" onBlur={leave} onKeyDown={onEscape}>
      <summary
        className={`${buttonLook("quiet", true)} min-h-10 list-none [&::-webkit-details-marker]:hidden`}
      >
        <Icon name="user" />
        <span className="max-w-40 truncate max-md:sr-only">{name}</span>
        <Icon name="chevron" size={14} />
      </summary>
      <div className="absolute right-0 z-10 mt-1 flex w-60 flex-col gap-1 rounded-xl border border-edge bg-card p-2 shadow-card">
        <p className="truncate px-2.5 py-1 text-sm text-soft md:hidden">{name}</p>
        <Link href="/account" className={`${buttonLook("quiet")} justify-start`}>
          <Icon name="user" /> {nav.account}
        </Link>
        <Link href="/account/keys" className={`${buttonLook("quiet")} justify-start`}>
          <Icon name="key" /> {nav.keys}
        </Link>
        <a href="/docs" className={`${buttonLook("quiet")} justify-start`}>
          <Icon name="table" /> {nav.apiDocs}
        </a>
        <div className="flex items-center justify-between px-2.5 py-1 text-sm text-soft">
          {text.common.theme.label} <ThemeSelect />
        </div>
        <Button kind="quiet" icon="out" className="justify-start" onClick={() => void signOut()}>
          {nav.signOut}
        </Button>
      </div>
    </details>
  );
}

export function Shell({ children }: { children: ReactNode }) {
  const me = useMe();
  return (
    <>
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-30 focus:rounded-lg focus:bg-card focus:px-4 focus:py-2"
      >
        {nav.skip}
      </a>
      <header className="no-print border-b border-line bg-card">
        <div className="mx-auto flex min-h-14 max-w-[110rem] items-center gap-1 px-3 sm:gap-3 sm:px-6">
          <Link
            href="/usage"
            className="flex items-center gap-2 font-semibold"
            aria-label={text.common.product}
          >
            <img src="/favicon.svg" alt="" width={28} height={28} />
            <span className="max-sm:hidden">{text.common.product}</span>
          </Link>
          <nav aria-label={nav.main} className="flex min-w-0 flex-1 items-center gap-0.5">
            {me && (
              <NavLink href="/usage" icon="chart">
                {nav.usage}
              </NavLink>
            )}
            {me?.role === "admin" && (
              <NavLink href="/admin" icon="shield">
                {nav.admin}
              </NavLink>
            )}
          </nav>
          {me ? <Person name={me.email ?? me.id} /> : <ThemeSelect />}
        </div>
      </header>
      <main
        id="content"
        tabIndex={-1}
        className="mx-auto max-w-[110rem] px-3 py-5 outline-none sm:px-6 sm:py-7"
      >
        {children}
      </main>
      <Toasts />
    </>
  );
}
