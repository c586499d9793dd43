import { execFile } from "node:child_process";
import { jsonObject } from "../json";
import { CredentialsReason } from "./credentialErrors";
import { textsOf, type TemporaryCredentials } from "./temporaryCredentials";

const TIMEOUT_MS = 60_000;
/** The end of credentials that state none. The command runs again some minutes before it. */
const UNSTATED_END_MS = 5 * 60_000;

/** Credentials that a command prints. Neither the command nor its output becomes part of a message: both may contain secrets. */
export async function externalCredentials(command: string): Promise<TemporaryCredentials> {
  const printed = jsonObject(await outputOf(command));
  const key = textsOf(printed, "access_key_id", "access_key_secret");
  if (printed === undefined || key === undefined) {
    throw new CredentialsReason(
      "process_command does not print a JSON object with access_key_id and access_key_secret; correct the command.",
    );
  }
  const mode = typeof printed["mode"] === "string" && printed["mode"] !== "" ? printed["mode"] : undefined;
  const token = textsOf(printed, "sts_token")?.sts_token;
  if (mode !== undefined && !/^(AK|StsToken)$/i.test(mode)) {
    throw new CredentialsReason(
      "process_command prints another mode than AK and StsToken; print one of them.",
    );
  }
  if (/^StsToken$/i.test(mode ?? "") && token === undefined) {
    throw new CredentialsReason("process_command prints the mode StsToken without sts_token; print one.");
  }
  const end = Date.parse(String(printed["expiration"]));
  return {
    credentials: {
      accessKeyId: key.access_key_id,
      accessKeySecret: key.access_key_secret,
      securityToken: token,
    },
    expiresAt: Number.isNaN(end) ? Date.now() + UNSTATED_END_MS : end,
  };
}

function outputOf(command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const [file = "", ...args] = wordsOf(command);
    if (file === "") {
      throw new CredentialsReason("process_command is empty; give a command.");
    }
    const options = { timeout: TIMEOUT_MS, windowsHide: true };
    const child = execFile(file, args, options, (error, stdout) => {
      if (error === null) {
        resolve(stdout);
        return;
      }
      const { code, signal, killed } = error;
      const why = killed
        ? `took longer than ${TIMEOUT_MS / 1_000} s`
        : typeof code === "number"
          ? `failed with exit code ${code}`
          : `failed (${code ?? signal ?? "no exit code"})`;
      reject(new CredentialsReason(`process_command ${why}; run it in a terminal to see why.`));
    });
    // A command that asks a question fails, and does not wait for an answer.
    child.stdin?.end();
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
