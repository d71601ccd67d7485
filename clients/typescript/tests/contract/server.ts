// The real binary in a temporary folder, and a proxy that cuts its answers.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server as NetServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const ADMIN = { email: "admin@localhost", password: "admin-password" };
export const SERVICE_TOKEN = "service-token-of-the-tests-0123456789";

export interface Server {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** Starts the binary that NOVACORE_BIN names on a free port, and waits until it is ready. */
export async function start(environment: Record<string, string> = {}): Promise<Server> {
  const binary = process.env.NOVACORE_BIN;
  if (binary === undefined) throw new Error("NOVACORE_BIN has to name the server's binary");
  const folder = await mkdtemp(join(tmpdir(), "novacore-client-"));
  const child = spawn(binary, ["serve", "--listen", "127.0.0.1:0"], {
    cwd: folder,
    env: {
      NOVACORE_DATA_DIR: join(folder, "data"),
      NOVACORE_ADMIN_PASSWORD: ADMIN.password,
      NOVACORE_SERVICE_TOKEN: SERVICE_TOKEN,
      NOVACORE__EMBEDDER__KIND: "none",
      NOVACORE__AUTH__REGISTER_PER_ADDRESS_SECONDS: "0",
      NOVACORE__AUTH__LOGIN_PER_ADDRESS_SECONDS: "0",
      NOVACORE__AUTH__LOGIN_PER_EMAIL_SECONDS: "0",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = async () => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { url: await ready(child), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The address that the server says; its last line says that it can be used. */
function ready(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    let url: string | undefined;
    const hear = (stream: NodeJS.ReadableStream | null, handle: (line: string) => void) => {
      if (stream !== null) createInterface({ input: stream }).on("line", handle);
    };
    hear(child.stderr, (line) => {
      said += `${line}\n`;
    });
    hear(child.stdout, (line) => {
      said += `${line}\n`;
      url ??= /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
      if (line.startsWith("try: ") && url !== undefined) resolve(url);
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`the server has ended:\n${said}`)));
  });
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}

/** A proxy in front of the server. What `cutAfter` says of a connection is how it ends. */
export class CuttingProxy {
  readonly url: string;
  #cutAfter: (() => number | undefined) | undefined;
  readonly #server: NetServer;
  readonly #sockets = new Set<Socket>();

  private constructor(server: NetServer) {
    this.#server = server;
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    this.url = `http://127.0.0.1:${address.port}`;
  }

  static async before(target: string): Promise<CuttingProxy> {
    const port = Number(new URL(target).port);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const proxy = new CuttingProxy(server);
    server.on("connection", (near) => proxy.#join(near, port));
    return proxy;
  }

  /** Says how many bytes of answers each connection may bring from now on; undefined: all. */
  cutAfter(bytes: (() => number | undefined) | undefined): void {
    this.#cutAfter = bytes;
    // Those that are kept open for later calls would know nothing of it.
    this.cut();
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket, port: number): void {
    let left = this.#cutAfter?.() ?? Number.POSITIVE_INFINITY;
    const far = connect(port, "127.0.0.1");
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.on("data", (bytes: Buffer) => {
      const part = bytes.subarray(0, left);
      left -= part.length;
      near.write(part, () => {
        if (left <= 0) near.destroy();
      });
    });
  }
}
