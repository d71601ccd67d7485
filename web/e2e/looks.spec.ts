// How the pages look: small pictures in both themes and three widths, compared with those that were looked at.
//
// A picture hides what moves by itself: figures, times, and curves of today.
import { spawnSync } from "node:child_process";
import type { Page } from "@playwright/test";
import { expect, test } from "./support/fixtures";
import { PASSWORD, type Server, type User } from "./support/server";

// With other letters every picture is another one.
const font = spawnSync("fc-match", ["system-ui", "family"], { encoding: "utf8" }).stdout ?? "";
test.skip(!font.includes("DejaVu Sans"), "the pictures were taken with DejaVu Sans");

/** What differs from minute to minute takes the same room. By script: the page's policy takes no style from us. */
async function hold(page: Page): Promise<void> {
  await page.locator("[data-renews]").evaluateAll((lines) => {
    for (const line of lines as HTMLElement[]) {
      line.style.whiteSpace = "nowrap";
      line.style.overflow = "hidden";
    }
  });
}

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
      await hold(page);
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
