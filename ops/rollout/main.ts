import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { LocalWorkspace } from "@pulumi/pulumi/automation";
import { gatherSections } from "../../fleet/config/fleetFile";
import { parseFleetConfig } from "../../fleet/config/parse";
import { formatProblems } from "../../fleet/config/problems";
import { withStandIns } from "../../fleet/config/secretRules";
import { type Job, planRollout } from "../../fleet/stacks/rollout";
import { Unreadable } from "../../live/outputs";
import { wordsOf } from "../../live/program";
import type { Ending } from "../endings";
import { jobGraph, operatorStacks } from "./render";
import { progressOf, runJobs } from "./run";

export interface RolloutOptions {
  /** The fleet file. */
  readonly file: string;
  readonly json: boolean;
  readonly operator: boolean;
  readonly repository?: string | undefined;
  readonly branch: string;
  readonly namespace: string;
  readonly up: boolean;
  readonly parallel: number;
  readonly restart: boolean;
}

function readJobs(file: string): { jobs: Job[]; content: Buffer } {
  let content = Buffer.of();
  const { values, problems } = gatherSections({ fleet: file }, (path) => {
    content = readFileSync(path);
    return content;
  });
  const parsed = parseFleetConfig({ ...withStandIns(values), problems });
  if (parsed.problems) throw new Unreadable(formatProblems(parsed.problems));
  return { jobs: planRollout(parsed.config), content };
}

export async function run(options: RolloutOptions): Promise<Ending> {
  const { jobs, content } = readJobs(options.file);
  if (jobs.length === 0)
    throw new Unreadable(`${options.file} names no stacks: one \`pulumi up\` does it all.`);
  if (options.json) process.stdout.write(jobGraph(jobs));
  else if (options.operator) {
    const { repository, branch, namespace } = options;
    if (repository === undefined) throw new Unreadable("--operator needs --repository.");
    process.stdout.write(operatorStacks(jobs, { repository, branch, namespace }));
  } else if (options.up) {
    const { parallel, restart } = options;
    if (!(parallel >= 1)) throw new Unreadable("--parallel takes a number.");
    return deploy(jobs, content, { parallel, restart });
  } else {
    for (const { id, needs } of jobs) {
      console.log(needs.length === 0 ? id : `${id} after ${needs.join(", ")}`);
    }
  }
  return "well";
}

const PROGRESS = ".rollout/progress.json";

/** A rollout of the same fleet file goes on where it stopped. */
async function deploy(
  jobs: readonly Job[],
  content: Buffer,
  { parallel, restart }: { readonly parallel: number; readonly restart: boolean },
): Promise<Ending> {
  const fleet = createHash("sha256").update(content).digest("hex");
  const done = restart ? new Set<string>() : readProgress(fleet);
  const write = (): void => {
    mkdirSync(dirname(PROGRESS), { recursive: true });
    writeFileSync(PROGRESS, JSON.stringify({ fleet, done: [...done] }));
  };
  const start = performance.now();
  let ran = 0;
  const outcomes = await runJobs(
    jobs,
    async (job) => {
      const succeeded = await up(job);
      if (succeeded) done.add(job.id);
      write();
      ran += 1;
      const seconds = (performance.now() - start) / 1000;
      console.log(progressOf({ all: jobs.length, done: done.size, ran, seconds }));
      return succeeded;
    },
    { parallel, done },
  );
  for (const [id, outcome] of outcomes) console.log(`${id}: ${outcome}`);
  const good = [...outcomes.values()].every((outcome) => outcome !== "failed" && outcome !== "skipped");
  if (good) {
    done.clear();
    write();
  }
  return good ? "well" : "broken";
}

function readProgress(fleet: string): Set<string> {
  try {
    const found: { fleet?: unknown; done?: unknown } = JSON.parse(readFileSync(PROGRESS, "utf8"));
    if (found.fleet === fleet && Array.isArray(found.done)) return new Set(found.done.map(String));
  } catch {
    // None yet.
  }
  return new Set();
}

/**
 * The engine saves the state once, at the end, instead of twice for each resource. If it is killed before, the keys are
 * gone, and nobody has seen them: other stacks read them from the outputs. With clusters, their objects would be lost.
 */
export const WITHOUT_CHECKPOINTS = { PULUMI_SKIP_CHECKPOINTS: "true" };

async function up({ id, stack, keysOnly }: Job): Promise<boolean> {
  const start = performance.now();
  const told = (what: string) =>
    console.log(`${id}: ${what} (${Math.round((performance.now() - start) / 1000)} s)`);
  const lines: string[] = [];
  try {
    const selected = await LocalWorkspace.createOrSelectStack(
      { stackName: stack, workDir: process.cwd() },
      { envVars: keysOnly ? WITHOUT_CHECKPOINTS : {} },
    );
    const { summary } = await selected.up({ continueOnError: true, onOutput: (text) => lines.push(text) });
    const changes = Object.entries(summary.resourceChanges ?? {}).filter(([op]) => op !== "same");
    told(changes.map(([op, count]) => `${op} ${count}`).join(", ") || "nothing to do");
    return true;
  } catch (error) {
    told("failed");
    // The engine's own words stand in its output; before it is started, there are those of the CLI alone.
    const words = lines.length > 0 ? lines.join("") : wordsOf(error);
    console.error(words.trimEnd().split("\n").slice(-30).join("\n"));
    return false;
  }
}
