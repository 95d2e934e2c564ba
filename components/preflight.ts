import { z } from "zod";
import { type Look, looks } from "../fleet/clusters/looks";
import type { ClusterPlan } from "../fleet/clusters/plan";
import {
  type RequiredApi,
  type RequiredNamespace,
  requiredApis,
  requiredNamespaces,
} from "../fleet/clusters/requirements";
import { formatProblems, type Problem } from "../fleet/config/problems";
import type { RawOutputs } from "../fleet/outputs/schema";
import type { Plan } from "../fleet/plan";
import { settleRestarts } from "../fleet/restart/settle";
import { guardRotation, type RotationStep } from "../fleet/transition/ready";
import type { StepJudgement } from "../fleet/transition/refusals";
import { inParallel, type LiveCluster, openCluster, type Read } from "../live/cluster";
import { connect } from "../live/connection";
import { gatewayApiProblems } from "../live/gatewayApi";
import { localChartProblems } from "../live/localCharts";
import { hasKubeconfig, readAccess } from "../live/ownKubeconfig";
import { readTrust } from "../live/trust";
import { readWorkloads } from "../live/workloads";

export interface Preflight {
  /** Problems that stop the run: a context that leads nowhere, or a requirement that a cluster lacks. */
  readonly problems: readonly Problem[];
  /** Checks that could not be made, and why. */
  readonly warnings: readonly string[];
}

/** What a preflight knows besides the plan. */
export interface PreflightOptions {
  readonly isPreview: boolean;
  /** The stack's outputs after its last deployment; none before the first. */
  readonly last: RawOutputs;
  /** `undefined`: no trust anchor moves. */
  readonly rotation: RotationStep | undefined;
  /** Clusters that the program cannot ask, and why. Whether they are ready for a rotation is then not known. */
  readonly unseen?: ReadonlyMap<string, string>;
  /** Whether the kubeconfig that is stored for a cluster is used in its current context, not in that of the plan. */
  readonly inCurrentContext?: (cluster: string) => boolean;
}

/** What a preflight found, for a person and for the program. */
export interface Seen extends StepJudgement {
  /** As given, with the workloads that restart. */
  readonly plan: Plan;
  /** For an update in which resources failed: a warning for each cluster that has stopped answering since. */
  readonly stopped: () => Promise<readonly string[]>;
}

/**
 * Looks before the first resource. Every cluster's kubeconfig is read, and every cluster is asked whether it is
 * there: the Kubernetes provider names an unreachable one by its address only. Those that answer are asked for what
 * the plan needs of others. `stored`: the kubeconfig that is stored for a cluster.
 */
export async function preflight(
  plan: Plan,
  stored: (cluster: ClusterPlan) => string | undefined,
  { isPreview, last, rotation, unseen = new Map(), inCurrentContext = () => false }: PreflightOptions,
): Promise<Seen> {
  const known = plan.clusters.filter(({ name }) => !unseen.has(name));
  const isLost = (cluster: ClusterPlan) =>
    cluster.kubeconfig === undefined && stored(cluster) === undefined && !hasKubeconfig();
  // Without any kubeconfig, a reviewer may still see what would change.
  const lost = isPreview ? known.filter(isLost) : [];
  const opened = known
    .filter((cluster) => !lost.includes(cluster))
    .map(({ context, ...cluster }): ClusterPlan => {
      return context === undefined || inCurrentContext(cluster.name) ? cluster : { ...cluster, context };
    });
  const unusable = opened.flatMap((cluster) => kubeconfigProblems(cluster, stored(cluster)));
  if (unusable.length > 0) return { ...QUIET, plan, refusal: refusalOf(unusable), stopped: async () => [] };
  const clusters = new Map(
    opened.map((cluster) => {
      const value = stored(cluster);
      const content = value === undefined ? undefined : ({ state: "found", value } as const);
      return [cluster.name, openCluster(cluster.name, cluster.context, content)] as const;
    }),
  );
  const silent = await unreachable(opened, clusters, isPreview ? OUTLOOK.preview : OUTLOOK.update);
  // A kubeconfig that a preview does not know is there in the `up`, which asks then.
  const moved = rotation
    ? await askBeforeRotation(rotation, clusters, isPreview ? new Map() : unseen)
    : QUIET;
  for (const name of silent.keys()) clusters.delete(name);
  // As the verbs of `npx fleet` take it (`ops/verb.ts`).
  const asInjected = process.env.LINKERD_FLEET_AS_INJECTED === "true";
  const answers = await Promise.all([
    missingApis(requiredApis(plan), clusters),
    missingNamespaces(requiredNamespaces(plan), clusters),
    judgeLooks(looks(plan, { asInjected }), clusters),
  ]);
  const restarts = settleRestarts(plan, await seenWorkloads(plan, clusters), last);
  const names = lost.map(({ name }) => name).join(", ");
  const problems = [
    ...localChartProblems(plan, process.cwd()),
    ...gatewayApiProblems(plan, process.cwd()),
    ...answers.flatMap(({ problems }) => problems),
  ];
  return {
    plan: restarts.plan,
    warnings: [
      ...(lost.length === 0
        ? []
        : [
            `There is no kubeconfig, so nothing was checked in ${names}; \`pulumi up\` needs one (KUBECONFIG).`,
          ]),
      ...silent.values(),
      ...new Set(answers.flatMap(({ warnings }) => warnings)),
      ...moved.warnings,
      ...restarts.warnings,
    ],
    notes: [...moved.notes, ...restarts.notes],
    refusal: moved.refusal ?? refusalOf(problems),
    stopped: async () => {
      const answered = opened.filter(({ name }) => clusters.has(name));
      return [...(await unreachable(answered, clusters, OUTLOOK.stopped)).values()];
    },
  };
}

