// Which page an address is.
import { QueryClientProvider } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useEffect, useSyncExternalStore } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { UsagePage } from "../pages/usage/UsagePage";
import { text } from "../text";
import { ErrorPanel } from "../ui/states";
import { Boundary } from "./Boundary";
import { queries } from "./query";
import { Shell } from "./Shell";
import { session, start } from "./session";
import { Forbidden, NotFound, Starting } from "./states";

// Who opens the usage page loads it and nothing else.
const AdminPages = lazy(() => import("../pages/admin/AdminPages"));
const AccountPage = lazy(async () => ({
  default: (await import("../pages/account/AccountPage")).AccountPage,
}));
const KeysPage = lazy(async () => ({ default: (await import("../pages/account/KeysPage")).KeysPage }));
const SignInPage = lazy(async () => ({ default: (await import("../pages/account/SignInPage")).SignInPage }));
const RegisterPage = lazy(async () => ({
  default: (await import("../pages/account/SignInPage")).RegisterPage,
}));

/** Only for who is signed in; others are sent to sign in, and come back here. */
function Inside({ children, forAdmin = false }: { children: ReactNode; forAdmin?: boolean }) {
  const state = useSyncExternalStore(session.subscribe, session.get);
  const [path] = useLocation();
  if (state.is === "starting") return <Starting />;
  if (state.is === "unreachable") return <ErrorPanel thrown={state.problem} onRetry={() => void start()} />;
  if (state.is !== "signed-in") {
    const back = encodeURIComponent(path + window.location.search);
    return <Redirect to={`/login?${state.is === "ended" ? "ended=1&" : ""}back=${back}`} replace />;
  }
  if (forAdmin && state.me.role !== "admin") return <Forbidden />;
  return children;
}

/** Nothing of one user's is shown to the next one in the same browser. */
function useForgetting(): void {
  useEffect(() => {
    let last = "";
    return session.subscribe(() => {
      const state = session.get();
      if (state.is === "starting" || state.is === "unreachable") return;
      const user = state.is === "signed-in" ? state.me.id : "";
      if (user !== last) queries.clear();
      last = user;
    });
  }, []);
}

function Pages() {
  return (
    <Switch>
      <Route path="/">
        <Redirect to="/usage" replace />
      </Route>
      <Route path="/login" component={SignInPage} />
      <Route path="/register" component={RegisterPage} />
      <Route path="/usage">
        <Inside>
          <UsagePage />
        </Inside>
      </Route>
      <Route path="/account">
        <Inside>
          <AccountPage />
        </Inside>
      </Route>
      <Route path="/account/keys">
        <Inside>
          <KeysPage />
        </Inside>
      </Route>
      <Route path="/admin/*?">
        <Inside forAdmin>
          <AdminPages />
        </Inside>
      </Route>
      <Route>
        <NotFound />
      </Route>
    </Switch>
  );
}

export function App() {
  useForgetting();
  useEffect(() => {
    document.documentElement.lang = "en";
    document.title = text.common.product;
  }, []);
  return (
    <QueryClientProvider client={queries}>
      <Shell>
        <Boundary>
          <Suspense fallback={<Starting />}>
            <Pages />
          </Suspense>
        </Boundary>
      </Shell>
    </QueryClientProvider>
  );
}
