/**
 * The test commands: `npm test` (types, lint, unit, policy, engine and browser tests) and `npm run test:lab`,
 * which also fails for commands of documents that no test ran. Ends with one line, `N passed, N failed`, and exit
 * code 1 if anything failed; a type or lint error counts as one failure.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { neverRun, RUN_BLOCKS } from "../testing/documents";

interface Count {
  readonly passed: number;
  readonly failed: number;
}

async function main(kinds: readonly string[]): Promise<number> {
  const counts = kinds.includes("lab")
    ? wholeLab()
    : [
        ...(await Promise.all([check("tsc", ["--noEmit"]), check("npm", ["run", "--silent", "lint"])])),
        vitest(["unit", "policy", "engine", "browser"]),
      ];
  const passed = sum(counts, "passed");
  const failed = sum(counts, "failed");
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

/** Prints what a tool says once it has ended, so that several can run at a time. */
async function check(tool: string, args: readonly string[]): Promise<Count> {
  const ran = spawn(tool, args, { stdio: ["ignore", "pipe", "pipe"] });
  const said: Buffer[] = [];
  for (const stream of [ran.stdout, ran.stderr]) stream.on("data", (part: Buffer) => said.push(part));
  const [status] = await once(ran, "close");
  console.log(`> ${tool} ${args.join(" ")}\n${Buffer.concat(said)}`);
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1 };
}

/** All lab tests; and as documents are followed by them, that no command of a document was left out. */
function wholeLab(): Count[] {
  const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-blocks-"));
  const file = join(folder, "run");
  writeFileSync(file, "");
  try {
    const tests = vitest(["lab"], { [RUN_BLOCKS]: file });
    const left = neverRun(file);
    for (const { at, text } of left)
      console.log(`${at}: no test ran this, and it does not say why:\n${text}`);
    return [tests, { passed: left.length === 0 ? 1 : 0, failed: left.length }];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function vitest(projects: readonly string[], env: Readonly<Record<string, string>> = {}): Count {
  const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-test-"));
  const report = join(folder, "report.json");
  const { status } = spawnSync(
    "vitest",
    [
      "run",
      ...projects.flatMap((name) => ["--project", name]),
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
    ],
    { stdio: "inherit", env: { ...process.env, ...env } },
  );
  try {
    const result = JSON.parse(readFileSync(report, "utf8")) as {
      numPassedTests: number;
      numFailedTests: number;
      numPendingTests: number;
      testResults: { status: string; assertionResults: unknown[] }[];
    };
    // A file that cannot be loaded has no tests to fail, and a skipped test proves nothing.
    const broken = result.testResults.filter(
      (file) => file.status === "failed" && file.assertionResults.length === 0,
    ).length;
    const failed = result.numFailedTests + result.numPendingTests + broken;
    return { passed: result.numPassedTests, failed: failed === 0 && status !== 0 ? 1 : failed };
  } catch {
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function sum(counts: readonly Count[], key: keyof Count): number {
  return counts.reduce((total, count) => total + count[key], 0);
}

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
