/**
 * The outputs of the stack: one schema for whoever writes or reads them. A reader takes what older versions wrote as
 * well: lists in place of maps, and no entry for what came later.
 */
import { z } from "zod";
import { linkKey } from "../config/names";
import { WORKLOAD_KINDS } from "../restart/schema";

/** A stack's outputs as they stand in its state: anything, until this schema has read it. */
export type RawOutputs = Readonly<Record<string, unknown>>;

/** Bumped when the shape changes in a way that a reader must know. */
export const PLAN_SCHEMA = 2;

const text = z.string();
const texts = z.array(text).readonly();

const cluster = z.object({
  apiServer: text.optional(),
  region: text.optional(),
  network: text.optional(),
  trustDomain: text.optional(),
  version: text,
  gateway: z.object({ type: text, address: text.optional() }),
});

export type ClusterSummary = z.infer<typeof cluster>;

const link = z.object({
  source: text,
  target: text,
  /** Modes that it carries; empty while it is pending. */
  modes: texts,
  /** `active`, `draining`, or `pending`: waits for the target's stack. */
  state: text,
});
export type LinkSummary = z.infer<typeof link>;

const access = z.object({
  source: text,
  target: text,
  /** Generation of the token that the source uses. */
  generation: z.number(),
  /** Generations of the valid tokens. More than one: the next complete deployment removes the others. */
  tokens: z.array(z.number()).readonly().default([]),
  /** Generations of tokens that are there, and that the next deployment removes. */
  leaving: z.array(z.number()).readonly().optional(),
});
export type AccessSummary = z.infer<typeof access>;

const namedClusters = z.record(text, texts);

const service = z.object({
  namespace: text,
  name: text,
  modes: texts,
  /** The clusters of this stack that serve it. */
  clusters: texts,
  /** By mode: the only clusters that see it. Absent: every linked one. */
  to: namedClusters.optional(),
  /** Those of other stacks. */
  elsewhere: texts.optional(),
  /** Those that do not for now. */
  evacuated: texts.optional(),
  /** Federated: its callers leave out members that fail, though the stack file said nothing of it. */
  accrual: z.literal("default").optional(),
  /** Federated: where each cluster that sees it has its ports and metadata from. */
  sourceOfTruth: z.record(text, texts).optional(),
  /** Identities of other clusters' callers that may call some port or route of it; `*` for every meshed one. */
  callers: texts,
  /** By cluster, where it cuts off callers of the cluster itself: at which ports, and who still may call. */
  narrowed: z
    .record(text, z.object({ ports: z.array(z.union([text, z.number()])).readonly(), callers: texts }))
    .optional(),
  /** The clusters that audit it: they let in everybody, and count whoever has no grant. */
  audited: texts.optional(),
  /**
   * By serving cluster and container port. `closed`: the port has a Server, and nobody of another cluster may call.
   */
  ports: z.record(text, z.record(text, z.enum(["granted", "closed"]))).optional(),
});
export type ServiceSummary = z.infer<typeof service>;

const anchors = z.array(
  z.object({
    id: text,
    /** The one that is `active` signs the issuer of every cluster. */
    state: text,
    /** SHA-256 of the certificate; absent where one is generated. */
    certificate: text.exactOptional(),
  }),
);

const deployedCluster = z.object({
  apiServer: text,
  /** How `pulumi` reaches the cluster. */
  context: text.exactOptional(),
  /**
   * Where the kubeconfig is, where the context is not looked up in the caller's own: the name of a secret of this
   * stack, or an output of another one.
   */
  kubeconfig: z.union([text, z.object({ stack: text, output: text })]).exactOptional(),
  trustDomain: text,
  clusterDomain: text,
  controlPlaneNamespace: text,
  /** Id of the anchor that signed the issuer, where that is not the active one's. */
  issuerAnchor: text.exactOptional(),
  charts: z.object({ crds: text, controlPlane: text, multicluster: text }),
});

const plannedCluster = deployedCluster.extend({
  wave: z.number(),
  ha: z.boolean(),
  /** The workloads that were restarted, where `restart` selects some, and what for. */
  restarts: z
    .array(z.object({ kind: z.enum(WORKLOAD_KINDS), namespace: text, name: text, mark: text }))
    .readonly()
    .exactOptional(),
});

const plan = z.object({
  schema: z.literal(PLAN_SCHEMA),
  /** In the order of the bundle. */
  anchors,
  clusters: z.record(text, plannedCluster),
});
export type PlanSummary = z.infer<typeof plan>;

/** The last deployment in which nothing failed: what every cluster has been given. */
export const deployment = z.object({
  plan: plan.extend({ clusters: z.record(text, deployedCluster) }),
  links: named(link.pick({ source: true, target: true, state: true })),
  /** By `exportKey`: the services that crossed to named clusters only. */
  named: z.record(text, namedClusters).exactOptional(),
  /** The anchors of the deployments since that failed: some cluster may have been given them. */
  unfinished: z.array(anchors).default([]),
});
export type Deployment = z.infer<typeof deployment>;
export type DeployedAnchor = Deployment["plan"]["anchors"][number];
export type DeployedCluster = Deployment["plan"]["clusters"][string];

export const outputsSchema = z.object({
  clusters: z.record(text, cluster),
  links: named(link),
  /** Deployments from before there were generations have none. */
  accesses: named(access).default([]),
  services: z.array(service),
  plan,
  /** PEM of all trust anchors. */
  trustBundle: text,
  /** The sections of a fleet that another program describes; absent where a stack file has them. */
  config: z.record(text, z.unknown()).exactOptional(),
  /** Its readers ask `readDeployment`, which tells what is missing from what cannot be read. */
  deployed: deployment.nullish().catch(undefined),
});
export type FleetOutputs = z.infer<typeof outputsSchema>;

/** A map by name, read as the list of its values; lists are what versions before this one wrote. */
function named<T extends z.ZodType>(item: T) {
  return z.union([z.array(item), z.record(text, item).transform((map) => Object.values(map))]);
}

/** One output of a stack; `undefined` where it is absent or cannot be read. */
export function readOutput<K extends keyof FleetOutputs>(
  outputs: RawOutputs,
  name: K,
): FleetOutputs[K] | undefined {
  return outputsSchema.shape[name].safeParse(outputs[name]).data as FleetOutputs[K] | undefined;
}

/** A map by name, so that one more entry shifts no others in a preview: `{ "us/eu": … }` for the link us → eu. */
export function byName<T extends { readonly source: string; readonly target: string }>(
  items: readonly T[],
): Record<string, T> {
  return Object.fromEntries(items.map((item) => [linkKey(item), item]));
}
