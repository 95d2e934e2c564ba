import { z } from "zod";
import { exportKey } from "../config/names";
import { type Problem, pathOf } from "../config/problems";
import { indexed, NO_OBJECTS } from "../effective/cluster";
import { proxied } from "../effective/injected";
import * as shapes from "../effective/shapes";
import { coverageGaps, type Gap } from "../grants/coverage";
import type { GrantPlan } from "../grants/plan";
import { accessAt, sharedPorts } from "../grants/sharedPods";
import {
  BUNDLE_VERSION,
  GATEWAY_API_CRDS,
  GATEWAY_API_MARK,
  isOlderGatewayApi,
  NEEDED_CRDS,
  SUPPORTED_GATEWAY_API,
} from "../linkerd/gatewayApi";
import type { Plan } from "../plan";
import { plannedMesh } from "./mesh";
import type { ClusterPlan } from "./plan";

/** A look at objects of a cluster before the first resource. */
export interface Look {
  readonly cluster: string;
  /** For people: what was not checked where it could not be read. */
  readonly about?: string;
  /** Where the API server has the objects, what is asked of one, or all objects of a collection. */
  readonly paths: readonly (string | Metadata | Collection)[];
  /** What there is to say about them, in the order of the paths; `undefined` for one that is not there. */
  readonly judge: (objects: readonly unknown[]) => Told;
}

/** No more of an object than this: a CRD of the Gateway API has hundreds of kilobytes. */
export interface Metadata {
  readonly metadataOf: string;
}

export interface Collection {
  readonly all: string;
  /** What is kept of each object. */
  readonly item: z.ZodType;
}

export interface Told {
  /** They stop the run. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

export interface LookOptions {
  /** Pods that ask for a proxy count as if they had one. */
  readonly asInjected: boolean;
}

/** What others have made that an update would fail on half-way, or that would stay open after it. */
export function looks(plan: Plan, { asInjected }: LookOptions): Look[] {
  return [
    ...plan.clusters.flatMap((cluster) => [
      ...gatewayApi(cluster),
      ...emissaryDeployment(cluster),
      ...exportedServices(plan, cluster, asInjected),
    ]),
    ...sharedPorts(plan.grants).flatMap(([one, other]) => sharedSelectors(one, other)),
  ];
}

function stops(problem: Problem | undefined): Told {
  return { problems: problem ? [problem] : [], warnings: [] };
}

const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

const owned = z.object({
  metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).default({}) }),
});

/** Whether this program's chart made a CRD. */
function isOfChart(
  annotations: Readonly<Record<string, string>>,
  { install, controlPlaneNamespace }: ClusterPlan,
): boolean {
  return (
    annotations["meta.helm.sh/release-name"] === install.crds.release &&
    annotations["meta.helm.sh/release-namespace"] === controlPlaneNamespace
  );
}

/**
 * Helm installs nothing over objects of others. An older CRD may lack fields and versions of routes that the cluster
 * has, and the API server would drop them. Of others' CRDs, a version is told that Linkerd does not support.
 */
function gatewayApi(cluster: ClusterPlan): Look[] {
  const { name, install } = cluster;
  const { gatewayApi } = install;
  return [
    {
      cluster: name,
      about: "the version of its Gateway API",
      // Of those that somebody else installs, one tells the version of all.
      paths: (gatewayApi === "existing" ? NEEDED_CRDS.slice(0, 1) : GATEWAY_API_CRDS).map((crd) => ({
        metadataOf: `${CRDS}/${crd}`,
      })),
      judge: (objects) => {
        const found = objects.flatMap((object) => owned.safeParse(object).data ?? []);
        if (gatewayApi === "existing") return { problems: [], warnings: unsupported(name, found) };
        return stops(
          gatewayApi === "bundled"
            ? notForTheChart(cluster, found)
            : notToReplace(cluster, gatewayApi.version, found),
        );
      },
    },
  ];
}

type Owned = z.infer<typeof owned>;

function unsupported(cluster: string, found: readonly Owned[]): string[] {
  const { from, below } = SUPPORTED_GATEWAY_API;
  return found.slice(0, 1).flatMap(({ metadata }) => {
    const version = metadata.annotations[BUNDLE_VERSION]?.replace(/^v/, "");
    if (version === undefined) return [];
    if (!isOlderGatewayApi(version, from) && isOlderGatewayApi(version, below)) return [];
    return [
      `${cluster} has version ${version} of the Gateway API, and Linkerd asks for ${from} or later and below ${below}. ` +
        "See docs/versions.md.",
    ];
  });
}

/** The chart's own copy is older than what a file brings, and Helm replaces nothing of others. */
function notForTheChart(cluster: ClusterPlan, found: readonly Owned[]): Problem | undefined {
  const path = "linkerd.gatewayApi";
  const { name } = cluster;
  const brought = found.find(({ metadata }) => GATEWAY_API_MARK in metadata.annotations);
  if (brought) {
    return {
      path,
      problem: `${name} has ${brought.metadata.name} from a file of the project, newer than what \`bundled\` installs`,
      fix: `keep that file; or write clusters.${name}.linkerd.gatewayApi: existing, which leaves the CRDs as they are`,
    };
  }
  // A release that takes everything over takes these, too.
  if (cluster.install.crds.adopt !== undefined) return undefined;
  const foreign = found.find(({ metadata }) => !isOfChart(metadata.annotations, cluster));
  return (
    foreign && {
      path,
      problem: `${name} has ${foreign.metadata.name} already, which this program's chart did not make`,
      fix: `write clusters.${name}.linkerd.gatewayApi: existing`,
    }
  );
}

