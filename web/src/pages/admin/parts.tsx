// Small parts that several of the operator's pages have.
import type { ReactNode } from "react";
import { Link } from "wouter";
import { text } from "../../text";
import { adminText } from "../../text/admin";
import { buttonLook } from "../../ui/Button";
import { headLook } from "../../ui/Table";
import type { Address } from "./address";

const words = adminText;

export const linkLook = "font-medium text-accent underline underline-offset-2";

export const userHref = (id: string) => `/admin/users/${encodeURIComponent(id)}`;
export const tierHref = (name: string) => `/admin/tiers/${encodeURIComponent(name)}`;

/** A user by e-mail, or by id where there is none, with the way to their page. */
export function UserLink({ id, email }: { id: string; email: string | null | undefined }) {
  return (
    <Link href={userHref(id)} className={`${linkLook} break-all`}>
      {email ?? id}
    </Link>
  );
}

export function TierLink({ name }: { name: string }) {
  return (
    <Link href={tierHref(name)} className={linkLook}>
      {text.common.tier(name)}
    </Link>
  );
}

/** The heading of a page, with what stands beside it. */
export function PageHead({ title, about, aside }: { title: string; about?: ReactNode; aside?: ReactNode }) {
  return (
    <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        <h1 className="text-2xl font-semibold break-words">{title}</h1>
        {about && <div className="text-sm text-soft">{about}</div>}
      </div>
      {aside && <div className="no-print flex flex-wrap gap-2">{aside}</div>}
    </div>
  );
}

export interface Head {
  name: string;
  isNumber?: boolean;
  /** Its name is for those who do not see the page. */
  isHidden?: boolean;
}

export function HeadRow({ heads }: { heads: readonly Head[] }) {
  return (
    <tr>
      {heads.map(({ name, isNumber, isHidden }) => (
        <th key={name} scope="col" className={`${headLook} ${isNumber ? "text-right" : ""}`}>
          {isHidden ? <span className="sr-only">{name}</span> : name}
        </th>
      ))}
    </tr>
  );
}

export function Fact({ name, action, children }: { name: string; action?: ReactNode; children: ReactNode }) {
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-1 border-b border-line py-2 last:border-0">
      <dt className="w-full text-sm text-soft sm:w-40 sm:shrink-0">{name}</dt>
      <dd className="flex min-w-0 flex-1 flex-wrap items-center justify-between gap-2 break-words">
        <span className="min-w-0">{children}</span>
        {action && <span className="no-print">{action}</span>}
      </dd>
    </div>
  );
}

const BADGES = {
  good: "bg-ok-soft text-ink",
  bad: "bg-exceeded-soft text-exceeded-ink",
  plain: "bg-sunk text-soft",
} as const;

export function Badge({ kind, children }: { kind: keyof typeof BADGES; children: ReactNode }) {
  return (
    <span
      className={`inline-block rounded-full px-2 py-0.5 text-xs font-medium whitespace-nowrap ${BADGES[kind]}`}
    >
      {children}
    </span>
  );
}

/** The way through a list that the server pages; each page is an address of its own. */
export function Pages({ address, next }: { address: Address; next: string | null | undefined }) {
  const isFirst = address.get("cursor") === "";
  if (isFirst && !next) return null;
  return (
    <nav aria-label={words.pages} className="no-print mt-3 flex flex-wrap gap-2">
      {!isFirst && (
        <Link href={address.href({ cursor: "" })} className={buttonLook("plain", true)}>
          {words.first}
        </Link>
      )}
      {next && (
        <Link href={address.href({ cursor: next })} className={buttonLook("plain", true)}>
          {words.next}
        </Link>
      )}
    </nav>
  );
}
