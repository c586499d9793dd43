/** Stryker runs tests in threads, where a changed `process.env.HOME` does not change what `os.homedir()` returns. */
import { vi } from "vitest";

vi.mock("node:os", async (importOriginal) => {
  const original = await importOriginal<typeof import("node:os")>();
  const homedir = (): string => process.env["HOME"] ?? original.homedir();
  return { ...original, homedir, default: { ...original, homedir } };
});
