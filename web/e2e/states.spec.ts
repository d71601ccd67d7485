// What is shown when something is not there, not allowed, or broken.
import { expect, fits, isAccessible, test } from "./support/fixtures";
import { PASSWORD } from "./support/server";

test("an unknown address has a page of its own", async ({ page }) => {
  await page.goto("/no/such/page");
  await expect(page.getByRole("heading", { name: "There is no such page" })).toBeAttached();
  await isAccessible(page);
});

test("the operator's pages are not for users", async ({ page, user, signIn }) => {
  await signIn(user.email, PASSWORD);
  await page.goto("/admin/users");
  await expect(page.getByRole("heading", { name: "Not yours to see" })).toBeAttached();
  await expect(page.getByRole("link", { name: "Operator" })).toHaveCount(0);
  await isAccessible(page);
});

test("one part that fails leaves the rest, names the request, and is tried again", {
  tag: "@refused",
}, async ({ page, user, signIn }) => {
  let isBroken = true;
  await page.route("**/api/usage/entries*", (route) =>
    isBroken
      ? route.fulfill({
          status: 500,
          contentType: "application/problem+json",
          headers: { "x-request-id": "5f0c1d2e" },
          body: JSON.stringify({
            type: "urn:novacore:problem:internal",
            title: "Internal",
            status: 500,
            detail: "internal error",
          }),
        })
      : route.fallback(),
  );
  await signIn(user.email, PASSWORD);
  const alert = page.getByRole("alert");
  await expect(alert).toContainText("internal error");
  await expect(alert).toContainText("5f0c1d2e");
  await expect(page.getByRole("progressbar").first()).toBeVisible();
  await isAccessible(page);
  isBroken = false;
  await alert.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByText("No entries yet")).toBeVisible();
});

test("while it loads its shape is there, and nothing jumps", async ({ page, user, signIn }) => {
  await signIn(user.email, PASSWORD);
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  await page.route("**/api/usage/limits", async (route) => {
    await gate;
    await route.fallback();
  });
  await page.goto("/usage");
  await expect(page.getByRole("status", { name: "Loading" }).first()).toBeVisible();
  await isAccessible(page);
  open();
  await expect(page.getByRole("progressbar").first()).toBeVisible();
});

test("without a network the figures stay, with a sign that they are old", { tag: "@refused" }, async ({
  page,
  context,
  server,
  user,
  signIn,
}) => {
  await server.record(user, "messages", 5);
  await signIn(user.email, PASSWORD);
  await expect(page.locator("[data-live=online]")).toBeVisible();
  await context.setOffline(true);
  await expect(page.locator("[data-live=lost]")).toContainText("Reconnecting");
  await expect(page.locator("[data-live=lost]")).toContainText("as of");
  await expect(page.getByText("5 messages").first()).toBeVisible();
  await isAccessible(page);
  await context.setOffline(false);
  await expect(page.locator("[data-live=online]")).toBeVisible({ timeout: 20_000 });
});

test("the theme is the system's until one is chosen, and does not flash", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto("/login");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.getByLabel("Theme").selectOption("light");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "light");
  await page.reload({ waitUntil: "commit" });
  await expect(page.locator("html")).toHaveAttribute("data-theme", "light");
});

test("the keyboard alone gets everywhere", async ({ page, user }) => {
  await page.goto("/login");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the content" })).toBeFocused();
  await page.getByLabel("E-mail").focus();
  await page.keyboard.type(user.email);
  await page.keyboard.press("Tab");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Usage" })).toBeVisible();
  await page.getByRole("radio", { name: "30 days" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(page).toHaveURL(/days=90/);
});

test("print leaves the controls out", async ({ page, user, signIn }) => {
  await signIn(user.email, PASSWORD);
  await page.emulateMedia({ media: "print" });
  await expect(page.getByRole("navigation")).toBeHidden();
  await expect(page.getByText("7 days", { exact: true })).toBeHidden();
  await fits(page);
});

test("motion stops where it is not wanted", async ({ page, server, user, signIn }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await server.record(user, "messages", 5);
  await signIn(user.email, PASSWORD);
  const duration = await page
    .getByRole("progressbar")
    .first()
    .locator("div")
    .evaluate((bar) => Number.parseFloat(getComputedStyle(bar).transitionDuration));
  expect(duration).toBeLessThan(0.001);
});
