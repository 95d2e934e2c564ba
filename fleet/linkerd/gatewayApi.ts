import { parse } from "yaml";
import { z } from "zod";
import type { ClusterPlan } from "../clusters/plan";
import type { Problem } from "../config/problems";
import { isOlder } from "../neededVersions";
import { KEPT_BY_HELM } from "./charts";
import type { GatewayApiFile } from "./schema";

/** The kinds that the chart linkerd-crds installs with `installGatewayAPI`: those that Linkerd reads. */
export const GATEWAY_API_CRDS = ["httproutes", "grpcroutes", "tlsroutes", "tcproutes"].map(
  (plural) => `${plural}.gateway.networking.k8s.io`,
);

/** Linkerd does not start without these two; the experimental channel has the others. */
export const NEEDED_CRDS = GATEWAY_API_CRDS.slice(0, 2);

/** Gateway API's own mark of the version of a CRD, with a leading v. */
export const BUNDLE_VERSION = "gateway.networking.k8s.io/bundle-version";

/** On CRDs that this program owns. Their owner before may set it to hand them over. */
export const GATEWAY_API_MARK = "linkerd-fleet/gateway-api";

/** What Linkerd 2.20 asks for (linkerd/website, `features/gateway-api.md`). */
export const SUPPORTED_GATEWAY_API = { from: "1.2.1", below: "1.6.0" } as const;

/** What the chart linkerd-crds installs with `installGatewayAPI` (its `templates/gateway.networking.k8s.io_*`). */
export const BUNDLED_GATEWAY_API = "1.1.1";

const document = z.object({
  apiVersion: z.literal("apiextensions.k8s.io/v1"),
  kind: z.literal("CustomResourceDefinition"),
  metadata: z.object({
    name: z.enum(GATEWAY_API_CRDS),
    annotations: z.record(z.string(), z.string()).default({}),
    labels: z.record(z.string(), z.string()).optional(),
  }),
  spec: z.looseObject({ versions: z.array(z.looseObject({ name: z.string() })) }),
});

/** A CRD of the Gateway API as this program applies it. */
export type GatewayApiCrd = z.infer<typeof document>;

/**
 * The CRDs in `content`, the YAML documents of an install file of the Gateway API. Other documents are left out: the
 * kinds of gateways belong to whoever runs gateways. The descriptions of fields are left out too, as they are most of
 * each CRD, and would be twice in the state of each cluster.
 */
export function gatewayApiCrds(content: string): GatewayApiCrd[] {
  return content.split(/^---.*$/m).flatMap((text) => {
    // An install file has a megabyte, and most of it is of other kinds.
    if (!GATEWAY_API_CRDS.some((name) => text.includes(name))) return [];
    const { data } = document.safeParse(parse(text));
    return data ? [{ ...data, spec: withoutDescriptions(data.spec) }] : [];
  });
}

/** A field may be called `description`: only text that stands where a schema has its own is left out. */
function withoutDescriptions<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (key, inner) =>
      key === "description" && typeof inner === "string" ? undefined : inner,
    ),
  );
}

/**
 * As the cluster gets it. It begins as Helm's where the chart brought it before: the mark `keep` is on the object
 * before the release that has it no more, which would delete it otherwise, and every route with it.
 */
export function ownGatewayApiCrd({ metadata, ...crd }: GatewayApiCrd, { version }: GatewayApiFile) {
  const annotations = { ...metadata.annotations, ...KEPT_BY_HELM, [GATEWAY_API_MARK]: version };
  return { ...crd, metadata: { ...metadata, annotations } };
}

/** Why the CRDs of a file are not those that clusters want. `content`: `undefined` if it cannot be read. */
export function gatewayApiProblem(
  { version, file }: GatewayApiFile,
  clusters: readonly string[],
  content: string | undefined,
): Problem | undefined {
  const path = "linkerd.gatewayApi";
  const where = `for ${clusters.join(", ")}`;
  const fix = "download an install file of that version: docs/versions.md";
  if (content === undefined) return { path, problem: `names ${file} ${where}, which cannot be read`, fix };
  let crds: readonly GatewayApiCrd[];
  try {
    crds = gatewayApiCrds(content);
  } catch {
    return { path, problem: `names ${file} ${where}, which is not YAML`, fix };
  }
  const missing = NEEDED_CRDS.filter((name) => !crds.some(({ metadata }) => metadata.name === name));
  if (missing.length > 0) {
    return { path, problem: `names ${file} ${where}, which has no CRD ${missing.join(", ")}`, fix };
  }
  const others = new Set(
    crds
      .map(({ metadata }) => metadata.annotations[BUNDLE_VERSION])
      .filter((found) => found !== `v${version}`),
  );
  if (others.size === 0) return undefined;
  const found = [...others].map((one) => one?.replace(/^v/, "") ?? "no version").join(", ");
  return {
    path,
    problem: `names version ${version} ${where}, and ${file} holds ${found}`,
    fix: "write the version that the file has, or give each version a file of its own",
  };
}

/** Each file, once for each version that is wanted of it, with the clusters that want it. */
export function gatewayApiFiles(
  clusters: readonly ClusterPlan[],
): { readonly wanted: GatewayApiFile; readonly clusters: readonly string[] }[] {
  const asked = clusters.flatMap(({ name, install: { gatewayApi } }) =>
    typeof gatewayApi === "string" ? [] : [{ name, gatewayApi }],
  );
  const alike = Map.groupBy(asked, ({ gatewayApi: { version, file } }) => `${version} ${file}`);
  return [...alike.values()].flatMap((group) =>
    group.slice(0, 1).map(({ gatewayApi }) => ({
      wanted: gatewayApi,
      clusters: group.map(({ name }) => name),
    })),
  );
}

/** Whether one version comes before another, by its three numbers: what stands around them does not count. */
export function isOlderGatewayApi(one: string, other: string): boolean {
  const numbers = (text: string) => (text.match(/\d+/g) ?? []).slice(0, 3).join(".");
  return isOlder(numbers(one), numbers(other));
}
