import { isObject, nonEmptyString, parseJson } from "../ecs/json.ts";
import { stackConfiguration, type ConfigurationSource } from "./configurationSource.ts";
import { configKey, type ConfigKeyName, type Fields } from "./configKeys.ts";

/** Looks up a key of the stack configuration, e.g. `alicloud:region`. Structured values are JSON texts. */
export type ConfigLookup = (key: string) => string | undefined;
export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that cannot be used. */
export interface SettingProblem {
  /** Where it is set, e.g. `alicloud:endpoints`. */
  key: string;
  /** What is wrong, and what to do. */
  reason: string;
}

/** The problems for messages, each with what to do. */
export function problemTexts(problems: readonly SettingProblem[]): string[] {
  return problems.map(({ key, reason }) => `${key} ${reason}`);
}

/** A value, and where it was found, for messages. */
export interface FoundSetting {
  value: string;
  origin: string;
  /** The environment variable that has it, if one has. */
  variable?: string;
}

/** The longest time in milliseconds or seconds: in seconds a little less than LONGEST_TIMER_MS (ecs/clock.ts). */
const LONGEST_TIME = 2_000_000;

/** Reads settings from the stack configuration, then from the environment, and collects what is wrong with them. */
export class SettingReader {
  readonly problems: SettingProblem[] = [];
  /** For messages. */
  readonly source: ConfigurationSource;
  private readonly lookup: ConfigLookup;
  private readonly environment: Environment;

  constructor(lookup: ConfigLookup, environment: Environment, source = stackConfiguration("alicloud")) {
    this.lookup = lookup;
    this.environment = environment;
    this.source = source;
  }

  addProblem(key: string, reason: string): void {
    this.problems.push({ key, reason });
  }

  /** A key for messages, e.g. `alicloud:region`. */
  nameOf(key: ConfigKeyName): string {
    return `${this.source.namespace}:${key}`;
  }

  fromConfig(key: ConfigKeyName): FoundSetting | undefined {
    // Explicit providers and older stacks may contain numbers and booleans.
    const value: unknown = this.lookup(`alicloud:${key}`);
    if (value === undefined || value === null || value === "") {
      return undefined;
    }
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return { value: text.trim(), origin: this.nameOf(key) };
  }

  fromEnvironment(key: ConfigKeyName): FoundSetting | undefined {
    return this.variable(...(configKey(key).environment ?? []));
  }

  /** The first of these environment variables that is set. */
  variable(...names: string[]): FoundSetting | undefined {
    const name = names.find((candidate) => this.environment[candidate]);
    return name === undefined
      ? undefined
      : { value: this.environment[name]!.trim(), origin: `environment variable ${name}`, variable: name };
  }

  find(key: ConfigKeyName): FoundSetting | undefined {
    return this.fromConfig(key) ?? this.fromEnvironment(key);
  }

  text(key: ConfigKeyName): string | undefined {
    return this.find(key)?.value;
  }

  /** One of a few words, in any case; the first is the default. */
  word<const T extends string>(key: ConfigKeyName, words: readonly [T, ...T[]]): T {
    const found = this.find(key);
    const wanted = (found?.value ?? words[0]).toLowerCase();
    const word = words.find((candidate) => candidate.toLowerCase() === wanted);
    if (word === undefined) {
      this.addProblem(
        found!.origin,
        `is ${quotedIfShort(found?.value)}; give ${words.map((each) => each.toLowerCase()).join(" or ")} ` +
          `(default: ${words[0].toLowerCase()}).`,
      );
    }
    return word ?? words[0];
  }

  boolean(key: ConfigKeyName): boolean {
    const found = this.fromEnvironment(key)?.value;
    // Terraform accepts 0 and 1 in variables.
    if (this.fromConfig(key) === undefined && (found === "0" || found === "1")) {
      return found === "1";
    }
    return this.word(key, ["false", "true"]) === "true";
  }

  /** A whole number in the key's unit. */
  number(key: ConfigKeyName): number {
    const row = configKey(key);
    const defaultValue = row.default!;
    const found = this.find(key);
    // @pulumi/alicloud writes 0 for "the default".
    const value = Number(found?.value ?? 0) || defaultValue;
    const isNumber = found === undefined || /^\d+$/.test(found.value);
    if (isNumber && value <= LONGEST_TIME) {
      return value;
    }
    this.addProblem(
      found!.origin,
      `is ${quotedIfShort(found!.value)}; give a whole number of ${row.unit}, at most ${LONGEST_TIME.toLocaleString("en-US")}.`,
    );
    return defaultValue;
  }

  /**
   * A structured value: an object, as `pulumi config set --path` writes it. The environment gives only fields that are missing
   * in an object that is there, as in the Terraform provider.
   */
  object(key: ConfigKeyName, fields: Fields): Record<string, unknown> | undefined {
    const found = this.fromConfig(key);
    if (found === undefined) {
      return undefined;
    }
    const parsed = parseJson(found.value);
    // The Terraform provider has lists of one object here.
    const object: unknown = Array.isArray(parsed) && parsed.length === 1 ? parsed[0] : parsed;
    if (isObject(object)) {
      const fromEnvironment = Object.entries(fields).flatMap(([name, { environment = [] }]) => {
        const value = this.variable(...environment)?.value;
        return value === undefined || nonEmptyString(object, name) !== undefined ? [] : [{ [name]: value }];
      });
      return Object.assign({}, object, ...fromEnvironment) as Record<string, unknown>;
    }
    this.addProblem(
      this.nameOf(key),
      `is not an object; set its fields with pulumi config set --path '${this.nameOf(key)}.<field>' ….`,
    );
    return undefined;
  }
}

/** A wrong value for a message. A long one may be a secret in the wrong place. */
function quotedIfShort(value: string | undefined): string {
  return value === undefined || value.length > 12 ? "something else" : JSON.stringify(value);
}

/** Whether the text is an http:// or https:// URL. */
export function isHttpUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text);
}
