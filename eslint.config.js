// @ts-check
const path = require("node:path");
const ts = require("typescript");
const tseslint = require("typescript-eslint");

/**
 * One rule for each room (CONTRIBUTING.md): what it may not import.
 *
 * @param {string} room a folder, or one file
 * @param {string} message
 * @param {...string} group
 */
const room = (room, message, ...group) => ({
  files: [room.endsWith(".ts") ? room : `${room}/**/*.ts`],
  rules: {
    "no-restricted-imports": "off",
    "@typescript-eslint/no-restricted-imports": ["error", { patterns: [{ group, message }] }],
  },
});

/**
 * No file imports itself by way of others, not even for a type: such files can only be read together. `import-x/no-cycle` and
 * knip do not look at imports of types.
 *
 * @type {import("eslint").Rule.RuleModule}
 */
const noCircle = {
  create: ({ filename, report, sourceCode }) => ({
    Program(node) {
      const { program } = /** @type {{ program: ts.Program }} */ (sourceCode.parserServices);
      const importsOf = (/** @type {string} */ file) =>
        ts.preProcessFile(program.getSourceFile(file)?.text ?? "").importedFiles.flatMap(({ fileName }) => {
          const imported = path.resolve(path.dirname(file), fileName.replace(/\.[jt]s$/, ""));
          return fileName.startsWith(".") ? [`${imported}.ts`] : [];
        });
      // Each file that this one needs, with the file that was found to import it.
      const importers = new Map(importsOf(filename).map((file) => [file, filename]));
      for (const file of importers.keys()) {
        importsOf(file).forEach((next) => importers.has(next) || importers.set(next, file));
      }
      if (importers.has(filename)) {
        const circle = [filename];
        do {
          circle.unshift(/** @type {string} */ (importers.get(/** @type {string} */ (circle[0]))));
        } while (circle[0] !== filename);
        const names = circle.map((file) => path.relative(__dirname, file)).join(" → ");
        report({ node, message: `A circle of imports: ${names}` });
      }
    },
  }),
};
const popCore = "@alicloud/pop-core";
const pulumi = "@pulumi/*";
const audit = "**/audit/*";

module.exports = tseslint.config(
  {
    ignores: [
      "dist",
      "node_modules",
      "examples/node_modules",
      "coverage",
      ".stryker-tmp",
      "docs/api",
      "*.config.js",
      "*.config.mts",
      "emulator/*.cjs",
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
      "@typescript-eslint/no-empty-object-type": ["error", { allowInterfaces: "with-single-extends" }],
      curly: "error",
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
    // The SDK's types of mocks are any.
    files: ["examples/*/*.test.ts"],
    rules: {
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  {
    files: ["provider/**/*.ts", "emulator/**/*.ts"],
    plugins: { rooms: { rules: { "no-circle": noCircle } } },
    rules: { "rooms/no-circle": "error" },
  },
  room(
    "provider/program",
    "The program side declares resources. It loads neither the hosts nor the core (only what is named here) nor pop-core.",
    ...[
      "**/dynamic/*",
      "**/plugin/*",
      "**/cluster/*",
      "!**/cluster/clientToken.ts",
      "!**/cluster/lookups.ts",
      "!**/cluster/rules.ts",
      "!**/cluster/secretValues.ts",
      "**/http/*",
      "**/credentials/*",
      audit,
      popCore,
    ],
  ),
  room(
    "provider/dynamic",
    "A host calls the core, and nothing else.",
    ...["**/program/*", "**/plugin/*", "**/http/*", "**/credentials/*", audit, popCore],
  ),
  room(
    "provider/plugin",
    "A host calls the core, and nothing else.",
    ...["**/program/*", "**/dynamic/*", "**/http/*", "**/credentials/*", audit, popCore],
  ),
  room(
    "provider/audit",
    "audit/ reads the service through account/ and ecs/. Of the core it takes only what is named here.",
    ...[
      pulumi,
      "**/program/*",
      "**/dynamic/*",
      "**/plugin/*",
      "**/cluster/*",
      "!**/cluster/nameRegex.ts",
      "**/http/*",
      "**/credentials/*",
      popCore,
    ],
  ),
  room("provider/resourceTypes.ts", "It lies below everything that names resources.", "**"),
  room(
    "provider/cluster",
    "The core knows neither its hosts, nor Pulumi, nor how a request is sent.",
    ...[
      pulumi,
      audit,
      "**/program/*",
      "**/dynamic/*",
      "**/plugin/*",
      "**/http/*",
      "**/credentials/*",
      popCore,
    ],
  ),
  room(
    "provider/account",
    "account/ knows neither clusters nor Pulumi.",
    ...[pulumi, audit, "**/program/*", "**/dynamic/*", "**/plugin/*", "**/cluster/*", popCore],
  ),
  room(
    "provider/ecs",
    "ecs/ knows nothing of Pulumi, of clusters in a state, or of settings; pop-core is used only in ecs/http.",
    ...[
      pulumi,
      audit,
      "**/program/*",
      "**/dynamic/*",
      "**/plugin/*",
      "**/cluster/*",
      "**/account/*",
      popCore,
    ],
  ),
  room(
    "provider/ecs/http",
    "ecs/ knows nothing of Pulumi, of clusters in a state, or of settings.",
    ...[pulumi, audit, "**/program/*", "**/dynamic/*", "**/plugin/*", "**/cluster/*", "**/account/*"],
  ),
  room(
    "emulator",
    "The emulator is an independent oracle.",
    "**/provider/**",
    "**/test/**",
    "pulumi-alicloud-hpc",
  ),
  room("test/emulator", "The emulator is an independent oracle.", "**/provider/**", "pulumi-alicloud-hpc"),
);
