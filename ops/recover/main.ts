import { inParallel, type LiveCluster } from "../../live/cluster";
import type { Ending } from "../endings";
import { hangingRecords, look, openProvider } from "./clusters";
import { confirmed, exportState, importState, requireSame } from "./engine";
import { endAndAwait, endPrograms, leftPrograms, outlivingPlugins } from "./processes";
import {
  type Interruption,
  interruptedIn,
  markInterrupted,
  nameOf,
  providersIn,
  settle,
  type Unsettled,
  unsettledIn,
} from "./state";
import { cutShort, removeFiles } from "./store";

export interface RecoverOptions {
  readonly stack?: string | undefined;
  readonly yes: boolean;
}

export async function run({ stack, yes }: RecoverOptions): Promise<Ending> {
  const plugins = await outlivingPlugins();
  if (plugins.length > 0) {
    console.log(
      `A plugin of an engine that was killed is still at work (process ${plugins.join(", ")}) → it is ended; what it leaves ` +
        "half done is looked for afterwards",
    );
    if (!(await confirmed(yes))) return "notBegun";
    await endAndAwait(plugins);
  }
  const cut = await cutShort();
  if (cut.length > 0) {
    console.log(
      `Cut short when the engine was killed: ${cut.join(", ")} → deleted; the state beside it is whole, but cannot be read ` +
        "until then",
    );
    if (!(await confirmed(yes))) return "notBegun";
    await removeFiles(cut);
  }
  const before = await exportState(stack);
  const marked = markInterrupted(before);
  const unsettled = unsettledIn(marked);
  const clusters = await openClusters(stack);
  const findings = new Map(
    await inParallel(unsettled, 8, async (one): Promise<[string, Interruption]> => {
      const cluster = clusters.get(one.provider);
      return [
        one.urn,
        cluster ? await look(cluster, one) : { found: "unknown", why: "its provider is gone" },
      ];
    }),
  );

  const told = new Set(
    [...findings.values()].flatMap((finding) => (finding.found === "records" ? finding.records : [])),
  );
  const records = await inParallel(
    [...clusters.values()],
    8,
    async (cluster) => [cluster, await hangingRecords(cluster)] as const,
  );
  const hanging = records
    .flatMap(([cluster, read]) =>
      (read.state === "found" ? read.value : []).map((path) => ({ cluster, path })),
    )
    .filter(({ path }) => !told.has(path));
  const problems = records.flatMap(([cluster, read]) =>
    read.state === "failed"
      ? [`Whether Helm hangs in cluster ${cluster.name} is unknown: ${read.message}`]
      : [],
  );

  const interrupted = interruptedIn(before);
  console.log(
    interrupted.length === 0 && unsettled.length === 0
      ? "Nothing was interrupted, as far as the state knows. A lock that a dead process left is taken away."
      : [
          interrupted.length > 0
            ? `Interrupted: ${interrupted.join(", ")}.`
            : "Still in doubt since the last recovery:",
          ...unsettled.map((one) => `  ${describe(one, clusters, findings.get(one.urn))}`),
          "What is not listed here left nothing in a cluster that matters: the next `pulumi up` does it again.",
        ].join("\n"),
  );
  for (const { cluster, path } of hanging) {
    console.log(
      `A Helm operation in cluster ${cluster.name} never ended → its record ${path.split("/").at(-1)} is deleted; what it ` +
        "did stays, and the next `pulumi up` goes on with it",
    );
  }
  const programs = await leftPrograms();
  if (programs.length > 0) {
    console.log(
      `The program of an engine that was killed still runs, for nothing (process ${programs.join(", ")}) → it is ended`,
    );
  }
  if (!(await confirmed(yes))) return "notBegun";
  await endPrograms();
  await requireSame(stack, before);

  await importState(stack, marked);
  for (const one of unsettled) {
    const finding = findings.get(one.urn);
    const cluster = clusters.get(one.provider);
    if (finding?.found !== "records" || !cluster) continue;
    for (const path of finding.records) {
      const removed = await cluster.remove(path);
      if (removed.state === "failed") findings.set(one.urn, { found: "unknown", why: removed.message });
    }
  }
  for (const { cluster, path } of hanging) {
    const removed = await cluster.remove(path);
    if (removed.state === "failed")
      problems.push(
        `The record ${path.split("/").at(-1)} is still in cluster ${cluster.name}: ${removed.message}`,
      );
  }
  if (unsettled.length > 0) await importState(stack, settle(marked, findings));

  for (const problem of problems) console.log(problem);
  const open = unsettled.filter(({ urn }) => findings.get(urn)?.found === "unknown");
  const left = [
    ...open.map(({ urn }) => nameOf(urn)),
    ...(problems.length > 0 ? ["what is said above"] : []),
  ];
  console.log(
    left.length === 0
      ? "Recovered. Go on with `pulumi up --continue-on-error`."
      : `Recovered, but for ${left.join(", ")}. Go on with \`pulumi up --continue-on-error\`; ` +
          "run `npx fleet recover` again when the cluster answers.",
  );
  return left.length === 0 ? "well" : "attention";
}

function describe(
  { urn, provider, namespace, name, ...rest }: Unsettled,
  clusters: ReadonlyMap<string, LiveCluster>,
  finding: Interruption | undefined,
): string {
  const kind = rest.is === "object" ? rest.kind : "Helm release";
  const where = `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name} in cluster ${clusters.get(provider)?.name}`;
  const told = () => {
    switch (finding?.found) {
      case "object":
        return "is there → the state takes it over";
      case "records":
        return (
          `is ${finding.status} for Helm → ${finding.records.length} of Helm's records (Secrets) are deleted; what it ` +
          "installed stays, and the next `pulumi up` goes on with it"
        );
      case "nothing":
        return "left nothing to mend → the next `pulumi up` does it again";
      default:
        return `is in doubt (${finding?.why}) → it stays marked`;
    }
  };
  return `${nameOf(urn)}: ${where} ${told()}`;
}

/** The state's clusters, by their provider. Kubeconfigs are secrets of the state. */
async function openClusters(stack: string | undefined): Promise<Map<string, LiveCluster>> {
  const providers = providersIn(await exportState(stack, true));
  return new Map([...providers].map(([provider, access]) => [provider, openProvider(access)]));
}
