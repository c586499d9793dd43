/**
 * Stacks on the real engine, for tests: the program is a function in this process, the state a file in a temporary
 * folder, and nothing reaches an account.
 *
 *     await using stack = await createStack({ program: async () => ({ id: new HpcCluster("c", {}).id }) });
 *     const { outputs, steps } = await stack.up();
 *     expect(stack.state().resource("c").outputs).toMatchObject({ … });
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { automation } from "@pulumi/pulumi";
import { type Backend, StateFile, createBackend, latestUpdate, readStateText } from "./backend.ts";
import { runCli } from "./cli.ts";
import { ensureEngine, enginePath, repositoryRoot } from "./engine.ts";
import { type OperationProcess, findProcesses, stillProviders } from "./engineProcesses.ts";
import { engineEnvironment, isolateEnvironment } from "./isolatedEnvironment.ts";
import { serveSecretsKey } from "./secretsKey.ts";
import { type ConfigInput, emptySettings, settingsWith, writeEmptyState } from "./stackFiles.ts";

export {
  type Backend,
  type PendingOperation,
  StateFile,
  type StateResource,
  createBackend,
} from "./backend.ts";
export type { ConfigInput } from "./stackFiles.ts";

/** An inline program; what it resolves to are the stack's outputs. */
export type Program = automation.PulumiFn;

/** How to make a stack. */
export interface StackOptions {
  program: Program;
  config?: Record<string, ConfigInput>;
  /** For the engine, the provider and, while an operation runs, the program. */
  env?: Record<string, string>;
  /** Default `hpc`. */
  projectName?: string;
  /** Default `test`. */
  stackName?: string;
  /** Default: one of its own, removed with the stack. A given one is kept. */
  backend?: Backend;
  /** Default: a temporary folder with a `node_modules`, removed with the stack. A given one is kept. */
  workDir?: string;
}

/** The operations and what the Automation API calls their options and results. */
interface Operations {
  preview: { options: automation.PreviewOptions; result: automation.PreviewResult };
  up: { options: automation.UpOptions; result: automation.UpResult };
  refresh: { options: automation.RefreshOptions; result: automation.RefreshResult };
  destroy: { options: automation.DestroyOptions; result: automation.DestroyResult };
}

/** The name of an operation. */
export type OperationKind = keyof Operations;

/** The Automation API's options for an operation; `userAgent` is taken. */
export type OperationOptions<K extends OperationKind> = Omit<
  Operations[K]["options"],
  "userAgent" | "program"
>;

/** What the engine did, or would do, to one resource. */
export interface Step {
  op: automation.OpType;
  urn: string;
  /** The last part of the URN. */
  name: string;
  type: string;
  /** Properties that differ, where the engine knows. */
  diffs: string[];
}

/** What an operation left besides the Automation API's result. */
export interface Transcript {
  /** Everything the CLI printed, standard output and error as they came. */
  output: string;
  events: automation.EngineEvent[];
  /** Every resource's step, those without a change (`same`) too. */
  steps: Step[];
}

/** The Automation API's result of an operation, and its transcript. */
export type OperationResult<K extends OperationKind> = Operations[K]["result"] & Transcript;

/** What a failed operation throws: the Automation API's CommandError, and the transcript. */
export type OperationError = automation.CommandError & Transcript;

/** An operation that has been started and not waited for. */
export interface RunningOperation<K extends OperationKind> {
  /** As the awaited operation; rejects with an `OperationError`. */
  result: Promise<OperationResult<K>>;
  /** What the CLI has printed so far. */
  output(): string;
  /** Resolves as soon as an event like this has come; rejects when the operation ends without. */
  event(matches: (event: automation.EngineEvent) => boolean): Promise<automation.EngineEvent>;
  /** The ids of the engine's process, or of its dynamic providers', at this moment. */
  pids(which: OperationProcess): number[];
  /** Sends a signal at once (default SIGKILL) and returns the ids; throws when there is no such process. */
  kill(which: OperationProcess, signal?: NodeJS.Signals): number[];
}

