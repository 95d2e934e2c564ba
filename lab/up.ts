import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { readOutput } from "../fleet/outputs/schema";
import {
  clusterFolder,
  createdClusters,
  ensureCluster,
  isRunning,
  kubectl,
  type Outcome,
  readApi,
  removeCluster,
  writeKubeconfig,
} from "./clusters";
import { ensureStack, outputs, up } from "./engine";
import { type Lab, LabError, labEnv } from "./env";
import { ensureMirrors, mirrorPart, mirrorsAtRest, readMirrored } from "./mirrors";
import { endProcesses } from "./processes";
import type { Progress } from "./progress";
import { run } from "./run";
import { type LabCluster, readStackFile } from "./stackfile";
import { type ClusterStatus, clusterTable, linkTable, mirrorTable, partTable, serviceTable } from "./table";
import type { Toolchain } from "./toolchain";

/** Starts the clusters of the stack file, with the demo and no Linkerd, and makes the stack. */
export async function prepare(lab: Lab, tools: Toolchain, progress: Progress) {
  const wanted = readStackFile(lab.stackFile);
  await provideCharts(lab, tools);
  const clustersChanged = await startClusters(lab, tools, wanted, progress);
  await ensureMirrors(lab);
  const demoChanged = await installDemo(lab, tools, wanted);
  await ensureStack(lab, tools);
  return { wanted, changed: clustersChanged || demoChanged };
}

/** Brings the whole lab to what the stack file says, and shows it. */
export async function bringUp(lab: Lab, tools: Toolchain, progress: Progress): Promise<void> {
  const prepared = await prepare(lab, tools, progress);
  const counts = await progress.step("pulumi up", (note) => up(lab, tools, note));

  // Only now: the engine had to reach a cluster that left the stack file to take its things out of the others.
  const gone = createdClusters(lab).filter(
    ({ name }) => !prepared.wanted.some((cluster) => cluster.name === name),
  );
  for (const { name } of gone) await removeCluster(lab, name);
  if (gone.length > 0) writeKubeconfig(lab, prepared.wanted);

  const changed = Object.entries(counts).filter(([op]) => op !== "same");
  if (lab.mirrors && (changed.length > 0 || prepared.changed)) {
    await progress.step("waiting for the service mirrors", () => mirrorsAtRest(lab, prepared.wanted));
  }
  await showStatus(lab, tools, progress);
  const resources = changed.map(([op, count]) => `${op} ${count}`).join(", ");
  if (changed.length > 0) progress.say(`Resources: ${resources}.`);
  else if (!prepared.changed && gone.length === 0) progress.say("Nothing changed.");
  progress.say("`npm run lab -- shell` opens a shell on it; `npm run lab -- down` removes it.");
}

/** Prints the clusters, the links, the exported services, where they are seen, and where the lab's parts come from. */
export async function showStatus(lab: Lab, tools: Toolchain, progress: Progress): Promise<void> {
  const created = createdClusters(lab);
  const statuses = await Promise.all(created.map((cluster) => clusterStatus(lab, cluster)));
  const deployed = existsSync(join(lab.state, ".pulumi", "stacks")) ? await outputs(lab, tools) : {};
  const fleet = {
    clusters: readOutput(deployed, "clusters"),
    links: readOutput(deployed, "links"),
    services: readOutput(deployed, "services"),
  };
  progress.say(partTable([...tools.parts, ...(lab.mirrors ? [mirrorPart(tools.parts)] : [])]));
  progress.say(clusterTable(statuses, fleet));
  if (fleet.links) progress.say(linkTable(fleet));
  if (fleet.services) progress.say(serviceTable(fleet));
  if (lab.mirrors) progress.say(mirrorTable(await readMirrored(lab, created)));
}

/** Where more start at once, the other programs of a cluster give up before its API server answers. */
const AT_ONCE = Math.max(3, availableParallelism());

