import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TestLab } from "../test/lab/harness";
import { documentedWay } from "./documented";
import { print, toHundredths } from "./figure";
import { resourcesIn } from "./memory/fleet";
import { MemoryWatch } from "./memory/processes";
import { tell } from "./result";
import { slowPods } from "./slowPods";

const CLUSTERS = ["us", "eu", "apac"] as const;

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
    await lab.start();
    const watch = new MemoryWatch(process.pid);
    const first = await timed(() => up(lab));
    print("first `pulumi up` of the three-cluster mesh", first, "s", 90);
    const plugins = watch
      .end()
      .flatMap(({ command, megabytes }) =>
        /^\S*pulumi-resource-kubernetes\b/.test(command) ? [megabytes] : [],
      );
    print("  the largest process of the Kubernetes plugin", Math.max(...plugins), "MB");
    const events = join(lab.folder, "events.json");
    const preview = await median(() => timed(() => lab.pulumi("preview")));
    print("no-change `pulumi preview` of the same", preview, "s", 2);
    await partsOfPreview(lab, events);

    const state = lab.stateFile();
    print("  state, for each resource", state.length / 1024 / resourcesIn(state), "KB", 6);

    await compare(lab, 0, first);
  } finally {
    await lab.remove();
  }
}

/** Takes our fleet down, and does what is documented on the same API servers. */
async function compare(lab: TestLab, podSeconds: number, oursSeconds: number): Promise<void> {
  const resources = resourcesIn(lab.stateFile());
  await timed(() => lab.pulumi("state", "unprotect", "--all", "--yes"));
  const destroy = await timed(() => lab.pulumi("destroy", "--yes", "--skip-preview"));
  if (podSeconds === 0) print("`pulumi destroy` of the same", destroy, "s", 15);
  tell({
    kind: "documented",
    ...{ shape: "mesh", clusters: CLUSTERS.length, links: 6, resources, podSeconds },
    oursSeconds: toHundredths(oursSeconds),
    documentedSeconds: toHundredths(await documentedWay(lab, CLUSTERS)),
  });
}

/** The same once more where a pod takes its time to become ready, as outside of a lab. */
async function withSlowPods(podSeconds: number): Promise<void> {
  const lab = await TestLab.create();
  try {
    await lab.start();
    for (const cluster of CLUSTERS) {
      await timed(() => lab.cli("stop", cluster));
      slowPods(lab.lab, cluster, podSeconds);
      await timed(() => lab.cli("start", cluster));
    }
    await compare(lab, podSeconds, await timed(() => up(lab)));
  } finally {
    await lab.remove();
  }
}

async function partsOfPreview(lab: TestLab, events: string): Promise<void> {
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
  print("  until the program registers its first resource", (first ?? 0) - start, "s");
  print("  until the first Kubernetes resource (plugins started)", (providers ?? 0) - (first ?? 0), "s");
  print("  all further resources", (last ?? 0) - (providers ?? 0), "s");
}

function up(lab: TestLab) {
  return lab.pulumi("up", "--yes", "--skip-preview", "--continue-on-error");
}

main().then(() => withSlowPods(10));
