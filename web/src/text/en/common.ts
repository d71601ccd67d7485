// Words that several pages share.

const RESOURCES: Record<string, string> = {
  llm_tokens: "Tokens",
  memory_storage: "Storage",
  agent_minutes: "Agent minutes",
  messages: "Messages",
};

const WINDOWS: Record<string, string> = {
  hour: "this hour",
  day: "today",
  week: "this week",
  month: "this month",
  lifetime: "in all",
};

const PER: Record<string, string> = {
  hour: "per hour",
  day: "per day",
  week: "per week",
  month: "per month",
  lifetime: "in all",
};

/** `big_jobs` as `Big jobs`. */
function spelled(name: string): string {
  const words = name.replaceAll(/[._-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const common = {
  product: "NovaCore",
  resource: (name: string) => RESOURCES[name] ?? spelled(name),
  tier: spelled,
  window: (name: string) => WINDOWS[name] ?? name,
  per: (name: string) => PER[name] ?? name,
  roles: {
    student: "Student",
    subscriber: "Subscriber",
    admin: "Administrator",
    service: "Service",
  } as Record<string, string>,
  level: { ok: "Within limit", warning: "Close to the limit", exceeded: "Limit reached", none: "Unlimited" },
  nav: {
    skip: "Skip to the content",
    main: "Main",
    usage: "Usage",
    account: "Account",
    keys: "API keys",
    sessions: "Sessions",
    admin: "Operator",
    signIn: "Sign in",
    signOut: "Sign out",
    menu: "Menu",
    apiDocs: "API reference",
  },
  theme: { label: "Theme", system: "System", light: "Light", dark: "Dark" },
  live: {
    online: "Live",
    connecting: "Connecting",
    lost: "Reconnecting",
    lostMore: "The live connection is lost and is tried again. The figures stay as they were.",
    offline: "Offline",
    asOf: (clock: string) => `as of ${clock}`,
  },
  unlimited: "Unlimited",
  loading: "Loading",
  retry: "Try again",
  cancel: "Cancel",
  close: "Close",
  save: "Save",
  more: "Show more",
  copy: "Copy",
  copied: "Copied",
  never: "Never",
  none: "None",
  all: "All",
  yes: "Yes",
  no: "No",
  reason: "Reason",
  reasonHint: "Kept in the audit log.",
  showTable: "Show as table",
  showChart: "Show as chart",
  problem: {
    offline: "Nothing answers. Is the network there? This page tries again by itself.",
    busy: "The server can't answer at the moment.",
    forbiddenTitle: "Not yours to see",
    forbidden: "Your account has no right to this page. If it should have, ask an administrator.",
    notFoundTitle: "There is no such page",
    notFound: "The address may be mistyped, or the page may have moved.",
    toUsage: "Go to your usage",
    requestId: "Request",
    unexpectedTitle: "This page broke",
    unexpected: "Reloading may help. Nothing of your data is lost.",
    reload: "Reload",
  },
};