/** Where the engine finds the plugin, as in a user's Pulumi.yaml. */
const plugins = { providers: [{ name: "alicloud-hpc", path: "node_modules/pulumi-alicloud-hpc" }] };

/** Makes a stack and its configuration; nothing has run yet. */
export async function createStack(options: StackOptions): Promise<TestStack> {
  // First, because looking for the engine needs the home folder and PATH as they were.
  const engine = await ensureEngine();
  const scratch = isolateEnvironment();
  await serveSecretsKey();
  const backend = options.backend ?? createBackend();
  const workDir = options.workDir ?? mkdtempSync(path.join(scratch, "program-"));
  // The provider process resolves `require("pulumi-alicloud-hpc/lifecycle")` and the SDK from the program's folder.
  if (options.workDir === undefined) {
    symlinkSync(path.join(repositoryRoot, "node_modules"), path.join(workDir, "node_modules"), "junction");
  }
  const names = { projectName: options.projectName ?? "hpc", stackName: options.stackName ?? "test" };
  const current = { program: options.program };
  const environment = { ...engineEnvironment(backend.url), PATH: enginePath() };
  const workspace = await automation.LocalWorkspace.create({
    workDir,
    program: () => current.program(),
    pulumiCommand: engine.command,
    // Without these settings `main` would be this process's folder, and the provider would start there.
    // The SDK's type does not know `plugins`.
    projectSettings: { name: names.projectName, runtime: "nodejs", plugins } as automation.ProjectSettings,
    stackSettings: {
      [names.stackName]: settingsWith(emptySettings, names.projectName, options.config ?? {}),
    },
    envVars: { ...environment, ...options.env },
  });
  workspace.createStack = async () => writeEmptyState(backend, names.projectName, names.stackName);
  const raw = await automation.Stack.create(names.stackName, workspace);
  readResultsFromFiles(raw, backend, names);
  const dispose = (): void => {
    if (options.backend === undefined) {
      backend.dispose();
    }
    if (options.workDir === undefined) {
      rmSync(workDir, { recursive: true, force: true, maxRetries: 3 });
    }
  };
  const stack = new TestStack(raw, backend, { ...names, workDir, current, environment, dispose });
  stack.setEnv(options.env ?? {});
  return stack;
}

/** A stack on the real engine. See `createStack`. */
export class TestStack implements AsyncDisposable {
  /** The raw Automation API stack. */
  readonly automation: automation.Stack;
  readonly backend: Backend;
  readonly projectName: string;
  readonly stackName: string;
  /** The program's folder, as the provider sees it. */
  readonly workDir: string;
  private readonly program: { program: Program };
  private readonly environment: Record<string, string>;
  private readonly removeFolders: () => void;
  private env: Record<string, string> = {};
  /** Providers whose engine a test has killed: nothing else ends them. */
  private readonly orphans = new Set<number>();
  private readonly running = new Set<RunningOperation<OperationKind>>();

  /** @internal Use `createStack`. */
  constructor(
    raw: automation.Stack,
    backend: Backend,
    parts: {
      projectName: string;
      stackName: string;
      workDir: string;
      current: { program: Program };
      environment: Record<string, string>;
      dispose: () => void;
    },
  ) {
    this.automation = raw;
    this.backend = backend;
    this.projectName = parts.projectName;
    this.stackName = parts.stackName;
    this.workDir = parts.workDir;
    this.program = parts.current;
    this.environment = parts.environment;
    this.removeFolders = parts.dispose;
  }

  /** Another program from the next operation on. */
  setProgram(program: Program): void {
    this.program.program = program;
  }

