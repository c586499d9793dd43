/** What an operation has told the user beside its steps. */
import type { Transcript } from "../../engine/stack.ts";

/** One message about one resource. */
export interface Diagnostic {
  /** The resource's name; empty for the stack as a whole. */
  resource: string;
  message: string;
}

/** The errors, each once, without the engine's own closing line that the operation failed. */
export function errorsIn(transcript: Pick<Transcript, "events">): Diagnostic[] {
  return diagnosticsIn(transcript, "error").filter(({ resource }) => resource !== "");
}

/** The warnings, and what a provider has written to standard error: the engine shows both. */
export function warningsIn(transcript: Pick<Transcript, "events">): Diagnostic[] {
  return [...diagnosticsIn(transcript, "warning"), ...diagnosticsIn(transcript, "info#err")];
}

function diagnosticsIn({ events }: Pick<Transcript, "events">, severity: string): Diagnostic[] {
  return events.flatMap(({ diagnosticEvent }) =>
    diagnosticEvent?.severity === severity
      ? [
          {
            resource: diagnosticEvent.urn?.split("::").at(-1) ?? "",
            message: diagnosticEvent.message.replace(/<\{%.*?%\}>/g, "").trim(),
          },
        ]
      : [],
  );
}
