// The user's page: what is left, in figures, words and pictures, and how it moves.
import { expect, fits, isAccessible, test } from "./support/fixtures";
import { ADA, DEMO_PASSWORD, PASSWORD } from "./support/server";

const card = (name: string) => `section:has(> [data-resource="${name}"])`;

test("cards say used, limit, left and when it renews, by level", async ({ page, server, user, signIn }) => {
  await server.record(user, "llm_tokens", 799);
  await signIn(user.email, PASSWORD);
  const tokens = page.locator(card("llm_tokens"));
  await expect(tokens.getByRole("progressbar")).toHaveAttribute("aria-valuetext", "799 tokens, 79.9%");
  await expect(tokens).toContainText("799 tokens");
  await expect(tokens).toContainText("of 1,000 tokens per day");
  await expect(tokens).toContainText("201 tokens left");
  await expect(tokens).toContainText(/Renews .* 01:00 \(in \d+ (hours?|minutes?)\)/);
  await expect(tokens.locator("[data-level]")).toHaveText("Within limit");
  await server.record(user, "llm_tokens", 1);
  await expect(tokens.locator("[data-level]")).toHaveText("Close to the limit");
  await expect(page.locator('[data-warning="warning"]')).toContainText("Tokens at 80%");
  await server.record(user, "llm_tokens", 1_700);
  await expect(tokens.locator("[data-level]")).toHaveText("Limit reached");
  await expect(tokens).toContainText("1,500 tokens over the limit");
  await expect(tokens.getByRole("progressbar")).toHaveAttribute("aria-valuenow", "100");
  await expect(page.locator('[data-warning="exceeded"]')).toContainText("Tokens at 250%");
});

test("each kind of limit has its own words", async ({ page, server, user, signIn }) => {
  await server.record(user, "memory_storage", 5 * 1024 * 1024);
  await signIn(user.email, PASSWORD);
  await expect(page.locator(card("agent_minutes"))).toContainText("Not in your plan");
  await expect(page.locator(card("memory_storage"))).toContainText("5.00 MB");
  await expect(page.locator(card("memory_storage"))).toContainText("Frees up when you delete");
  await server.setTier(user, "pro");
  const tokens = page.locator(card("llm_tokens"));
  await expect(tokens.locator("[data-level]")).toHaveText("Unlimited");
  await expect(tokens.getByRole("progressbar")).toHaveCount(0);
});

test("a record moves the open page within a second", async ({ page, server, user, signIn }) => {
  await signIn(user.email, PASSWORD);
  await expect(page.locator("[data-live=online]")).toBeVisible();
  const begun = Date.now();
  await server.record(user, "messages", 7);
  await expect(page.locator(card("messages"))).toContainText("7 messages", { timeout: 1_000 });
  await expect(page.locator("[data-entries] tbody tr").first()).toContainText("+7 messages");
  expect(Date.now() - begun).toBeLessThan(2_000);
});

test("a refused call appears, and the banner names the next plan", async ({ page, server, user, signIn }) => {
  await signIn(user.email, PASSWORD);
  // A refusal is told to those who listen; nobody is told of it later.
  await expect(page.locator("[data-live=online]")).toBeVisible();
  await server.record(user, "llm_tokens", 950);
  expect((await server.reserve(user, "llm_tokens", 300)).status).toBe(429);
  await expect(page.locator("[data-refusals]")).toContainText("asked for 300 tokens, 50 tokens left");
  await expect(page.getByText("A call was refused: Tokens limit reached.")).toBeVisible();
  const banner = page.locator("[data-warning]");
  await expect(banner).toContainText("The Basic plan gives you 50,000 tokens per day.");
  await banner.getByRole("button", { name: "Upgrade to Basic" }).click();
  await expect(page.getByRole("dialog")).toContainText(
    `move my account ${user.email} from the Free trial plan to the Basic plan`,
  );
  await isAccessible(page);
});

test("a change of the plan is seen without a reload", async ({ page, server, user, signIn }) => {
  await signIn(user.email, PASSWORD);
  await expect(page.locator(card("llm_tokens"))).toContainText("of 1,000 tokens");
  await expect(page.locator("[data-live=online]")).toBeVisible();
  await server.setTier(user, "basic");
  await expect(page.locator(card("llm_tokens"))).toContainText("of 50,000 tokens");
  await expect(page.getByText("Your plan is now Basic.")).toBeVisible();
});

test("a warning can be hidden until the limit renews, a reached limit can't", async ({
  page,
  server,
  user,
  signIn,
}) => {
  await server.record(user, "llm_tokens", 850);
  await signIn(user.email, PASSWORD);
  await page.getByRole("button", { name: "Hide until the limit renews" }).click();
  await expect(page.locator("[data-warning]")).toHaveCount(0);
  await page.reload();
  await expect(page.locator(card("llm_tokens"))).toBeVisible();
  await expect(page.locator("[data-warning]")).toHaveCount(0);
  await server.record(user, "llm_tokens", 200);
  await expect(page.locator('[data-warning="exceeded"]')).toBeVisible();
  await expect(page.getByRole("button", { name: "Hide until the limit renews" })).toHaveCount(0);
});

test("the range is in the address, and survives a reload and the way back", async ({ page, signIn }) => {
  await signIn(ADA, DEMO_PASSWORD);
  await page.getByText("90 days", { exact: true }).click();
  await expect(page).toHaveURL(/days=90/);
  await expect(page.locator("[data-chart=llm_tokens] figcaption")).toContainText("last 90 days");
  await page.reload();
  await expect(page.locator("[data-chart=llm_tokens] figcaption")).toContainText("last 90 days");
  await expect(page.getByRole("radio", { name: "90 days" })).toBeChecked();
});

