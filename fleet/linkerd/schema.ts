import { z } from "zod";
import { exactVersion, judged, matching, namespaceName, secretRef, text } from "../config/common";
import { sourceProblem } from "../config/hosts";

const place = judged(sourceProblem, "^([hH][tT][tT][pP][sS]?://|oci://|\\.{0,2}/)\\S+$");

const source = z
  .union([
    place,
    z.strictObject({
      url: place.describe("The repository"),
      username: text.describe("Whom the repository knows"),
      password: secretRef.describe("The secret with the password or token"),
    }),
  ])
  .describe("a URL or a path, or { url, username, password }")
  .transform((value) => (typeof value === "string" ? { url: value } : value));
export type ChartSource = z.infer<typeof source>;

const releaseName = matching(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  "is not the name of a Helm release",
  "use lower-case letters, digits and dashes, as `helm list` shows it",
).max(53);

const chart = z.strictObject({
  version: exactVersion.optional().describe("Exact chart version. Default: the `version` for all charts"),
  source: source
    .optional()
    .describe(
      "Where this one chart comes from, if not from `linkerd.source`, in the same form; also a `.tgz` file",
    ),
  release: releaseName
    .optional()
    .describe(
      "Name of the Helm release, for good. Default: that of the open-source chart, for example linkerd-crds",
    ),
  values: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("Extra chart values, merged under the ones this program owns. Never a secret"),
});

const charts = z.strictObject({
  crds: chart.optional().describe("The chart `linkerd-crds`"),
  controlPlane: chart.optional().describe("The chart `linkerd-control-plane`"),
  multicluster: chart.optional().describe("The chart `linkerd-multicluster`"),
  viz: chart.optional().describe("The chart `linkerd-viz`"),
});

const image = matching(
  /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:\d+)?(\/[-a-z0-9._]+)*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$/,
  "is not the address of an image or registry",
  "write it without scheme and final slash, for example mirror.example.com/linkerd",
);

const images = z.strictObject({
  registry: image
    .optional()
    .describe(
      "Where the images come from: `<registry>/controller`, `<registry>/proxy`, `<registry>/debug`. Default: the " +
        "chart's own",
    ),
  pause: image.optional().describe("Image of the gateway's pause container. Default: the chart's own"),
  pullSecret: secretRef
    .optional()
    .describe(
      "Secret in the form of a `.dockerconfigjson`, for the pods of the control plane and of the multicluster " +
        "extension. A meshed pod pulls its proxy with what its own namespace has",
    ),
});

export const inboundPolicy = z.enum([
  "all-unauthenticated",
  "all-authenticated",
  "cluster-unauthenticated",
  "cluster-authenticated",
  "deny",
  "audit",
]);

/** Settings that the fleet has and one cluster may override. */
const overridable = {
  charts: charts.describe("Version, source and extra values of single charts"),
  ha: z
    .boolean()
    .describe("High availability profile (linkerd2 `values-ha.yaml`): three replicas, disruption budgets"),
  gatewayApi: z
    .enum(["bundled", "existing"])
    .describe(
      "`bundled`: the linkerd-crds chart installs the Gateway API CRDs, and keeps them when it is removed; " +
        "`existing`: they are already in the cluster",
    ),
  defaultInboundPolicy: inboundPolicy.describe(
    "Who may call a meshed port for which nothing else is said. Default: all-unauthenticated, Linkerd's own",
  ),
  namespace: namespaceName.describe("Namespace of the control plane, the same in every cluster"),
  images: images.describe("A private mirror of the images"),
  cni: z
    .boolean()
    .describe(
      "The linkerd-cni plugin, already in the cluster, redirects the traffic of pods, so that they need no init " +
        "container with network rights",
    ),
  nativeSidecar: z
    .boolean()
    .describe("Proxies are native sidecar containers (Kubernetes 1.29 and later). Default: the chart's own"),
  viz: z
    .boolean()
    .describe("The extension linkerd-viz: metrics of the last hours, `linkerd viz`, tap and a dashboard"),
  timeoutSeconds: z.int().min(30).max(3600).describe("How long one chart may take to become ready"),
};

export const linkerdConfig = z.strictObject({
  channel: z
    .enum(["edge", "enterprise"])
    .default("edge")
    .describe("`edge`: the open-source releases; `enterprise`: Buoyant Enterprise for Linkerd"),
  version: exactVersion.describe("Exact version of all charts, for example 2026.8.3"),
  source: source
    .optional()
    .describe(
      "Where the charts come from: a repository URL, an OCI reference (`oci://…`) or a local folder that holds " +
        "one folder a chart (`./charts`); `{ url, username, password: { secret: <key> } }` for a repository with a " +
        "password. Default: the channel's public repository",
    ),
  charts: overridable.charts.prefault({}),
  ha: overridable.ha.default(false),
  gatewayApi: overridable.gatewayApi.default("bundled"),
  defaultInboundPolicy: overridable.defaultInboundPolicy.optional(),
  namespace: overridable.namespace.default("linkerd"),
  license: secretRef
    .optional()
    .describe(
      "Secret that holds the license. Required for `enterprise`; becomes the Secret `buoyant-license`",
    ),
  images: overridable.images.default({}),
  cni: overridable.cni.default(false),
  nativeSidecar: overridable.nativeSidecar.optional(),
  viz: overridable.viz.default(false),
  timeoutSeconds: overridable.timeoutSeconds.default(600),
});
export type LinkerdConfig = z.infer<typeof linkerdConfig>;

export const linkerdOverrides = z.strictObject({
  version: exactVersion.optional().describe("Exact version of all charts in this cluster"),
  charts: overridable.charts.optional(),
  ha: overridable.ha.optional(),
  gatewayApi: overridable.gatewayApi.optional(),
  defaultInboundPolicy: overridable.defaultInboundPolicy.optional(),
  namespace: overridable.namespace.optional(),
  images: overridable.images.optional(),
  cni: overridable.cni.optional(),
  nativeSidecar: overridable.nativeSidecar.optional(),
  viz: overridable.viz.optional(),
  timeoutSeconds: overridable.timeoutSeconds.optional(),
});
export type LinkerdOverrides = z.infer<typeof linkerdOverrides>;
