/** Which consumers are tried: data, and the versions it speaks of. */

/** The steps of a consumer, in order. */
export type Stage =
  "install" | "type-check" | "registrations" | "configure" | "up" | "up again" | "refresh" | "destroy";

/** One consumer: a package manager, a kind of program, and the versions it is run with. */
export interface Cell {
  readonly manager: "npm" | "pnpm 10" | "pnpm 12" | "yarn 1" | "yarn 4" | "bun";
  readonly module: "cjs" | "esm";
  readonly language: "js" | "ts5.9" | "ts6" | "ts7";
  /** Of @pulumi/pulumi. */
  readonly sdk: string;
  readonly node: "22" | "24" | "26";
  /**
   * How the package comes into the program's `node_modules`: from its tarball (the default), as another folder of the same
   * workspace, which is a symlink, or by `npm link` of a folder that has an SDK of its own.
   */
  readonly layout?: "workspace" | "npm link";
  /** Other settings of pnpm, as `pnpm-workspace.yaml` has them. */
  readonly pnpmSettings?: Readonly<Record<string, boolean | string>>;
  /** A consumer that cannot work: where it has to stop, what the user reads there, and why. */
  readonly fails?: { readonly at: Stage; readonly saying: string; readonly why: string };
}

/** The oldest and the newest SDK that package.json allows and this repository has been tested with. */
export const oldestSdk = "3.216.0";
export const newestSdk = "3.270.0";
/** The first SDK whose peer dependencies admit TypeScript 6. None admits TypeScript 7. */
export const firstSdkForTypeScript6 = "3.229.0";
/** One between them. */
const middleSdk = "3.251.0";

/** What is installed for a value of a column; exact versions, so that a cell fails for one reason only. */
export const versions = {
  "pnpm 10": "10.34.9",
  "pnpm 12": "12.21.0",
  "yarn 1": "1.22.22",
  "yarn 4": "4.18.1",
  bun: "1.4.5",
  "ts5.9": "5.9.3",
  ts6: "6.0.3",
  ts7: "7.0.2",
  "22": "22.23.3",
  "24": "24.21.0",
  "26": "26.10.0",
} as const;

/** The one that `npm test` tries too: the oldest SDK. template.test.ts installs the tarball beside the newest. */
export const everydayCell: Cell = {
  ...{ manager: "npm", module: "esm", language: "ts5.9", sdk: oldestSdk, node: "24", layout: "workspace" },
};

/** Every value of a column beside each value of the other columns, and what lies between the oldest and the newest. */
export const cells: readonly Cell[] = [
  everydayCell,
  { manager: "npm", module: "cjs", language: "ts6", sdk: newestSdk, node: "24" },
  { manager: "npm", module: "cjs", language: "ts5.9", sdk: oldestSdk, node: "22" },
  { manager: "npm", module: "cjs", language: "js", sdk: oldestSdk, node: "26" },
  { manager: "npm", module: "cjs", language: "ts6", sdk: firstSdkForTypeScript6, node: "22" },
  { manager: "npm", module: "esm", language: "js", sdk: newestSdk, node: "24" },
  { manager: "npm", module: "esm", language: "ts6", sdk: newestSdk, node: "26" },
  { manager: "npm", module: "cjs", language: "js", sdk: newestSdk, node: "24", layout: "npm link" },
  { manager: "npm", module: "esm", language: "js", sdk: oldestSdk, node: "24", layout: "npm link" },
  { manager: "pnpm 12", module: "cjs", language: "ts5.9", sdk: newestSdk, node: "26" },
  { manager: "pnpm 12", module: "esm", language: "js", sdk: oldestSdk, node: "24" },
  { manager: "pnpm 12", module: "esm", language: "js", sdk: newestSdk, node: "22", layout: "workspace" },
  { manager: "pnpm 12", module: "esm", language: "ts6", sdk: newestSdk, node: "24" },
  { manager: "pnpm 12", module: "cjs", language: "ts7", sdk: newestSdk, node: "24" },
  { manager: "pnpm 10", module: "esm", language: "ts5.9", sdk: middleSdk, node: "24" },
  { manager: "pnpm 10", module: "cjs", language: "js", sdk: oldestSdk, node: "24" },
  {
    manager: "pnpm 12",
    module: "cjs",
    language: "js",
    sdk: newestSdk,
    node: "22",
    pnpmSettings: { enableGlobalVirtualStore: true },
  },
  { manager: "yarn 1", module: "cjs", language: "ts5.9", sdk: oldestSdk, node: "24" },
  { manager: "yarn 4", module: "esm", language: "ts6", sdk: newestSdk, node: "24", layout: "workspace" },
  { manager: "bun", module: "esm", language: "ts6", sdk: newestSdk, node: "24" },
  {
    manager: "npm",
    module: "cjs",
    language: "ts6",
    sdk: oldestSdk,
    node: "24",
    fails: {
      at: "install",
      saying: "ERESOLVE",
      why: `@pulumi/pulumi admits TypeScript 6 from ${firstSdkForTypeScript6} on: npm refuses the two together`,
    },
  },
  {
    manager: "npm",
    module: "cjs",
    language: "ts7",
    sdk: newestSdk,
    node: "24",
    fails: {
      at: "install",
      saying: "ERESOLVE",
      why: "@pulumi/pulumi does not admit TypeScript 7: npm refuses the two together",
    },
  },
];