test("every total is the API's own, on the card, in the chart, in the table", async ({
  page,
  server,
  signIn,
}) => {
  await signIn(ADA, DEMO_PASSWORD);
  const login = await fetch(`${server.url}/api/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: ADA, password: DEMO_PASSWORD }),
  });
  const { accessToken } = (await login.json()) as { accessToken: string };
  const stats = (await (
    await fetch(`${server.url}/api/usage/stats?days=30`, {
      headers: { authorization: `Bearer ${accessToken}` },
    })
  ).json()) as { breakdown: { resourceType: string; amount: number }[] };
  const total = stats.breakdown.find((row) => row.resourceType === "llm_tokens")?.amount ?? 0;
  expect(total).toBeGreaterThan(10_000);
  const said = `${new Intl.NumberFormat("en-GB").format(total)} tokens`;
  await expect(page.locator("[data-chart=llm_tokens] figcaption span").last()).toHaveAttribute("title", said);
  await page.getByText("Model", { exact: true }).click();
  await expect(page.locator("[data-total]")).toHaveText(said);
  await page.getByText("Day", { exact: true }).first().click();
  await expect(page.locator("[data-total]")).toHaveText(said);
});

test("a chart is read by keys, by pointer and as a table", async ({ page, signIn }) => {
  await signIn(ADA, DEMO_PASSWORD);
  const chart = page.locator("[data-chart=llm_tokens]");
  const slider = chart.getByRole("slider");
  await expect(slider).toHaveAttribute("aria-valuenow", "30");
  await slider.focus();
  await page.keyboard.press("ArrowLeft");
  await expect(slider).toHaveAttribute("aria-valuenow", "29");
  await expect(slider).toHaveAttribute("aria-valuetext", /^\w+day,? \d+ \w+ 2\d{3}: [\d,]+ tokens$/);
  await expect(chart.locator("[data-readout]")).toContainText("tokens");
  await page.keyboard.press("Home");
  await expect(slider).toHaveAttribute("aria-valuenow", "1");
  await slider.hover({ position: { x: 300, y: 60 } });
  await expect(slider).not.toHaveAttribute("aria-valuenow", "1");
  await page.getByRole("button", { name: /Show as table\s*: Tokens/ }).click();
  await expect(chart.getByRole("row")).toHaveCount(31);
  await isAccessible(page);
});

test("a table is sorted by its headers, and the order is in the address", async ({ page, signIn }) => {
  await signIn(ADA, DEMO_PASSWORD);
  await page.getByText("Day", { exact: true }).first().click();
  await page.getByRole("button", { name: "Amount" }).click();
  await expect(page).toHaveURL(/sort=amount/);
  const amounts = page.locator("table:has([data-total]) tbody td:nth-child(2)");
  const values = (await amounts.allTextContents()).map((text) => Number(text.replaceAll(/\D/g, "")));
  expect(values).toEqual([...values].sort((left, right) => right - left));
  await page.getByRole("button", { name: "Amount" }).click();
  await expect(page.getByRole("columnheader", { name: "Amount" }).first()).toHaveAttribute(
    "aria-sort",
    "ascending",
  );
});

test("entries are filtered, and more of them shown", async ({ page, signIn }) => {
  await signIn(ADA, DEMO_PASSWORD);
  const rows = page.locator("[data-entries] tbody tr");
  await expect(rows).toHaveCount(20);
  await page.getByLabel("Resource", { exact: true }).last().selectOption("messages");
  await expect(rows.first()).toContainText("Messages");
  await expect(page).toHaveURL(/resource=messages/);
  await page.getByRole("button", { name: "Show more" }).click();
  await expect(rows).toHaveCount(60);
  await page.getByLabel("Kind").selectOption("release");
  await expect(page.getByText("No entries fit these filters.")).toBeVisible();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(rows.first()).toBeVisible();
});

test("who has used nothing is told what to do first", async ({ page, user, signIn }) => {
  await signIn(user.email, PASSWORD);
  await expect(page.getByText("Make a key, then send your first call")).toBeVisible();
  await isAccessible(page);
  await page.getByRole("link", { name: "Make an API key" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "API keys" })).toBeVisible();
});

for (const hasLocks of [true, false]) {
  test(`seven tabs are live over one stream, ${hasLocks ? "by a lock" : "without locks, as on plain HTTP"}`, async ({
    context,
    page,
    server,
    user,
    signIn,
  }) => {
    if (!hasLocks)
      await context.addInitScript(() => Object.defineProperty(navigator, "locks", { value: undefined }));
    await signIn(user.email, PASSWORD);
    const tabs = [page];
    for (let count = 1; count < 7; count += 1) {
      const tab = await context.newPage();
      await tab.goto("/usage");
      tabs.push(tab);
    }
    for (const tab of tabs) await expect(tab.locator("[data-live=online]")).toBeVisible();
    await server.record(user, "messages", 3);
    for (const tab of tabs) await expect(tab.locator(card("messages"))).toContainText("3 messages");
    // The tab that had the stream goes; another takes over.
    await tabs.shift()?.close();
    await server.record(user, "messages", 4);
    for (const tab of tabs)
      await expect(tab.locator(card("messages"))).toContainText("7 messages", { timeout: 10_000 });
  });
}

for (const theme of ["light", "dark"] as const) {
  for (const width of [1280, 768, 320]) {
    test(`the page is accessible and fits: ${theme}, ${width}`, async ({ page, signIn }) => {
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize({ width, height: 800 });
      await signIn(ADA, DEMO_PASSWORD);
      await expect(page.getByRole("slider").first()).toBeVisible();
      await expect(page.locator("[data-entries] tbody tr").first()).toBeVisible();
      await isAccessible(page);
      await fits(page);
    });
  }
}