const QUIET: StepJudgement = { notes: [], warnings: [], refusal: undefined };

function refusalOf(problems: readonly Problem[]): string | undefined {
  return problems.length > 0 ? formatProblems(problems, "The clusters do not fit the stack file") : undefined;
}

/** Also of clusters that are known to be silent: an unknown one is not ready. */
async function askBeforeRotation(
  step: RotationStep,
  clusters: ReadonlyMap<string, LiveCluster>,
  unseen: ReadonlyMap<string, string>,
) {
  const asked = Object.entries(step.clusters).flatMap(([name, namespace]) => {
    const live = clusters.get(name);
    return live ? [{ name, namespace, live }] : [];
  });
  const issuer = step.need.gone.length > 0;
  const seen = await inParallel(asked, 8, async ({ name, namespace, live }) => {
    return [name, await readTrust(live, namespace, { issuer })] as const;
  });
  const unknown = [...unseen]
    .filter(([name]) => step.clusters[name] !== undefined)
    .map(([name, why]) => [name, { unread: why }] as const);
  return guardRotation(step, new Map([...seen, ...unknown]), new Date());
}

/** Of clusters that answer, and only where `restart` selects something. */
async function seenWorkloads(plan: Plan, clusters: ReadonlyMap<string, LiveCluster>) {
  const asked = plan.clusters.flatMap(({ name, controlPlaneNamespace, restart: { rolling } }) => {
    const live = clusters.get(name);
    return live && rolling ? [{ name, controlPlaneNamespace, live, rolling }] : [];
  });
  const read = await inParallel(asked, 8, async ({ name, controlPlaneNamespace, live, rolling }) => {
    return [name, await readWorkloads(live, controlPlaneNamespace, rolling)] as const;
  });
  return new Map(read);
}

function kubeconfigProblems(
  { name, context, kubeconfig }: ClusterPlan,
  content: string | undefined,
): Problem[] {
  try {
    connect(readAccess(context, content));
    return [];
  } catch (error) {
    const isStored = kubeconfig !== undefined || content !== undefined;
    return [
      {
        path: `clusters.${name}.${isStored ? "kubeconfig" : "context"}`,
        problem: `cannot be used: ${error instanceof Error ? error.message : String(error)}`,
        fix: isStored
          ? "store a kubeconfig that opens this cluster by itself"
          : "name a context that your kubeconfig has, or set KUBECONFIG to the files that have it",
      },
    ];
  }
}

/** The version is a short answer that every user may read: a cluster that needs longer is as good as gone. */
const VERSION_WITHIN_MS = 5000;

const OTHERS_GO_ON = "with --continue-on-error the others go on";
const OUTLOOK = {
  preview: `The preview shows its changes from the state; \`pulumi up\` fails for its resources; ${OTHERS_GO_ON}`,
  update: `Its resources fail in this update; ${OTHERS_GO_ON}`,
  stopped:
    "It answered when this update began, and some of its resources failed. When it is back, run `npx fleet recover`, " +
    "which finds a Helm operation that was cut off, and `pulumi up` again",
};

