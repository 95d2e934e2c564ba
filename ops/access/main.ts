import { writeFileSync } from "node:fs";
import { type Cluster, type ClusterState, indexed } from "../../fleet/effective/cluster";
import { type Difference, differencesOf } from "../../fleet/effective/compare";
import { examineAccess } from "../../fleet/effective/examine";
import type { Plan } from "../../fleet/plan";
import { type FleetOptions, openFleet, planOf } from "../../live/fleet";
import { readText, Unreadable } from "../../live/outputs";
import { countProgress } from "../../live/progress";
import type { Ending } from "../endings";
import { answerText, differenceText, matrix, rowsOf } from "./print";
import { answersTo } from "./question";
import { dumpFile, readState } from "./read";

export interface AccessOptions extends FleetOptions {
  readonly json: boolean;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly save: string | undefined;
  readonly dump: string | undefined;
  readonly "as-injected": boolean;
}

interface Reading {
  readonly plan: Plan;
  readonly states: readonly ClusterState[];
  /** What could not be read, for people. */
  readonly unread: readonly string[];
}

export async function run(options: AccessOptions): Promise<Ending> {
  const { json, from, to, method, path, save, dump } = options;
  const reading = dump === undefined ? await readClusters(options) : await readDump(options, dump);
  if (save !== undefined) writeFileSync(save, JSON.stringify({ version: 1, clusters: reading.states }));
  const clusters = new Map(reading.states.map((state) => [state.name, indexed(state)]));
  for (const message of reading.unread) console.error(message);
  if (from !== undefined && to !== undefined) {
    const answers = answersTo(reading.plan, clusters, { from, to, method, path });
    console.log(json ? JSON.stringify(answers) : answers.map(answerText).join("\n"));
    return ended(answers.flatMap(({ difference }) => difference ?? []));
  }
  return overview(reading, clusters, json);
}

function overview({ plan, unread }: Reading, clusters: ReadonlyMap<string, Cluster>, json: boolean): Ending {
  const examined = examineAccess(plan, clusters);
  const differences = examined.flatMap(differencesOf);
  const rows = rowsOf(examined);
  if (json) console.log(JSON.stringify({ rows, differences, unread }));
  else {
    console.log(matrix(rows));
    for (const difference of differences) console.log(differenceText(difference));
    console.log(`${rows.length} ports, ${differences.length} differences`);
  }
  const ending = ended(differences.map(({ kind }) => kind));
  return ending === "well" && unread.length > 0 ? "attention" : ending;
}

function ended(kinds: readonly Difference["kind"][]): Ending {
  if (kinds.some((kind) => kind === "open" || kind === "closed")) return "broken";
  return kinds.length > 0 ? "attention" : "well";
}

async function readClusters(options: AccessOptions): Promise<Reading> {
  const { plan, clusters } = await openFleet(options);
  const done = countProgress(plan.clusters.map(({ name }) => name));
  const reads = await Promise.all(
    plan.clusters.map(async (cluster) => {
      const live = clusters.get(cluster.name);
      if (!live) throw new Error(`cluster ${cluster.name} was not opened`);
      const read = await readState(live, cluster, options["as-injected"]);
      done(cluster.name);
      return { name: cluster.name, read };
    }),
  );
  return {
    plan,
    states: reads.flatMap(({ read }) => (read.state === "found" ? [read.value] : [])),
    unread: reads.flatMap(({ name, read }) =>
      read.state === "found" ? [] : [`${name}: ${read.state === "failed" ? read.message : "is not there"}`],
    ),
  };
}

async function readDump(options: AccessOptions, file: string): Promise<Reading> {
  const { data, error } = dumpFile.safeParse(json(file));
  if (!data)
    throw new Unreadable(`${file} is no dump of \`fleet access --save\`: ${error.issues[0]?.message}.`);
  return { plan: await planOf(options), states: data.clusters, unread: [] };
}

function json(file: string): unknown {
  try {
    return JSON.parse(readText(file));
  } catch (error) {
    if (error instanceof SyntaxError) throw new Unreadable(`${file} is no JSON.`);
    throw error;
  }
}
