import type { dynamic } from "@pulumi/pulumi";
import { EXPLICIT_KEY, explicitProvider, stackConfiguration } from "../account/configurationSource";
import { readSettings } from "../account/settings";
import type { ConfigLookup } from "../account/settingReader";
import { noRunNotes, runNotesInFiles } from "../cluster/runNotes";
import { Session } from "../cluster/session";

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
export function currentSession(): Session {
  return (session ??= sessionWith(() => undefined));
}

function sessionWith(lookup: ConfigLookup): Session {
  // The SDK starts this process with the address of the engine, which all provider processes of one run have in common.
  const engine = process.argv[2];
  const notes = engine === undefined ? noRunNotes : runNotesInFiles(engine);
  const source = lookup(EXPLICIT_KEY) === undefined ? stackConfiguration : explicitProvider;
  return new Session(readSettings(lookup, process.env, source), { warn, notes });
}
