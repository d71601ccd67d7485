// How the pages look: small pictures in both themes and three widths, compared with those that were looked at.
//
// A picture hides what moves by itself: figures, times, and curves of today.
import { expect, test } from "./support/fixtures";
import { PASSWORD, type Server, type User } from "./support/server";

const still = new URL("./support/still.css", import.meta.url).pathname;

async function use(server: Server, user: User): Promise<void> {
  await server.record(user, "llm_tokens", 850);
  await server.record(user, "memory_storage", 300 * 1024 * 1024);
  await server.record(user, "messages", 100);
}

for (const theme of ["light", "dark"] as const) {
  for (const width of [1280, 768, 360]) {
    test(`usage looks as it did: ${theme}, ${width}`, async ({ page, server, user, signIn }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 900 });
      await use(server, user);
      await signIn(user.email, PASSWORD);
      await expect(page.locator("[data-live=online]")).toBeVisible();
      await expect(page.getByRole("slider").first()).toBeVisible();
      const moving = [
        page.locator("[data-live]"),
        page.locator("time"),
        page.locator("[data-renews]"),
        page.locator("figure svg text"),
        page.locator("summary").first(),
      ];
      await expect(page).toHaveScreenshot(`usage-${theme}-${width}.png`, {
        mask: moving,
        maskColor: "#808080",
        scale: "css",
        stylePath: still,
      });
    });
  }
  test(`sign-in looks as it did: ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    await page.setViewportSize({ width: 360, height: 640 });
    await page.goto("/login");
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page).toHaveScreenshot(`login-${theme}.png`, { scale: "css" });
  });
}