function notToReplace(cluster: ClusterPlan, version: string, found: readonly Owned[]): Problem | undefined {
  const path = "linkerd.gatewayApi";
  const { name } = cluster;
  const isOurs = ({ metadata: { annotations } }: Owned) =>
    GATEWAY_API_MARK in annotations || isOfChart(annotations, cluster);
  const foreign = cluster.install.crds.adopt === undefined ? found.find((one) => !isOurs(one)) : undefined;
  if (foreign) {
    return {
      path,
      problem: `${name} has ${foreign.metadata.name} already, which somebody else made`,
      fix:
        `write clusters.${name}.linkerd.gatewayApi: existing; or hand it over, if nobody else updates it: ` +
        "docs/versions.md",
    };
  }
  const newer = found.find(({ metadata }) =>
    isOlderGatewayApi(version, metadata.annotations[BUNDLE_VERSION] ?? version),
  );
  return (
    newer && {
      path,
      problem: `${name} has ${newer.metadata.name} of version ${newer.metadata.annotations[BUNDLE_VERSION]?.replace(/^v/, "")}, newer than ${version}`,
      fix: "name a file of that version or a newer one: an older one may lack fields and versions of routes",
    }
  );
}

/** Patched, so it must be there. */
function emissaryDeployment({ name, gateway }: ClusterPlan): Look[] {
  if (!gateway.enabled || gateway.kind !== "emissary") return [];
  const { namespace, deployment } = gateway.config;
  const kinds = ["deployments", "daemonsets"];
  return [
    {
      cluster: name,
      paths: kinds.map((kind) => `/apis/apps/v1/namespaces/${namespace}/${kind}/${deployment}`),
      judge: ([found, daemonSet]) => {
        if (found !== undefined) return stops(undefined);
        const of = `${namespace}/${deployment}`;
        return stops(
          daemonSet === undefined
            ? {
                path: `clusters.${name}.gateway`,
                problem: `${name} has no Deployment ${of}`,
                fix: "name that of your Emissary: `namespace` and `deployment`",
              }
            : {
                path: `clusters.${name}.gateway`,
                problem: `${of} of ${name} is a DaemonSet: only an Emissary that is a Deployment carries links`,
                fix: "install its chart with `daemonSet: false`, or use another type of gateway beside it",
              },
        );
      },
    },
  ];
}

const service = z.object({ spec: z.object({ selector: z.record(z.string(), z.string()).default({}) }) });

/** Where the stack file does not say which pods a Service has, the Service does. */
function sharedSelectors(one: GrantPlan, other: GrantPlan): Look[] {
  if (one.pods && other.pods) return [];
  return [
    {
      cluster: one.cluster,
      paths: [one, other].map(({ namespace, name }) => `/api/v1/namespaces/${namespace}/services/${name}`),
      judge: (objects) => {
        const [first, second] = [one, other].map(
          ({ pods }, at) => pods ?? service.safeParse(objects[at]).data?.spec.selector,
        );
        return stops(first && second ? accessAt(one, first, other, second) : undefined);
      },
    },
  ];
}

const found = z.object({
  services: z.array(shapes.service).default([]),
  pods: z.array(shapes.pod).default([]),
  servers: z.array(shapes.server).default([]),
});

/** Whether its Servers will close what each exported service leads to, and count. One look for each namespace. */
function exportedServices(plan: Plan, cluster: ClusterPlan, asInjected: boolean): Look[] {
  const { name } = cluster;
  const namespaces = new Set(
    plan.grants.filter((grant) => grant.cluster === name).map((grant) => grant.namespace),
  );
  return [...namespaces].map((namespace) => {
    const core = `/api/v1/namespaces/${namespace}`;
    return {
      cluster: name,
      about: `the ports and pods of the services that ${namespace} exports`,
      paths: [
        { all: `${core}/services`, item: shapes.service },
        { all: `${core}/pods`, item: shapes.pod },
        { all: `/apis/policy.linkerd.io/v1beta3/namespaces/${namespace}/servers`, item: shapes.server },
        ...(asInjected ? [core] : []),
      ],
      judge: ([services, pods, servers, own]) => {
        const live = found.parse({ services, pods, servers });
        const injected = asInjected
          ? proxied(live.pods, shapes.namespace.array().safeParse([own]).data ?? [])
          : live.pods;
        const objects = { ...NO_OBJECTS, ...live, pods: injected };
        return toldOf(plan, coverageGaps(plan, indexed({ name, mesh: plannedMesh(cluster), objects })));
      },
    };
  });
}

/** A gap that the update would open stops it; one that is there already is told, and leaves a running fleet alone. */
function toldOf({ entries }: Plan, gaps: readonly Gap[]): Told {
  const told = gaps.map(({ grant, setting, problem, fix, opens }) => {
    const path = pathOf(["services", entries.get(exportKey(grant)) ?? 0, setting]);
    return { opens, problem: { path, problem, fix } };
  });
  return {
    problems: told.filter(({ opens }) => opens).map(({ problem }) => problem),
    warnings: told
      .filter(({ opens }) => !opens)
      .map(({ problem: { path, problem, fix } }) => `${path}: ${problem} → ${fix}.`),
  };
}
