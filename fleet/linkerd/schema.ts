import { z } from "zod";
import { exactVersion, judged, matching, namespaceName, secretRef, text } from "../config/common";
import { portProblem, sourceProblem, type Told } from "../config/hosts";

const place = judged(sourceProblem, "^([hH][tT][tT][pP][sS]?://|[oO][cC][iI]://|\\.{0,2}/)\\S+$");

const source = z
  .union([
    place,
    z.strictObject({
      url: place.describe("Address of the repository or OCI registry"),
      username: text.describe("User name there"),
      password: secretRef.describe("Secret that holds the password or token"),
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
      "Source of this chart, in the same form, if it differs from `linkerd.source`. It may also be a `.tgz` file",
    ),
  release: releaseName
    .optional()
    .describe(
      "Name of the Helm release, which you cannot change later. Default: the name of the open-source chart, for " +
        "example linkerd-crds",
    ),
  values: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      "Extra chart values, merged under the values that this program owns. They must not contain a secret",
    ),
});

const charts = z.strictObject({
  crds: chart.optional().describe("The chart `linkerd-crds`"),
  controlPlane: chart.optional().describe("The chart `linkerd-control-plane`"),
  multicluster: chart.optional().describe("The chart `linkerd-multicluster`"),
  viz: chart.optional().describe("The chart `linkerd-viz`"),
});

const gatewayApiFile = z.strictObject({
  version: exactVersion.describe("Version of the bundle, as its CRDs say: for example 1.2.1"),
  file: matching(
    /^(?!\w+:|~)\S+$/,
    "is not the path of a file or folder",
    "download the file into the project, and write its path, for example ./gateway-api/experimental-install.yaml",
  ).describe("File or folder with the CRDs, relative to the project"),
});
export type GatewayApiFile = z.infer<typeof gatewayApiFile>;

const REGISTRY = "[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:\\d+)?(\\/[-a-z0-9._]+)*";
const IMAGE = `^${REGISTRY}(:[\\w.-]+)?(@sha256:[0-9a-f]{64})?$`;

function imageProblem(text: string): Told | undefined {
  if (new RegExp(IMAGE).test(text)) return addressProblem(text);
  return [
    "is not the address of an image or registry",
    "write it without scheme and final slash, for example mirror.example.com/linkerd",
  ];
}

/** Names of images are written behind it. */
function registryProblem(text: string): Told | undefined {
  if (new RegExp(`^${REGISTRY}$`).test(text)) return addressProblem(`${text}/`);
  return (
    imageProblem(text) ?? [
      "has a tag or digest, and stands before the names of images",
      "write it without, for example mirror.example.com/linkerd",
    ]
  );
}

/** A number behind a colon is a port before a slash; elsewhere it is a tag. */
function addressProblem(text: string): Told | undefined {
  const port = /^[^/]+:(\d+)\//.exec(text)?.[1];
  return port === undefined ? undefined : portProblem(port);
}

const image = judged(imageProblem, IMAGE);
const registry = judged(registryProblem, `^${REGISTRY}$`);

const images = z.strictObject({
  registry: registry
    .optional()
    .describe(
      "Registry of the images `<registry>/controller`, `<registry>/proxy`, `<registry>/debug`. Default: the " +
        "chart's own",
    ),
  pause: image.optional().describe("Image of the gateway's pause container. Default: the chart's own"),
  pullSecret: secretRef
    .optional()
    .describe(
      "Secret in the form of a `.dockerconfigjson`, for the pods of the control plane and of the multicluster " +
        "extension. A meshed pod pulls its proxy with the pull secrets of its own ServiceAccount",
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
    .describe("High availability profile (linkerd2 `values-ha.yaml`): three replicas and disruption budgets"),
  gatewayApi: z
    .union([z.enum(["bundled", "existing"]), gatewayApiFile])
    .describe(
      "`bundled`: the linkerd-crds chart installs the Gateway API CRDs, and keeps them when it is removed; " +
        "`existing`: the CRDs are already in the cluster; `{ version, file }`: this program installs the CRDs of a " +
        "file, and keeps them",
    ),
  defaultInboundPolicy: inboundPolicy.describe(
    "Callers of a meshed port for which nothing else is set. Default: all-unauthenticated, Linkerd's own",
  ),
  namespace: namespaceName.describe("Namespace of the control plane, the same in every cluster"),
  images: images.describe("Private mirror of the images"),
  cni: z
    .boolean()
    .describe(
      "Whether the linkerd-cni plugin, which must already be in the cluster, redirects the traffic of pods. Pods " +
        "then need no init container with network rights",
    ),
  nativeSidecar: z
    .boolean()
    .describe(
      "Whether proxies are native sidecar containers (Kubernetes 1.29 and later). Default: the chart's own",
    ),
  viz: z
    .boolean()
    .describe(
      "Installs the extension linkerd-viz: metrics of the last hours, `linkerd viz`, tap and a dashboard",
    ),
  timeoutSeconds: z
    .int()
    .min(30)
    .max(3600)
    .describe("Time that one chart may take to become ready, in seconds"),
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
      "Source of the charts: a repository URL, an OCI reference (`oci://…`) or a local folder with one folder for " +
        "each chart (`./charts`). For a repository or registry with a password, write `{ url, username, " +
        "password: { secret: <key> } }`. Default: the channel's public repository",
    ),
  charts: overridable.charts.prefault({}),
  ha: overridable.ha.default(false),
  gatewayApi: overridable.gatewayApi.default("bundled"),
  defaultInboundPolicy: overridable.defaultInboundPolicy.optional(),
  namespace: overridable.namespace.default("linkerd"),
  license: secretRef
    .optional()
    .describe(
      "Secret that holds the license. Required for `enterprise`. It becomes the Secret `buoyant-license`",
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
  source: source
    .optional()
    .describe(
      "Source of the charts of this cluster, if it differs from `linkerd.source`. A folder holds one version, so an " +
        "upgrade of one cluster needs a folder of its own",
    ),
  charts: overridable.charts.optional(),
  ha: overridable.ha.optional(),
  gatewayApi: overridable.gatewayApi.optional(),
  defaultInboundPolicy: overridable.defaultInboundPolicy.optional(),
  namespace: overridable.namespace.optional().describe("Must equal `linkerd.namespace`: leave it out"),
  images: overridable.images.optional(),
  cni: overridable.cni.optional(),
  nativeSidecar: overridable.nativeSidecar.optional(),
  viz: overridable.viz.optional(),
  timeoutSeconds: overridable.timeoutSeconds.optional(),
});
export type LinkerdOverrides = z.infer<typeof linkerdOverrides>;
