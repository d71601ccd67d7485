// Coming in, going out, keys and sessions.
import { expect, fits, isAccessible, test } from "./support/fixtures";
import { ADMIN, PASSWORD } from "./support/server";

test("register, be in, sign out", async ({ page }, info) => {
  await page.goto("/register");
  await isAccessible(page);
  await page.getByLabel("E-mail").fill(`new-${info.workerIndex}-${info.testId}@example.com`);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page).toHaveURL(/\/usage$/);
  await page.reload();
  await expect(page.getByRole("heading", { level: 1, name: "Usage" })).toBeVisible();
  await page.locator("summary").first().click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/login/);
  await page.reload();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
});

test("a wrong pair is refused without saying which half is wrong", { tag: "@refused" }, async ({
  page,
  user,
}) => {
  for (const [email, password] of [
    [user.email, "not the password"],
    ["nobody@example.com", PASSWORD],
  ] as const) {
    await page.goto("/login");
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("alert")).toHaveText("E-mail or password is wrong.");
  }
  await isAccessible(page);
});

test("no script can read the session", async ({ page, context, signIn }) => {
  await signIn();
  expect(await page.evaluate(() => document.cookie)).toBe("");
  const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  expect(stored).not.toContain("ey");
  const cookies = await context.cookies();
  expect(cookies.map(({ name, httpOnly, sameSite, path }) => ({ name, httpOnly, sameSite, path }))).toEqual([
    { name: "novacore_refresh", httpOnly: true, sameSite: "Strict", path: "/api/auth" },
  ]);
});

test("who is not signed in comes back to the address that was asked", async ({ page, user }) => {
  await page.goto("/usage?days=90&by=model");
  await expect(page).toHaveURL(/\/login\?back=/);
  await page.getByLabel("E-mail").fill(user.email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/usage\?days=90&by=model$/);
});

test("the way back never leads to another's site", async ({ page, server, user, signIn }) => {
  await signIn(user.email, PASSWORD);
  for (const back of ["//evil.example", "https://evil.example", "/\\evil.example"]) {
    await page.goto(`/login?back=${encodeURIComponent(back)}`);
    await expect(page).toHaveURL(`${server.url}/usage`);
  }
});

test("a session that was ended elsewhere leads to sign-in, and back", { tag: "@refused" }, async ({
  page,
  server,
  user,
  signIn,
}) => {
  await signIn(user.email, PASSWORD);
  await fetch(`${server.url}/api/auth/logout-all`, {
    method: "POST",
    headers: { authorization: `Bearer ${user.token}` },
  });
  await page.goto("/account/keys");
  await expect(page).toHaveURL(/\/login\?.*back=%2Faccount%2Fkeys/);
});

test("a key is shown once, works, and is revoked", async ({ page, server, user, signIn }) => {
  await signIn(user.email, PASSWORD);
  await page.goto("/account/keys");
  await expect(page.getByText("No keys yet")).toBeVisible();
  await page.getByRole("button", { name: "Make a key" }).click();
  const form = page.getByRole("dialog");
  await isAccessible(page);
  await form.getByLabel("Name").fill("nightly <b>job</b>");
  await form.getByRole("button", { name: "Make a key" }).click();
  const key = (await page.locator("[data-new-key]").textContent())?.trim() ?? "";
  const call = () => fetch(`${server.url}/api/usage/quota`, { headers: { authorization: `Bearer ${key}` } });
  expect((await call()).status).toBe(200);
  await page.getByRole("button", { name: "I have copied it" }).click();
  await expect(page.getByRole("row", { name: /nightly <b>job<\/b>/ })).toBeVisible();
  expect(await page.content()).not.toContain(key);
  await page.getByRole("button", { name: /Revoke/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(page.getByText("No keys yet")).toBeVisible();
  expect((await call()).status).toBe(401);
});

test("sessions are listed, one is ended, all are ended", { tag: "@refused" }, async ({
  page,
  user,
  signIn,
}) => {
  await signIn(user.email, PASSWORD);
  await page.goto("/account");
  // The one of the registration, and this one.
  await expect(page.getByRole("row")).toHaveCount(3);
  await isAccessible(page);
  await page.getByRole("row").last().getByRole("button").click();
  await expect(page.getByRole("row")).toHaveCount(2);
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out everywhere" }).click();
  await expect(page).toHaveURL(/\/login/);
});

for (const path of ["/login", "/register", "/account", "/account/keys"]) {
  for (const theme of ["light", "dark"] as const) {
    test(`${path} is accessible and fits: ${theme}`, async ({ page, signIn }) => {
      await page.emulateMedia({ colorScheme: theme });
      if (path.startsWith("/account")) await signIn(ADMIN, PASSWORD);
      for (const width of [1280, 320]) {
        await page.setViewportSize({ width, height: 800 });
        await page.goto(path);
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        await isAccessible(page);
        await fits(page);
      }
    });
  }
}