async function startClusters(
  lab: Lab,
  tools: Toolchain,
  wanted: readonly LabCluster[],
  progress: Progress,
): Promise<boolean> {
  // Left by a command that was killed: we hold the lab's lock, so nobody else waits for it.
  await endProcesses(join(lab.root, "kwok"), ["kwokctl"]);
  const waiting = wanted.filter(({ name }) => !isRunning(lab, name)).map(({ name }) => name);
  const start = async (note: (text: string) => void) => {
    const pending = new Set(waiting);
    const queue = wanted.values();
    const outcomes: Outcome[] = [];
    const failed: unknown[] = [];
    const worker = async () => {
      for (const cluster of queue) {
        try {
          outcomes.push(await ensureCluster(lab, tools, cluster));
        } catch (reason) {
          failed.push(reason);
        }
        pending.delete(cluster.name);
        note(`waiting for ${[...pending].join(", ")}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    if (failed.length > 0) throw new LabError(failed.map(messageOf).join("\n"));
    writeKubeconfig(lab, createdClusters(lab));
    return outcomes.some((outcome) => outcome !== "kept");
  };
  if (waiting.length === 0) return start(() => undefined);
  return progress.step(
    `starting ${waiting.length === 1 ? "cluster" : "clusters"} ${waiting.join(", ")}`,
    start,
  );
}

/** Two small workloads in each cluster, for the fleet to export. */
async function installDemo(lab: Lab, tools: Toolchain, clusters: readonly LabCluster[]): Promise<boolean> {
  const applied = await Promise.all(
    clusters.map((cluster) => kubectl(lab, tools, cluster, ["apply", "-f", join(__dirname, "demo")])),
  );
  return applied.some((output) => /(created|configured)$/m.test(output));
}

/** Where the lab's stack file finds the charts, wherever `LINKERD_FLEET_LAB` has the lab. */
const namedCharts = ({ project }: Lab) => join(project, ".lab", "charts");

/** Lets the stack file find the charts of a lab that is not in `.lab`; those of one that is are as good. */
function linkCharts(lab: Lab): void {
  const named = namedCharts(lab);
  if (existsSync(named)) return;
  // A link that leads nowhere is of a lab that is gone.
  rmSync(named, { force: true });
  mkdirSync(dirname(named), { recursive: true, mode: 0o700 });
  symlinkSync(join(lab.root, "charts"), named);
}

/** Takes the link away again. */
export function unlinkCharts(lab: Lab): void {
  const named = namedCharts(lab);
  const link = lstatSync(named, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (!link || readlinkSync(named) !== join(lab.root, "charts")) return;
  rmSync(named);
  if (readdirSync(dirname(named)).length === 0) rmdirSync(dirname(named));
}

/** Puts the charts where the stack file finds them: `.lab/charts`. */
async function provideCharts(lab: Lab, tools: Toolchain): Promise<void> {
  await fetchCharts(lab, tools);
  linkCharts(lab);
}

async function fetchCharts(lab: Lab, tools: Toolchain): Promise<void> {
  const folder = join(lab.root, "charts");
  const origin = join(lab.root, "charts-from");
  const charts = tools.parts.filter(({ name }) => name.startsWith("chart "));
  const from = JSON.stringify([tools.charts, charts.map(({ version }) => version)]);
  if (existsSync(folder) && existsSync(origin) && readFileSync(origin, "utf8") === from) return;
  if (lstatSync(folder, { throwIfNoEntry: false })) rmSync(folder, { recursive: true });
  if (existsSync(tools.charts)) {
    symlinkSync(tools.charts, folder);
  } else {
    mkdirSync(folder, { recursive: true });
    for (const { name, version } of charts) {
      const chart = name.replace("chart ", "");
      const args = [
        "pull",
        chart,
        "--repo",
        tools.charts,
        "--version",
        version,
        "--untar",
        "--untardir",
        folder,
      ];
      const ran = await run(tools.bin.helm, args, { env: labEnv(lab, tools) });
      if (ran.code !== 0) throw new LabError(`The chart ${chart} could not be fetched: ${ran.stderr.trim()}`);
    }
  }
  writeFileSync(origin, from);
}

async function clusterStatus(lab: Lab, cluster: LabCluster): Promise<ClusterStatus> {
  const [version, nodes] = await Promise.all([
    readApi(lab, cluster, "/version"),
    readApi(lab, cluster, "/api/v1/nodes"),
  ]);
  const { name, context, apiServer } = cluster;
  if (version === undefined || nodes === undefined) return { name, context, apiServer };
  const { gitVersion } = JSON.parse(version) as { gitVersion: string };
  const { items } = JSON.parse(nodes) as { items: unknown[] };
  return { name, context, apiServer, version: gitVersion, nodes: items.length };
}

/** The log files of one cluster, or of one of its programs. */
export function readLogs(lab: Lab, name: string, files: readonly string[], program?: string): string {
  const folder = join(clusterFolder(lab, name), "logs");
  const chosen = files.filter((file) => program === undefined || basename(file, ".log") === program);
  if (chosen.length === 0) {
    throw new LabError(
      `${name} has no log of ${program}; there are ${files.map((f) => basename(f, ".log")).join(", ")}.`,
    );
  }
  return chosen
    .map((file) => {
      const lines = readFileSync(join(folder, file), "utf8").trimEnd().split("\n");
      return `== ${join(folder, file)}\n${lines.slice(program === undefined ? -20 : -500).join("\n")}`;
    })
    .join("\n");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
