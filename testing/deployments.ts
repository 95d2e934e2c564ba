import * as fc from "fast-check";
import {
  type DeployedAnchor,
  type DeployedCluster,
  type Deployment,
  PLAN_SCHEMA,
} from "../fleet/outputs/schema";
import { judgeTransition } from "../fleet/transition/judge";

export const NAMES = ["a", "b", "c", "d"];
/** Clusters of other stacks, which links lead to. */
export const FOREIGN = ["y", "z"];
const PAIRS = NAMES.flatMap((source) =>
  [...NAMES, ...FOREIGN].filter((target) => target !== source).map((target) => ({ source, target })),
);
const pool = <T extends string>(...of: T[]) => fc.constantFrom(...of);
const VERSIONS = ["2026.1.1", "2026.3.2", "2026.8.3", "2027.1.1"];

/**
 * Deployments since the last complete one that failed half-way: each changed the anchors in a way that was let pass.
 */
type Attempt = "stage" | "sign" | "take out";

function attempted(anchors: readonly DeployedAnchor[], attempt: Attempt, id: string): DeployedAnchor[] {
  switch (attempt) {
    case "stage":
      return [...anchors.filter((one) => one.id !== id), { id, state: "staged" }];
    case "sign":
      return anchors.map((one) => ({ ...one, state: one.id === id ? "active" : "retiring" }));
    case "take out":
      return anchors.filter((one) => one.id !== id);
  }
}

function withAttempts(last: Deployment, attempts: readonly (readonly [Attempt, string])[]): Deployment {
  const left = structuredClone(last);
  for (const [attempt, id] of attempts) {
    const anchors = attempted(last.plan.anchors, attempt, id);
    const valid = anchors.filter(({ state }) => state === "active").length === 1;
    const next = { ...last, plan: { ...last.plan, anchors } };
    if (valid && judgeTransition(left, next).length === 0) left.unfinished.push(anchors);
  }
  return left;
}

/** Anything that a valid stack file may describe, small enough that two of them have much in common. */
export const planned: fc.Arbitrary<Deployment> = fc
  .record({
    names: fc.subarray(NAMES),
    at: fc.shuffledSubarray(NAMES, { minLength: NAMES.length }),
    settings: fc.array(
      fc.record({
        trustDomain: pool("x", "y"),
        clusterDomain: pool("p", "q"),
        namespace: pool("l", "m"),
        version: pool(...VERSIONS),
        issuerAnchor: fc.option(fc.nat(2), { nil: undefined, freq: 2 }),
      }),
      { minLength: NAMES.length, maxLength: NAMES.length },
    ),
    ids: fc.shuffledSubarray(["1", "2", "3"], { minLength: 1 }),
    certificates: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    states: fc.array(pool("staged", "retiring"), { minLength: 3, maxLength: 3 }),
    active: fc.nat(2),
    links: fc.array(pool("none", "active", "draining", "pending"), {
      minLength: PAIRS.length,
      maxLength: PAIRS.length,
    }),
  })
  .map((of) => ({
    plan: {
      schema: PLAN_SCHEMA,
      anchors: of.ids.map((id, at) => ({
        id,
        state: at === of.active % of.ids.length ? "active" : (of.states[at] ?? "staged"),
        ...(of.certificates[at] ? { certificate: `of ${id}` } : {}),
      })),
      clusters: Object.fromEntries(
        of.names.map((name, at): [string, DeployedCluster] => {
          const {
            trustDomain = "x",
            clusterDomain = "p",
            namespace = "l",
            version = "2026.1.1",
            issuerAnchor,
          } = of.settings[at] ?? {};
          const charts = { crds: version, controlPlane: version, multicluster: version };
          const address = { apiServer: `https://${of.at[at]}`, context: `${of.at[at]}` };
          const signer = issuerAnchor === undefined ? undefined : of.ids[issuerAnchor % of.ids.length];
          const own = { trustDomain, clusterDomain, controlPlaneNamespace: namespace, charts };
          return [name, { ...address, ...own, ...(signer === undefined ? {} : { issuerAnchor: signer }) }];
        }),
      ),
    },
    unfinished: [],
    links: PAIRS.flatMap(({ source, target }, at) => {
      const state = of.links[at] ?? "none";
      const isForeign = FOREIGN.includes(target);
      const possible = of.names.includes(source) && (isForeign || of.names.includes(target));
      // Only a link into another stack has to wait.
      if (!possible || state === "none" || (state === "pending" && !isForeign)) return [];
      return [{ source, target, state }];
    }),
  }));

/** The same as a stack may be left with it, also after updates that failed. */
export const deployments: fc.Arbitrary<Deployment> = fc
  .tuple(
    planned,
    fc.array(fc.tuple(pool<Attempt>("stage", "sign", "take out"), pool("1", "2", "3", "4")), {
      maxLength: 4,
    }),
  )
  .map(([last, attempts]) => withAttempts(last, attempts));

export const has = (deployment: Deployment, { id, certificate }: { id: string; certificate?: string }) =>
  deployment.plan.anchors.some((other) => other.id === id && other.certificate === certificate);
export const signerOf = ({ plan }: Deployment): DeployedAnchor => {
  const found = plan.anchors.find(({ state }) => state === "active");
  if (!found) throw new Error("no anchor is active");
  return found;
};
export const sameLink = (a: { source: string; target: string }, b: { source: string; target: string }) =>
  a.source === b.source && a.target === b.target;

export const older = (a: string, b: string) => a.localeCompare(b, "en", { numeric: true }) < 0;
