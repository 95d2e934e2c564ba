import type { ClusterPlan } from "../../../fleet/clusters/plan";
import { isMap } from "../../../fleet/config/json";
import type { ChartPlan } from "../../../fleet/linkerd/charts";
import { BUNDLE_VERSION } from "../../../fleet/linkerd/gatewayApi";
import { clusterReleases, type ReleasePlan } from "../../../fleet/linkerd/releases";
import { type Values, WEBHOOKS } from "../../../fleet/linkerd/values";
import type { LiveDeployment, Release } from "../../../live/shapes";
import { differences } from "../differences";
import {
  contextOf,
  drifted,
  driftedChart,
  type Finding,
  kubectlOf,
  notWorking,
  whenReadable,
} from "../finding";
import { ofClusters } from "./check";

/** Kinds that the fleet's objects are of, by the group and version that must serve them. */
const KINDS = {
  linkKind: ["multicluster.linkerd.io/v1alpha3", ["links"]],
  serverKind: ["policy.linkerd.io/v1beta3", ["servers", "httproutes"]],
  policyKinds: [
    "policy.linkerd.io/v1alpha1",
    ["authorizationpolicies", "meshtlsauthentications", "networkauthentications"],
  ],
  routeKinds: ["gateway.networking.k8s.io/v1", ["httproutes"]],
} as const;

export const clusterChecks = [
  ofClusters("the cluster answers", ({ found: { version } }) =>
    version.state === "failed"
      ? [
          {
            severity: "error",
            message: version.message,
            remedy: "bring it back, or check its context and your network; the others can go on without it",
            runbook: "unreachable",
          },
        ]
      : [],
  ),
  ofClusters("the kinds are there", ({ found }) =>
    (["linkKind", "serverKind", "policyKinds", "routeKinds"] as const).flatMap((part) =>
      whenReadable({ part: found[part] }, ({ part: group }) => {
        const [version, kinds] = KINDS[part];
        const missing = kinds.filter((kind) => !group?.resources.some(({ name }) => name === kind));
        if (missing.length === 0) return [];
        return [
          drifted(`${missing.join(", ")} of ${version} are not served: their CRDs are missing or too old`),
        ];
      }),
    ),
  ),
  ofClusters("the Gateway API is as planned", ({ cluster: { install }, found }) =>
    whenReadable({ crd: found.gatewayApi }, ({ crd }) => {
      const { gatewayApi } = install;
      const version = crd?.metadata.annotations[BUNDLE_VERSION]?.replace(/^v/, "");
      // A missing one is told above.
      if (typeof gatewayApi === "string" || crd === undefined || version === gatewayApi.version) return [];
      return [
        drifted(`it has version ${version ?? "unknown"} of the Gateway API instead of ${gatewayApi.version}`),
      ];
    }),
  ),
  ofClusters("the charts are as planned", ({ cluster, found }) =>
    whenReadable(
      {
        controlPlane: found.controlPlaneReleases,
        multicluster: found.multiclusterReleases,
        viz: found.vizReleases,
      },
      ({ controlPlane = [], multicluster = [], viz = [] }) => {
        const releases = [...controlPlane, ...multicluster, ...viz];
        const { values = {} } = releaseOf(controlPlane, cluster.install.controlPlane) ?? {};
        return clusterReleases(cluster, certificatesIn(values)).flatMap((wanted) =>
          judgeRelease(
            wanted,
            releases.filter(({ namespace }) => namespace === wanted.namespace),
            cluster,
          ),
        );
      },
    ),
  ),
  ofClusters("the control plane runs", ({ cluster, found }) =>
    whenReadable(
      { deployments: found.controlPlane, releases: found.controlPlaneReleases },
      ({ deployments = [], releases }) =>
        ["linkerd-destination", "linkerd-identity", "linkerd-proxy-injector"].flatMap((name) =>
          judgeDeployment(name, deployments, cluster, releaseOf(releases, cluster.install.controlPlane)),
        ),
    ),
  ),
  ofClusters("the multicluster extension runs", ({ cluster, found }) =>
    whenReadable(
      { deployments: found.extension, releases: found.multiclusterReleases },
      ({ deployments = [], releases }) =>
        ["linkerd-local-service-mirror"].flatMap((name) =>
          judgeDeployment(name, deployments, cluster, releaseOf(releases, cluster.install.multicluster)),
        ),
    ),
  ),
];

/** The certificates among the values are judged where they are used: here they are taken as they are. */
function certificatesIn(found: Values) {
  const caBundle = (value: string) => {
    const part = found[value];
    return typeof part === "object" && part !== null && "caBundle" in part ? part.caBundle : undefined;
  };
  return {
    bundle: found.identityTrustAnchorsPEM,
    webhooks: WEBHOOKS.map(({ value }) => ({ value, caBundle: caBundle(value) })),
  };
}

function judgeRelease(
  { chart, values }: ReleasePlan,
  releases: readonly Release[],
  cluster: ClusterPlan,
): Finding[] {
  const { release: name, version } = chart;
  const release = releaseOf(releases, chart);
  if (!release) return [drifted(`Helm knows no deployed release ${name}`)];
  if (release.status !== "deployed") {
    return [
      {
        severity: "error",
        message: `an operation on the Helm release ${name} was interrupted (${release.status})`,
        remedy: "`npx fleet recover`, and then `pulumi up --continue-on-error`, if nobody is at work on it",
        runbook: "recover-from-an-interrupted-update",
      },
    ];
  }
  if (release.chart !== version) {
    return [drifted(`the Helm release ${name} is at version ${release.chart}, planned is ${version}`)];
  }
  const paths = differences(meaningOf(values), meaningOf(release.values));
  if (paths.length === 0) return [];
  const all = paths.join(", ");
  return [
    {
      severity: "error",
      message: `the Helm release ${name} was changed by somebody else; values that differ: ${all}`,
      remedy: `\`helm --kube-context ${contextOf(cluster)} -n ${release.namespace} history ${name}\` shows since when; roll back to the revision before`,
      runbook: "restore",
    },
  ];
}

/** A chart's last one: an interrupted operation comes after what was deployed before it. */
export function releaseOf(releases: readonly Release[] | undefined, chart: ChartPlan): Release | undefined {
  return releases?.filter(({ name }) => name === chart.release).sort((a, b) => b.revision - a.revision)[0];
}

/** Values as a chart sees them: without what is undefined or empty, which some versions of the provider drop. */
function meaningOf(values: Values): unknown {
  return pruned(JSON.parse(JSON.stringify(values)));
}

function pruned(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(pruned);
  if (!isMap(value)) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [key, pruned(item)]);
  const full = entries.filter(([, item]) => item !== undefined);
  return full.length === 0 ? undefined : Object.fromEntries(full);
}

/** A Deployment that a chart made: there, and with all of its pods. */
export function judgeDeployment(
  name: string,
  deployments: readonly LiveDeployment[],
  cluster: ClusterPlan,
  release: Release | undefined,
): Finding[] {
  const deployment = deployments.find(({ metadata }) => metadata.name === name);
  if (!deployment) return [driftedChart(`the Deployment ${name} is missing`, cluster, release)];
  const { namespace } = deployment.metadata;
  const { replicas } = deployment.spec;
  const { availableReplicas } = deployment.status;
  if (availableReplicas >= Math.max(replicas, 1)) return [];
  const remedy = `\`${kubectlOf(cluster)} describe deployment -n ${namespace} ${name}\` says why`;
  return [
    notWorking(
      `${availableReplicas} of ${replicas} pods of the Deployment ${name} are available`,
      remedy,
      availableReplicas === 0 ? "error" : "warning",
    ),
  ];
}
