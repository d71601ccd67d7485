// NovaCore's own binary on a free port and a folder that goes when it stops.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const binary =
  process.env.NOVACORE_BIN ?? new URL("../../../target/debug/novacore", import.meta.url).pathname;

export const PASSWORD = "correct horse battery";
export const ADMIN = "root@example.com";
export const ADA = "ada@demo.example";
export const DEMO_PASSWORD = "demo-demo-demo";

export interface User {
  id: string;
  email: string;
  token: string;
}

export class Server {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly url: string;
  readonly serviceToken: string;

  private constructor(child: ChildProcess, folder: string, url: string, serviceToken: string) {
    this.#process = child;
    this.#folder = folder;
    this.url = url;
    this.serviceToken = serviceToken;
  }

  /** With 90 days of the demo's use, and an administrator. */
  static async start(): Promise<Server> {
    const folder = mkdtempSync(join(tmpdir(), "novacore-web-"));
    const data = join(folder, "data");
    const run = (...args: string[]) =>
      execFileSync(binary, [...args, "--data-dir", data], { encoding: "utf8", cwd: folder });
    run("demo");
    run("admin", "create-user", ADMIN, "--role", "admin", "--tier", "pro", "--password", PASSWORD);
    const serviceToken = run("admin", "service-token").trim();
    const env = {
      ...process.env,
      // Tests sign in more often than one person does.
      NOVACORE__AUTH__LOGIN_PER_ADDRESS_SECONDS: "0",
      NOVACORE__AUTH__LOGIN_PER_EMAIL_SECONDS: "0",
      NOVACORE__AUTH__REGISTER_PER_ADDRESS_SECONDS: "0",
    };
    const child = spawn(binary, ["serve", "--data-dir", data, "--listen", "127.0.0.1:0"], {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const url = await address(child);
    return new Server(child, folder, url, serviceToken);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGTERM");
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** A new user, who signs in with `PASSWORD`. */
  async register(email: string): Promise<User> {
    const answer = await this.#post("/api/auth/register", { email, password: PASSWORD });
    const body = (await answer.json()) as { user: { id: string }; accessToken: string };
    return { id: body.user.id, email, token: body.accessToken };
  }

  /** States use, as a service does. */
  async record(user: User, resourceType: string, amount: number, metadata: object = {}): Promise<Response> {
    return this.#post("/usage/record", { userId: user.id, resourceType, amount, metadata }, true);
  }

  /** Asks for headroom, as a service does; a refusal is an answer too. */
  async reserve(user: User, resourceType: string, amount: number): Promise<Response> {
    return this.#post("/usage/reservations", { userId: user.id, amounts: [{ resourceType, amount }] }, true);
  }

  async setTier(user: User, tier: string): Promise<void> {
    const signed = await this.#post("/api/auth/login", { email: ADMIN, password: PASSWORD });
    const { accessToken } = (await signed.json()) as { accessToken: string };
    const answer = await fetch(`${this.url}/api/admin/users/${user.id}/tier`, {
      method: "PUT",
      headers: { authorization: `Bearer ${accessToken}`, "content-type": "application/json" },
      body: JSON.stringify({ tier, reason: "a test" }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }

  async #post(path: string, body: object, isService = false): Promise<Response> {
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (isService) headers["x-service-token"] = this.serviceToken;
    return fetch(this.url + path, { method: "POST", headers, body: JSON.stringify(body) });
  }
}

/** The address that a server says it listens on. */
function address(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const read = (piece: Buffer) => {
      said += piece.toString();
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (found) resolve(found[0]);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
  });
}
