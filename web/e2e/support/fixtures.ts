// What every test has: a server of its worker's, a page that must not complain, and sign-in.
import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type Page } from "@playwright/test";
import { ADMIN, PASSWORD, Server, type User } from "./server";

interface Tools {
  /** Signs in on the page, as a person does. */
  signIn: (email?: string, password?: string) => Promise<void>;
  /** A user that no other test knows. */
  user: User;
}

export const test = base.extend<Tools & { watched: undefined }, { server: Server }>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: how the runner is told that nothing is needed.
    async ({}, use) => {
      const server = await Server.start();
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],
  baseURL: async ({ server }, use) => {
    await use(server.url);
  },
  user: async ({ server }, use, info) => {
    await use(await server.register(`user-${info.workerIndex}-${info.testId}@example.com`));
  },
  signIn: async ({ page }, use) => {
    await use(async (email = ADMIN, password = PASSWORD) => {
      await page.goto("/login");
      await page.getByLabel("E-mail").fill(email);
      await page.getByLabel("Password", { exact: true }).fill(password);
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page.getByRole("heading", { level: 1, name: "Usage" })).toBeVisible();
    });
  },
  // No page asks anybody but its own server, breaks its policy, or writes an error into the console.
  watched: [
    async ({ page, server }, use, info) => {
      const complaints: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error" && !expected(info.tags, message.text()))
          complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("request", (request) => {
        const url = request.url();
        if (!url.startsWith(server.url) && !url.startsWith("data:") && !url.startsWith("blob:"))
          complaints.push(url);
      });
      await use(undefined);
      expect(complaints, "complaints of the page").toEqual([]);
    },
    { auto: true },
  ],
});

/** The browser itself writes a line for every refused call; tests of refusals are tagged `@refused`. */
function expected(tags: readonly string[], message: string): boolean {
  return tags.includes("@refused") && message.startsWith("Failed to load resource");
}

/** No finding of axe's on what is shown. */
export async function isAccessible(page: Page): Promise<void> {
  const axe = new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]);
  const { violations } = await axe.analyze();
  const told = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`,
  );
  expect(told).toEqual([]);
}

/** The page does not scroll sideways. */
export async function fits(page: Page): Promise<void> {
  const over = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(over, "pixels beyond the window").toBeLessThanOrEqual(0);
}

export { expect };
