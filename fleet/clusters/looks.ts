import { z } from "zod";
import type { Problem } from "../config/problems";
import type { GrantPlan } from "../grants/plan";
import { accessAt, sharedPorts } from "../grants/sharedPods";
import type { Plan } from "../plan";
import type { ClusterPlan } from "./plan";

/** A look at objects of a cluster before the first resource. */
export interface Look {
  readonly cluster: string;
  /** Where the API server has the objects. */
  readonly paths: readonly string[];
  /** What is wrong with them, in the order of the paths; `undefined` for one that is not there. */
  readonly judge: (objects: readonly unknown[]) => Problem | undefined;
}

/** What others have made that an update would fail on half-way. `isDeployed`: whether the stack had the cluster before. */
export function looks(plan: Plan, isDeployed: (cluster: string) => boolean): Look[] {
  return [
    ...plan.clusters.flatMap((cluster) => [
      ...(isDeployed(cluster.name) ? [] : foreignGatewayApi(cluster)),
      ...emissaryDeployment(cluster),
    ]),
    ...sharedPorts(plan.grants).flatMap(([one, other]) => sharedSelectors(one, other)),
  ];
}

/** What the chart linkerd-crds installs with `installGatewayAPI`. */
const GATEWAY_API = ["httproutes", "grpcroutes", "tlsroutes", "tcproutes"] as const;

const owned = z.object({
  metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).default({}) }),
});

/** Helm installs nothing over objects of others, unless it takes everything over. */
function foreignGatewayApi({ name, install, controlPlaneNamespace }: ClusterPlan): Look[] {
  if (install.gatewayApi !== "bundled" || install.crds.adopt !== undefined) return [];
  const { release } = install.crds;
  const isOurs = (annotations: Readonly<Record<string, string>>) =>
    annotations["meta.helm.sh/release-name"] === release &&
    annotations["meta.helm.sh/release-namespace"] === controlPlaneNamespace;
  return [
    {
      cluster: name,
      paths: GATEWAY_API.map(
        (kind) => `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${kind}.gateway.networking.k8s.io`,
      ),
      judge: (objects) => {
        const foreign = objects
          .flatMap((object) => owned.safeParse(object).data ?? [])
          .find(({ metadata }) => !isOurs(metadata.annotations));
        return (
          foreign && {
            path: "linkerd.gatewayApi",
            problem: `${name} has ${foreign.metadata.name} already, which this program's chart did not make`,
            fix: `write clusters.${name}.linkerd.gatewayApi: existing`,
          }
        );
      },
    },
  ];
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
        if (found !== undefined) return undefined;
        const of = `${namespace}/${deployment}`;
        return daemonSet === undefined
          ? {
              path: `clusters.${name}.gateway`,
              problem: `${name} has no Deployment ${of}`,
              fix: "name that of your Emissary: `namespace` and `deployment`",
            }
          : {
              path: `clusters.${name}.gateway`,
              problem: `${of} of ${name} is a DaemonSet: only an Emissary that is a Deployment carries links`,
              fix: "install its chart with `daemonSet: false`, or use another type of gateway beside it",
            };
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
        return first && second ? accessAt(one, first, other, second) : undefined;
      },
    },
  ];
}
