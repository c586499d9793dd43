// @ts-check
const tseslint = require("typescript-eslint");

/** The arrows between the rooms (CONTRIBUTING.md): who may import whom. */
const pureFiles = ["inputs", "nearestName", "clientToken", "state"].map((name) => `provider/${name}.ts`);

/** @param {string} message @param {...string} group */
const forbid = (message, ...group) => ({
  "no-restricted-imports": "off",
  "@typescript-eslint/no-restricted-imports": ["error", { patterns: [{ group, message }] }],
});
const popCore = "@alicloud/pop-core";
const pulumi = "@pulumi/pulumi*";

module.exports = tseslint.config(
  {
    ignores: [
      "dist",
      "node_modules",
      "examples/node_modules",
      "coverage",
      "docs/api",
      "*.config.js",
      "*.config.mts",
    ],
  },
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: ["tsconfig.json", "test/tsconfig.json", "examples/tsconfig.json"],
        tsconfigRootDir: __dirname,
      },
    },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // Index access is checked by the compiler (noUncheckedIndexedAccess); `!` says that a key is known to be there.
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/dot-notation": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      eqeqeq: "error",
      "no-console": "off",
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/require-await": "off",
    },
  },
  {
    files: ["provider/ecs/**/*.ts"],
    ignores: ["provider/ecs/transport.ts"],
    rules: forbid(
      "ecs/ knows nothing of Pulumi, and only transport.ts of pop-core.",
      pulumi,
      popCore,
      "../*",
    ),
  },
  {
    files: ["provider/ecs/transport.ts"],
    rules: forbid("ecs/ knows nothing of Pulumi.", pulumi, "../*"),
  },
  {
    files: pureFiles,
    rules: forbid(
      "A pure file does no I/O.",
      ...[
        pulumi,
        popCore,
        "./lifecycle*",
        "./config*",
        "./hpcCluster*",
        "./ecs/transport*",
        "./ecs/connection*",
      ],
    ),
  },
  {
    files: ["provider/hpcCluster.ts", "provider/tokenSalt.ts", "provider/index.ts"],
    rules: forbid(
      "The program side loads neither pop-core nor credentials.",
      popCore,
      "./ecs/*",
      "./config*",
    ),
  },
  {
    files: ["provider/lifecycle.ts", "provider/creation.ts", "provider/observation.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              group: [pulumi, "./ecs/transport*", "./ecs/connection*", popCore],
              message: "Loaded in the program too: load what talks to the service on first need.",
              allowTypeImports: true,
            },
            {
              group: ["./hpcCluster*", "./index*", "./tokenSalt"],
              message: "Arrows point to the service, not back.",
            },
          ],
        },
      ],
    },
  },
  {
    files: ["test/emulator/**/*.ts"],
    rules: forbid("The emulator is an independent oracle.", "**/provider/**", "pulumi-alicloud-hpc"),
  },
);
