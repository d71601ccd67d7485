// The operator's pages, and the way between them.
import { Link, Route, Switch, useLocation } from "wouter";
import { NotFound } from "../../app/states";
import { adminText } from "../../text/admin";
import { AuditPage } from "./AuditPage";
import { HealthPage } from "./HealthPage";
import { OverviewPage } from "./OverviewPage";
import { NewTierPage, TierPage } from "./TierPage";
import { TiersPage } from "./TiersPage";
import { UserPage } from "./UserPage";
import { UsersPage } from "./UsersPage";
import { UserUsagePage } from "./UserUsagePage";

const { nav, title } = adminText;

const PLACES = [
  { href: "/admin", name: nav.overview, isBelow: (path: string) => path === "/admin" },
  { href: "/admin/users", name: nav.users, isBelow: (path: string) => path.startsWith("/admin/users") },
  {
    href: "/admin/tiers",
    name: nav.tiers,
    isBelow: (path: string) => path.startsWith("/admin/tiers") || path === "/admin/new-tier",
  },
  { href: "/admin/audit", name: nav.audit, isBelow: (path: string) => path === "/admin/audit" },
  { href: "/admin/health", name: nav.health, isBelow: (path: string) => path === "/admin/health" },
] as const;

function Ways() {
  const [path] = useLocation();
  return (
    <nav aria-label={title} className="no-print -mt-2 mb-5 flex flex-wrap gap-x-1 border-b border-line">
      {PLACES.map(({ href, name, isBelow }) => (
        <Link
          key={href}
          href={href}
          {...(isBelow(path) ? { "aria-current": "page" as const } : {})}
          className={`-mb-px inline-flex min-h-10 items-center border-b-2 px-2.5 text-sm font-medium sm:px-3 ${
            isBelow(path) ? "border-accent text-ink" : "border-transparent text-soft hover:text-ink"
          }`}
        >
          {name}
        </Link>
      ))}
    </nav>
  );
}

export default function AdminPages() {
  return (
    <>
      <Ways />
      <Switch>
        <Route path="/admin" component={OverviewPage} />
        <Route path="/admin/users" component={UsersPage} />
        <Route path="/admin/users/:id">{({ id }) => <UserPage key={id} id={id} />}</Route>
        <Route path="/admin/users/:id/usage">{({ id }) => <UserUsagePage key={id} id={id} />}</Route>
        <Route path="/admin/tiers" component={TiersPage} />
        <Route path="/admin/tiers/:name">{({ name }) => <TierPage key={name} name={name} />}</Route>
        <Route path="/admin/new-tier" component={NewTierPage} />
        <Route path="/admin/audit" component={AuditPage} />
        <Route path="/admin/health" component={HealthPage} />
        <Route>
          <NotFound />
        </Route>
      </Switch>
    </>
  );
}
