import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TARGET_LABEL } from "../fleet/config/names";
import { federatedMembers, LOCAL_DISCOVERY, MIRRORED_LABEL } from "../fleet/links/mirrors";
import { readApi } from "./clusters";
import { type Lab, repository } from "./env";
import { endProcesses, processesOf } from "./processes";
import type { LabCluster } from "./stackfile";
import type { Part } from "./toolchain";

const PROGRAM = "service-mirror";
/** Mirrors look every two seconds, and a change may need two looks. */
const REST_MS = 5_000;
const REST_WITHIN_MS = 30_000;

/** A Service that a cluster has of other clusters. */
export interface Mirrored {
  readonly cluster: string;
  /** With its namespace. */
  readonly name: string;
  /** The clusters that its pods are in. */
  readonly of: readonly string[];
}

/** Starts the process that mirrors in all clusters of a lab, unless it runs; `LINKERD_FLEET_MIRRORS=off` ends it. */
export async function ensureMirrors(lab: Lab): Promise<void> {
  const folder = join(lab.root, "mirrors");
  if (!lab.mirrors) return endProcesses(folder, [PROGRAM]);
  const code = await bundle();
  const program = join(folder, `${createHash("sha256").update(code).digest("hex").slice(0, 12)}.cjs`);
  if (processesOf(folder, [PROGRAM]).some(({ args }) => args.includes(program))) return;
  await endProcesses(folder, [PROGRAM]);
  rmSync(folder, { recursive: true, force: true });
  for (const made of [folder, lab.logs]) mkdirSync(made, { recursive: true, mode: 0o700 });
  writeFileSync(program, code);
  const log = openSync(join(lab.logs, "mirrors.log"), "w", 0o600);
  const child = spawn(process.execPath, [program, join(lab.root, "kwok", "clusters")], {
    // `processesOf` finds it by this name.
    argv0: PROGRAM,
    detached: true,
    stdio: ["ignore", log, log],
    // Its packages are those of this clone, wherever the lab is.
    env: { NODE_PATH: join(repository, "node_modules") },
  });
  child.unref();
}

/** Our own part of it, which is small. */
async function bundle(): Promise<string> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [join(__dirname, "standins", "mirror", "main.ts")],
    bundle: true,
    packages: "external",
    platform: "node",
    target: "node22",
    write: false,
    logLevel: "error",
  });
  return outputFiles.map(({ text }) => text).join("");
}

/** How it appears in the lab's table, after the chart whose image it stands for. */
export function mirrorPart(parts: readonly Part[]): Part {
  const chart = parts.find(({ name }) => name === "chart linkerd-multicluster");
  return { name: PROGRAM, version: chart?.version ?? "-", origin: "stand-in", from: "lab/standins/mirror" };
}

/** What each cluster sees of the others. */
export async function readMirrored(lab: Lab, clusters: readonly LabCluster[]): Promise<Mirrored[]> {
  const label = encodeURIComponent(`${MIRRORED_LABEL}=true`);
  const read = clusters.map(async (cluster) => {
    const services = await readApi(lab, cluster, `/api/v1/services?labelSelector=${label}`);
    if (services === undefined) return [];
    const { items } = JSON.parse(services) as { items: { metadata: Metadata }[] };
    return items.map(({ metadata: { name, namespace, labels = {}, annotations = {} } }) => {
      const target = labels[TARGET_LABEL];
      const own = LOCAL_DISCOVERY in annotations ? [cluster.name] : [];
      const members = federatedMembers(annotations).map((member) => member.cluster);
      const of = target === undefined ? [...own, ...members].sort() : [target];
      return { cluster: cluster.name, name: `${namespace}/${name}`, of };
    });
  });
  return (await Promise.all(read)).flat();
}

interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Waits until what the clusters see has not changed for a while. */
export async function mirrorsAtRest(lab: Lab, clusters: readonly LabCluster[]): Promise<void> {
  let seen = "";
  let since = Date.now();
  for (const until = Date.now() + REST_WITHIN_MS; Date.now() < until && Date.now() - since < REST_MS; ) {
    const now = JSON.stringify(await readMirrored(lab, clusters));
    if (now !== seen) since = Date.now();
    seen = now;
    await sleep(500);
  }
}
