import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { TestLab } from "../test/lab/harness";
import { print } from "./figure";

interface Event {
  readonly timestamp: number;
  readonly resourcePreEvent?: { readonly metadata: { readonly type: string } };
  readonly summaryEvent?: object;
}

/** Median of three runs: a machine that also does something else is no reason for a figure. */
async function median(work: () => Promise<number>): Promise<number> {
  const runs = [await work(), await work(), await work()];
  return runs.sort((a, b) => a - b)[1] ?? 0;
}

async function timed(work: () => Promise<{ code: number; stdout: string; stderr: string }>): Promise<number> {
  const start = performance.now();
  const ran = await work();
  if (ran.code !== 0) throw new Error(`${ran.stdout}\n${ran.stderr}`);
  return (performance.now() - start) / 1000;
}

async function main(): Promise<void> {
  const lab = await TestLab.create();
  try {
    // Clusters and workloads, but an empty stack: what `npm run lab` does before `pulumi up`.
    await timed(() => lab.cli());
    await lab.pulumi("state", "unprotect", "--all", "--yes");
    await timed(() => lab.pulumi("destroy", "--yes", "--skip-preview"));

    print("first `pulumi up` of the three-cluster mesh", await timed(() => up(lab)), "s", 90);
    const events = join(lab.folder, "events.json");
    const preview = await median(() => timed(() => lab.pulumi("preview")));
    print("no-change `pulumi preview`", preview, "s", 6);

    const start = Date.now() / 1000;
    await timed(() => lab.pulumi("preview", `--event-log=${events}`));
    const seen = readFileSync(events, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Event);
    const first = seen.find((event) =>
      event.resourcePreEvent?.metadata.type.startsWith("linkerd-fleet:"),
    )?.timestamp;
    const providers = seen.find((event) =>
      event.resourcePreEvent?.metadata.type.startsWith("kubernetes:"),
    )?.timestamp;
    const last = seen.find((event) => event.summaryEvent)?.timestamp;
    rmSync(events);
    print("  until the program registers its first resource", (first ?? 0) - start, "s");
    print("  until the first Kubernetes resource (plugins started)", (providers ?? 0) - (first ?? 0), "s");
    print("  all further resources", (last ?? 0) - (providers ?? 0), "s");

    const state = join(lab.lab.state, ".pulumi", "stacks", "linkerd-fleet", "dev.json");
    const { checkpoint } = JSON.parse(readFileSync(state, "utf8")) as {
      checkpoint: { latest: { resources: unknown[] } };
    };
    print("resources in the state", checkpoint.latest.resources.length, "resources");
    print(
      "  state file, for each resource",
      statSync(state).size / 1024 / checkpoint.latest.resources.length,
      "KB",
    );
  } finally {
    await lab.remove();
  }
}

function up(lab: TestLab) {
  return lab.pulumi("up", "--yes", "--skip-preview", "--continue-on-error");
}

main();
