import { spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";

/** A tab of a headless Chromium. */
export interface Tab extends AsyncDisposable {
  open(url: string): Promise<void>;
  /** The text of the page if it is the one at this address, and loaded. */
  textOf(url: string): Promise<string | undefined>;
  /** The value of an expression in the page, awaited. */
  evaluate(expression: string): Promise<unknown>;
  /** Resolves when the expression is true in the page. It is evaluated at once and after every change of the page. */
  until(expression: string): Promise<void>;
  /** A picture of the page, PNG. */
  picture(width: number, height: number): Promise<Buffer>;
}

/** Chromium on the PATH, as Debian and Chrome name it. */
export function findChromium(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const names = ["chromium", "chromium-browser", "google-chrome"];
  return folders
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Starts Chromium and drives it with its DevTools protocol. */
export async function openTab(chromium: string): Promise<Tab> {
  const profile = mkdtempSync(join(tmpdir(), "chromium-"));
  // Without a sandbox: containers have none for root. It opens only pages of this machine.
  const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-proxy-server"];
  const child = spawn(
    chromium,
    [...flags, "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const dispose = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const browser = await new Promise<string>((resolve, reject) => {
      let output = "";
      createInterface(child.stderr).on("line", (line) => {
        output += `${line}\n`;
        const [, url] = /^DevTools listening on (ws:\S+)/.exec(line) ?? [];
        if (url !== undefined) {
          resolve(url);
        }
      });
      child.once("close", () => reject(new Error(`Chromium has ended: ${output}`)));
      child.once("error", reject);
    });
    const { host } = new URL(browser);
    const targets = (await (await fetch(`http://${host}/json/list`)).json()) as Record<string, string>[];
    const page = targets.find(({ type }) => type === "page")!;
    const send = await connect(page["webSocketDebuggerUrl"]!);
    const evaluate = async (expression: string): Promise<unknown> => {
      const answer = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
      const { result, exceptionDetails } = answer as {
        result: { value?: unknown };
        exceptionDetails?: { exception?: { description?: string } };
      };
      if (exceptionDetails !== undefined) {
        throw new Error(exceptionDetails.exception?.description ?? "The page has thrown.");
      }
      return result.value;
    };
    const textOf = async (url: string): Promise<string | undefined> => {
      const loaded = `location.href + document.readyState === "${url}complete"`;
      // The old document may still answer for a moment, and is then gone in the middle of a call.
      const text = await evaluate(`${loaded} ? document.body.innerText : null`).catch(() => null);
      return (text as string | null) ?? undefined;
    };
    return {
      evaluate,
      textOf,
      open: async (url) => {
        await send("Page.navigate", { url });
        while ((await textOf(url)) === undefined) {
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
      until: async (expression) => {
        await evaluate(`new Promise((resolve) => {
          const observer = new MutationObserver(look);
          observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
          function look() {
            if (${expression}) {
              observer.disconnect();
              resolve();
            }
          }
          look();
        })`);
      },
      picture: async (width, height) => {
        await send("Emulation.setDeviceMetricsOverride", {
          width,
          height,
          deviceScaleFactor: 1,
          mobile: false,
        });
        const { data } = (await send("Page.captureScreenshot", { format: "png" })) as { data: string };
        return Buffer.from(data, "base64");
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

type Send = (method: string, params?: object) => Promise<unknown>;

interface Message {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

async function connect(url: string): Promise<Send> {
  const socket = new WebSocket(url);
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error(`${url} cannot be opened.`)));
  });
  const waiting = new Map<number, (message: Message) => void>();
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data)) as Message;
    waiting.get(message.id ?? 0)?.(message);
  });
  let sent = 0;
  return async (method, params = {}) => {
    const id = (sent += 1);
    const answered = new Promise<Message>((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await answered;
    waiting.delete(id);
    if (error !== undefined) {
      throw new Error(`${method}: ${error.message}`);
    }
    return result;
  };
}