/** A warning for each cluster that does not answer. */
async function unreachable(
  plans: readonly ClusterPlan[],
  clusters: Clusters,
  outlook: string,
): Promise<Map<string, string>> {
  const asked = plans.map(async ({ name, context }): Promise<[string, string][]> => {
    const answer = await clusters.get(name)?.get("/version", z.unknown(), VERSION_WITHIN_MS);
    if (answer?.state !== "failed" || answer.why !== "unreachable") return [];
    const way = context === undefined ? "its own kubeconfig" : `context "${context}"`;
    const warning =
      `The cluster "${name}" is unreachable (${way}): ${answer.message}. ${outlook}. See ` +
      "docs/runbooks/unreachable.md.";
    return [[name, warning]];
  });
  return new Map((await Promise.all(asked)).flat());
}

const discovery = z.object({ resources: z.array(z.object({ kind: z.string() })) });

/**
 * The kinds that clusters say they do not have. A cluster that does not answer is not judged: it must not hold up the
 * others, and its own resources will say so.
 */
export async function missingApis(required: readonly RequiredApi[], clusters: Clusters): Promise<Preflight> {
  const asked = required.map(async ({ cluster, groupVersion, kinds, path, fix }): Promise<Preflight> => {
    const answer = await clusters.get(cluster)?.get(`/apis/${groupVersion}`, discovery);
    if (answer === undefined) return NOTHING;
    if (answer.state === "failed") return unchecked(cluster, answer.message);
    const known = answer.state === "found" ? answer.value.resources.map(({ kind }) => kind) : [];
    const missing = kinds.filter((kind) => !known.includes(kind));
    if (missing.length === 0) return NOTHING;
    return found({ path, problem: `${cluster} has no ${missing.join(", ")} of ${groupVersion}`, fix });
  });
  return joined(await Promise.all(asked));
}

/** As `missingApis`. */
export async function missingNamespaces(
  required: readonly RequiredNamespace[],
  clusters: Clusters,
): Promise<Preflight> {
  const asked = required.map(async ({ cluster, namespace, path, fix }): Promise<Preflight> => {
    const answer = await clusters.get(cluster)?.get(`/api/v1/namespaces/${namespace}`, z.unknown());
    if (answer?.state === "failed") return unchecked(cluster, answer.message);
    if (answer?.state !== "missing") return NOTHING;
    return found({ path, problem: `${cluster} has no namespace ${namespace}`, fix });
  });
  return joined(await Promise.all(asked));
}

/** As `missingApis`. */
export async function judgeLooks(
  asked: readonly Look[],
  clusters: Clusters<"get" | "metadata" | "list">,
): Promise<Preflight> {
  const judged = asked.map(async ({ cluster, about, paths, judge }): Promise<Preflight> => {
    const live = clusters.get(cluster);
    if (!live) return NOTHING;
    const answers = await Promise.all(
      paths.map((path): Promise<Read<unknown>> => {
        if (typeof path === "string") return live.get(path, z.unknown());
        if ("all" in path) return live.list(path.all, path.item);
        return live.metadata(path.metadataOf, z.unknown());
      }),
    );
    const failed = answers.find((answer) => answer.state === "failed");
    if (failed) return unchecked(cluster, failed.message, about);
    return judge(answers.map((answer) => (answer.state === "found" ? answer.value : undefined)));
  });
  return joined(await Promise.all(judged));
}

type Clusters<Asked extends keyof LiveCluster = "get"> = ReadonlyMap<string, Pick<LiveCluster, Asked>>;

const NOTHING: Preflight = { problems: [], warnings: [] };

function found(problem: Problem): Preflight {
  return { problems: [problem], warnings: [] };
}

function unchecked(cluster: string, message: string, about = "what the stack file needs of it"): Preflight {
  const warning = `${cluster} was not checked for ${about}, and is not held up: ${message}`;
  return { problems: [], warnings: [warning] };
}

function joined(all: readonly Preflight[]): Preflight {
  return {
    problems: all.flatMap(({ problems }) => problems),
    warnings: all.flatMap(({ warnings }) => warnings),
  };
}
