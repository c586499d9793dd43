// @ts-check
/**
 * The last line of .ci/run: counts the tests in a report of the test runner. JavaScript, since it also runs where `npm ci` has failed,
 * on the machine's own Node.js.
 */
import { existsSync, readFileSync } from "node:fs";

/**
 * @typedef {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   testResults?: { status: string, assertionResults: unknown[] }[] }} Report
 */

/** @type {Report} */
const withoutReport = { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, numTodoTests: 0 };

const file = process.argv[2] ?? "";
const report = existsSync(file)
  ? /** @type {Report} */ (JSON.parse(readFileSync(file, "utf8")))
  : withoutReport;
// A file that could not even be loaded counts as one failed test.
const broken = (report.testResults ?? []).filter(
  ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
).length;
const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = report;
console.log(
  `${numPassedTests} passed, ${numFailedTests + broken} failed, ${numPendingTests + numTodoTests} skipped`,
);