  /** Sets (or with undefined removes) environment variables from the next operation on. */
  setEnv(env: Record<string, string | undefined>): void {
    const merged = { ...this.env, ...env };
    this.env = Object.fromEntries(
      Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    this.automation.workspace.envVars = { ...this.environment, ...this.env };
  }

  /** Sets (or with undefined removes) configuration values. */
  async setConfig(config: Record<string, ConfigInput | undefined>): Promise<void> {
    const { workspace } = this.automation;
    const settings = await workspace.stackSettings(this.stackName);
    await workspace.saveStackSettings(this.stackName, settingsWith(settings, this.projectName, config));
  }

  /** Runs `pulumi preview`. */
  preview(options: OperationOptions<"preview"> = {}): Promise<OperationResult<"preview">> {
    return this.start("preview", options).result;
  }

  /** Runs `pulumi up` without its preview. */
  up(options: OperationOptions<"up"> = {}): Promise<OperationResult<"up">> {
    return this.start("up", options).result;
  }

  /** Runs `pulumi refresh`. The program runs only with `runProgram`. */
  refresh(options: OperationOptions<"refresh"> = {}): Promise<OperationResult<"refresh">> {
    return this.start("refresh", options).result;
  }

  /** Runs `pulumi destroy`. The program runs only with `runProgram`. */
  destroy(options: OperationOptions<"destroy"> = {}): Promise<OperationResult<"destroy">> {
    return this.start("destroy", options).result;
  }

  /** Starts an operation and returns at once, for tests that kill one of its processes. */
  start<K extends OperationKind>(kind: K, options?: OperationOptions<K>): RunningOperation<K> {
    const agent = `test-${randomUUID()}`;
    const transcript: Transcript = { output: "", events: [], steps: [] };
    const listeners = new Set<(event: automation.EngineEvent) => void>();
    const given: automation.UpOptions = options ?? {};
    const restoreEnvironment = lendEnvironment(this.env);
    const print =
      (also: ((text: string) => void) | undefined) =>
      (text: string): void => {
        transcript.output += text;
        also?.(text);
      };
    const run = this.automation[kind].bind(this.automation) as (
      options: automation.UpOptions,
    ) => Promise<Operations[K]["result"]>;
    const result = run({
      color: "never",
      ...given,
      userAgent: agent,
      onOutput: print(given.onOutput),
      onError: print(given.onError),
      onEvent: (event) => {
        transcript.events.push(event);
        const step = event.resourcePreEvent?.metadata ?? undefined;
        if (step !== undefined) {
          transcript.steps.push(stepOf(step));
        }
        for (const listener of listeners) {
          listener(event);
        }
        given.onEvent?.(event);
      },
    })
      .then(
        (value) => Object.assign(value, transcript),
        (error: unknown) => {
          throw error instanceof Error ? Object.assign(error, transcript) : error;
        },
      )
      .finally(() => {
        restoreEnvironment();
        this.running.delete(operation);
      });

    const operation: RunningOperation<K> = {
      result,
      output: () => transcript.output,
      event: (matches) =>
        new Promise((resolve, reject) => {
          const earlier = transcript.events.find(matches);
          if (earlier !== undefined) {
            return resolve(earlier);
          }
          listeners.add(function listener(event) {
            if (!matches(event)) {
              return;
            }
            listeners.delete(listener);
            resolve(event);
          });
          const ended = (): void =>
            reject(new Error(`${kind} ended without such an event\n${transcript.output}`));
          result.then(ended, ended);
        }),
      pids: (which) => findProcesses(which, agent),
      kill: (which, signal = "SIGKILL") => {
        const pids = findProcesses(which, agent);
        if (pids.length === 0) {
          throw new Error(`${kind} has no ${which} process now\n${transcript.output}`);
        }
        if (which === "engine") {
          for (const pid of findProcesses("provider", agent)) {
            this.orphans.add(pid);
          }
        }
        for (const pid of pids) {
          process.kill(pid, signal);
        }
        return pids;
      },
    };
    this.running.add(operation);
    // Whoever awaits `result` gets the error. A test that kills first and awaits later must not be ended by Node's
    // unhandled-rejection handler in between.
    result.catch(() => undefined);
    return operation;
  }

  /** Removes the lock that a killed engine has left (`pulumi cancel`). */
  async cancel(): Promise<void> {
    await this.automation.cancel();
  }

  /** Runs `pulumi state unprotect --all`. */
  async unprotect(): Promise<void> {
    const args = ["state", "unprotect", "--all", "--yes", "--stack", this.stackName];
    const { exitCode, stderr } = await runCli(args, { cwd: this.workDir, backend: this.backend });
    if (exitCode !== 0) {
      throw new Error(stderr);
    }
  }

  /** The state file as it is on disk now. */
  state(): StateFile {
    return new StateFile(this.stateText());
  }

  /** The state file's text. */
  stateText(): string {
    return readStateText(this.backend, this.projectName, this.stackName);
  }

  /** Ends what is still running and removes the folders; the resources are left to the emulator. */
  async dispose(): Promise<void> {
    for (const operation of this.running) {
      for (const which of ["engine", "provider"] as const) {
        for (const pid of operation.pids(which)) {
          process.kill(pid, "SIGKILL");
        }
      }
    }
    await Promise.allSettled([...this.running].map(({ result }) => result));
    for (const pid of stillProviders(this.orphans)) {
      process.kill(pid, "SIGKILL");
    }
    this.removeFolders();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/**
 * After every operation the Automation API runs `pulumi stack output` twice and `pulumi stack history` once, which
 * doubles the time of an `up`. The same is in the backend's files; only secret outputs need the engine.
 */
function readResultsFromFiles(
  raw: automation.Stack,
  backend: Backend,
  names: { projectName: string; stackName: string },
): void {
  const throughEngine = raw.outputs.bind(raw);
  raw.outputs = async () => {
    const state = new StateFile(readStateText(backend, names.projectName, names.stackName));
    const outputs = state.resources("pulumi:pulumi:Stack")[0]?.outputs ?? {};
    if (JSON.stringify(outputs).includes(secretSignature)) {
      return await throughEngine();
    }
    return Object.fromEntries(Object.entries(outputs).map(([key, value]) => [key, { value, secret: false }]));
  };
  raw.info = async () => latestUpdate(backend, names.projectName, names.stackName);
}

// The key that marks a secret in serialized state: sdk/go/common/resource/sig.
const secretSignature = "4dabf18193072939515e22adb298388d";

function stepOf(metadata: automation.StepEventMetadata): Step {
  const { op, urn, type } = metadata;
  const diffs = metadata.diffs ?? [];
  return { op, urn, name: urn.slice(urn.lastIndexOf("::") + 2), type, diffs };
}

const lent = new Map<string, { value: string; before: string | undefined; users: number }>();

/**
 * Puts variables into this process's environment while an operation runs, because the program runs here and reads
 * them here. Stacks that run at the same time must agree on them.
 */
function lendEnvironment(env: Record<string, string>): () => void {
  for (const [name, value] of Object.entries(env)) {
    if ((lent.get(name)?.value ?? value) !== value) {
      throw new Error(`another stack is running with another ${name}; use configuration instead`);
    }
  }
  for (const [name, value] of Object.entries(env)) {
    const entry = lent.get(name) ?? { value, before: process.env[name], users: 0 };
    lent.set(name, { ...entry, users: entry.users + 1 });
    process.env[name] = value;
  }
  return () => {
    for (const name of Object.keys(env)) {
      const entry = lent.get(name);
      if (entry === undefined) {
        continue;
      }
      if (entry.users > 1) {
        lent.set(name, { ...entry, users: entry.users - 1 });
      } else {
        lent.delete(name);
        if (entry.before === undefined) {
          Reflect.deleteProperty(process.env, name);
        } else {
          process.env[name] = entry.before;
        }
      }
    }
  };
}
