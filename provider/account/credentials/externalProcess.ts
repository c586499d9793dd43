import { execFile } from "node:child_process";
import type { Socket } from "node:net";
import { jsonObject, nonEmptyString } from "../../ecs/json.ts";
import { CredentialsReason } from "./credentialErrors.ts";
import type { TemporaryCredentials } from "./sources.ts";

const TIMEOUT_MS = 60_000;
/** The end of credentials that state none. The command runs again some minutes before it. */
const UNSTATED_END_MS = 5 * 60_000;

/** Credentials that a command prints. Neither the command nor its output becomes part of a message: both may contain secrets. */
export async function externalCredentials(command: string): Promise<TemporaryCredentials> {
  const printed = jsonObject(await outputOf(command)) ?? {};
  const accessKeyId = nonEmptyString(printed, "access_key_id");
  const accessKeySecret = nonEmptyString(printed, "access_key_secret");
  const securityToken = nonEmptyString(printed, "sts_token");
  const mode = nonEmptyString(printed, "mode") ?? "AK";
  if (accessKeyId === undefined || accessKeySecret === undefined) {
    throw new CredentialsReason(
      "process_command does not print a JSON object with access_key_id and access_key_secret; correct the command.",
    );
  }
  if (!/^(AK|StsToken)$/i.test(mode)) {
    throw new CredentialsReason(
      "process_command prints another mode than AK and StsToken; print one of them.",
    );
  }
  if (/^StsToken$/i.test(mode) && securityToken === undefined) {
    throw new CredentialsReason("process_command prints the mode StsToken without sts_token; print one.");
  }
  const end = Date.parse(String(printed["expiration"]));
  return {
    credentials: { accessKeyId, accessKeySecret, securityToken },
    expiresAt: Number.isNaN(end) ? Date.now() + UNSTATED_END_MS : end,
  };
}

function outputOf(command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const [file = "", ...args] = wordsOf(command);
    if (file === "") {
      throw new CredentialsReason("process_command is empty; give a command.");
    }
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const child = execFile(file, args, { signal, windowsHide: true }, (error, stdout) => {
      if (error === null) {
        resolve(stdout);
        return;
      }
      const { code, signal: endedBy } = error;
      const why = signal.aborted
        ? `took longer than ${TIMEOUT_MS / 1_000} s`
        : typeof code === "number"
          ? `failed with exit code ${code}`
          : `failed (${code ?? endedBy ?? "no exit code"})`;
      reject(new CredentialsReason(`process_command ${why}; run it in a terminal to see why.`));
    });
    // A command that asks a question fails, and does not wait for an answer.
    child.stdin?.end();
    // The call that waits for the credentials keeps the process alive. Once it has given up, the process may end, and the
    // command ends with it.
    child.unref();
    for (const output of [child.stdout, child.stderr]) {
      (output as Socket | null)?.unref();
    }
    const kill = (): void => void child.kill("SIGKILL");
    process.once("exit", kill);
    child.once("close", () => process.off("exit", kill));
  });
}

/** The words of a command, with quotes as the CLI understands them. No shell is started. */
function wordsOf(command: string): string[] {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { splitProcessCommand } = require("@alicloud/credentials/dist/src/utils/command") as {
    splitProcessCommand: (command: string) => string[];
  };
  if (/^[\s"']*$/.test(command)) {
    return []; // the library throws
  }
  try {
    return splitProcessCommand(command);
  } catch {
    throw new CredentialsReason("process_command has an open quote or ends with a backslash; correct it.");
  }
}
