import type { dynamic } from "@pulumi/pulumi";
import { EXPLICIT_KEY, explicitProvider, stackConfiguration } from "../account/configurationSource.ts";
import { readSettings } from "../account/settings.ts";
import type { ConfigLookup } from "../account/settingReader.ts";
import { noRunNotes } from "../cluster/holders.ts";
import { runNotesInFiles } from "../cluster/runNotes.ts";
import type { EngineProperties } from "../cluster/properties.ts";
import { beginOperation, type Operation } from "../cluster/operation.ts";
import { Session } from "../cluster/session.ts";
import { redactionFor } from "./messages.ts";

/** The engine shows standard error with the stack and not as a warning, so the text has to say that it is one. */
const warn = (text: string): void => {
  console.warn(`warning: ${text}`);
};

let session: Session | undefined;

/**
 * Starts the session with the stack's configuration. The SDK calls this once for each provider module and text in the state,
 * always with the same configuration, so the first call counts. It does not wait for it before the first calls of the others, so
 * nothing in it may be asynchronous.
 */
export function configure({ config }: dynamic.ConfigureRequest): Promise<void> {
  session ??= sessionWith((key) => config.get(key));
  return Promise.resolve();
}

/** The session of this provider process. */
function currentSession(): Session {
  return (session ??= sessionWith(() => undefined));
}

/** The operation for one call of the engine: its warnings do not contain the values of secrets. */
export function operationFor(properties: EngineProperties): Operation {
  const redact = redactionFor(properties);
  return beginOperation(currentSession(), {
    warn: (text) => {
      warn(redact(text));
    },
  });
}

function sessionWith(lookup: ConfigLookup): Session {
  // The SDK starts this process with the address of the engine, which all provider processes of one run have in common.
  const engine = process.argv[2];
  const notes = engine === undefined ? noRunNotes : runNotesInFiles(engine, warn);
  const source = (lookup(EXPLICIT_KEY) === undefined ? stackConfiguration : explicitProvider)("alicloud");
  const started = new Session(readSettings(lookup, process.env, source), { warn, notes });
  reportAtEnd(started);
  return started;
}

/** The engine ends every run with this signal, and still shows what is printed then. */
function reportAtEnd({ sameNames }: Session): void {
  const signal = process.platform === "win32" ? "SIGBREAK" : "SIGINT";
  process.once(signal, () => {
    sameNames.report();
    // As without a listener, unless the provider of another package, in this process too, has one.
    if (process.listenerCount(signal) === 0) {
      process.exit();
    }
  });
}
