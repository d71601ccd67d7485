import { defineConfig } from "@playwright/test";

// The browser is the system's; NovaCore's binary with the built pages in it is named by NOVACORE_BIN.
export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results",
  // Each worker has a server of its own; two cores bear no more.
  workers: 2,
  fullyParallel: false,
  retries: 0,
  timeout: 30_000,
  expect: { timeout: 5_000, toHaveScreenshot: { maxDiffPixelRatio: 0.02, animations: "disabled" } },
  snapshotPathTemplate: "{testDir}/snapshots/{testFileName}/{arg}{ext}",
  // What is timed has the machine to itself.
  projects: [
    { name: "budget", testMatch: "budget.spec.ts" },
    { name: "pages", testIgnore: "budget.spec.ts", dependencies: ["budget"] },
  ],
  forbidOnly: true,
  reporter: [["list"]],
  use: {
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    viewport: { width: 1280, height: 800 },
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--force-color-profile=srgb",
      ],
    },
  },
});
