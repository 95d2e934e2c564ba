import type { Job } from "../../fleet/stacks/rollout";

export type Outcome = "succeeded" | "failed" | "skipped" | "done before";

/**
 * Runs jobs as soon as those they need have succeeded, at most `parallel` at a time. What needs a job that failed is
 * skipped, and nothing else is: a failure stops its own way on, not that of the others.
 */
export async function runJobs(
  jobs: readonly Job[],
  work: (job: Job) => Promise<boolean>,
  options: { readonly parallel: number; readonly done: ReadonlySet<string> },
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  for (const { id } of jobs) if (options.done.has(id)) outcomes.set(id, "done before");
  const running = new Map<string, Promise<void>>();
  const good = (id: string) => ["succeeded", "done before"].includes(outcomes.get(id) ?? "");
  for (;;) {
    const waiting = jobs.filter(({ id }) => !outcomes.has(id) && !running.has(id));
    for (const { id, needs } of waiting) {
      if (needs.some((need) => outcomes.has(need) && !good(need))) outcomes.set(id, "skipped");
    }
    const able = waiting.filter(({ id, needs }) => !outcomes.has(id) && needs.every(good));
    for (const job of able.slice(0, options.parallel - running.size)) {
      const settled = work(job).then((succeeded) => {
        outcomes.set(job.id, succeeded ? "succeeded" : "failed");
        running.delete(job.id);
      });
      running.set(job.id, settled);
    }
    if (running.size > 0) await Promise.race(running.values());
    else if (jobs.every(({ id }) => outcomes.has(id))) return outcomes;
  }
}

/**
 * What is done of all jobs, and how long the others take if they go on as before. `done` has those of an earlier run;
 * `ran` ended in this one, within so many seconds.
 */
export function progressOf(jobs: {
  readonly all: number;
  readonly done: number;
  readonly ran: number;
  readonly seconds: number;
}): string {
  const { all, done, ran, seconds } = jobs;
  const left = all - done;
  const minutes = Math.ceil((left * seconds) / ran / 60);
  return `${done} of ${all} done${left === 0 ? "" : `, about ${minutes} min to go`}`;
}
