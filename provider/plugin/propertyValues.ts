import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import type { EngineProperties } from "../cluster/properties.ts";
import { isObject, withoutUndefined } from "../ecs/json.ts";

/** The key that tells a special value, and its value for a secret (Pulumi's sdk/go/common/resource/sig). */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** Properties of a request: plain values, and the names of those that are secret or contain a secret. */
export interface ReceivedProperties {
  readonly values: EngineProperties;
  readonly secretNames: ReadonlySet<string>;
  /** The values that are marked as secret. */
  readonly secrets: readonly unknown[];
}

/** Reads the properties of a request. */
export function receivedProperties(struct: Struct | undefined): ReceivedProperties {
  const secretNames = new Set<string>();
  const secrets: unknown[] = [];
  const values = Object.fromEntries(
    Object.entries(struct?.toJavaScript() ?? {}).map(([name, value]) => [
      name,
      withoutSecretMarks(value, (secret) => {
        secretNames.add(name);
        secrets.push(secret);
      }),
    ]),
  );
  return { values, secretNames, secrets };
}

function withoutSecretMarks(value: unknown, onSecret: (secret: unknown) => void): unknown {
  if (Array.isArray(value)) {
    return value.map((each) => withoutSecretMarks(each, onSecret));
  }
  if (!isObject(value)) {
    return value;
  }
  if (value[SIGNATURE] === SECRET) {
    const secret = withoutSecretMarks(value["value"], onSecret);
    onSecret(secret);
    return secret;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, withoutSecretMarks(each, onSecret)]),
  );
}

/** The properties of an answer. Those with these names become secrets. */
export function sentProperties(
  values: EngineProperties,
  secretNames: ReadonlySet<string> = new Set(),
): Struct {
  const marked = Object.entries(withoutUndefined(values)).map(([name, value]) => [
    name,
    secretNames.has(name) ? { [SIGNATURE]: SECRET, value } : value,
  ]);
  return Struct.fromJavaScript(Object.fromEntries(marked) as Record<string, JavaScriptValue>);
}
