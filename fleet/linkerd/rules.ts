import { urlParts } from "../config/hosts";
import { isMap, map, storedText, structured } from "../config/json";
import { CONTROL_PLANE_NAMESPACE, MULTICLUSTER_NAMESPACE, VIZ_NAMESPACE } from "../config/names";
import { type Problem, pathOf } from "../config/problems";
import type { Readable } from "../config/readable";
import { CHART_KEYS, type ChartKey, releaseName } from "./charts";
import type { LinkerdConfig, LinkerdOverrides } from "./schema";
import { OWNED_VALUES } from "./values";

/** Charts come from where charts can come from, and their values leave alone what this program owns. */
export function chartRules({ raw, linkerd, clusters }: Readable): Problem[] {
  const places: { path: readonly PropertyKey[]; settings: LinkerdConfig | LinkerdOverrides }[] = [
    ...(linkerd ? [{ path: ["linkerd"], settings: linkerd }] : []),
    ...[...clusters].map(([name, cluster]) => ({
      path: ["clusters", name, "linkerd"],
      settings: cluster.linkerd,
    })),
  ];
  return [
    ...places.flatMap(({ path, settings }) => oneFileForAll(path, settings)),
    ...places.flatMap(({ path, settings }) => passwords(path, settings)),
    ...(linkerd ? licenseOf(linkerd) : []),
    ...places.flatMap(({ path, settings }) => extensionsNamespace(path, settings)),
    ...places.flatMap(({ path, settings }) => pullSecret(raw, path, settings)),
    ...(linkerd ? places.flatMap(({ path, settings }) => enterpriseViz(linkerd, path, settings)) : []),
    ...places.flatMap(({ path, settings }) =>
      CHART_KEYS.flatMap((chart) =>
        ownedValues(chart, settings.charts?.[chart]?.values ?? {}, [...path, "charts", chart, "values"]),
      ),
    ),
    ...(linkerd ? places.flatMap(({ path, settings }) => versions(linkerd, path, settings)) : []),
    ...(linkerd ? sameRelease(linkerd, places) : []),
  ];
}

/** Helm tells releases of one namespace by their names: these two are in that of the control plane. */
function sameRelease(
  fleet: LinkerdConfig,
  places: readonly { path: readonly PropertyKey[]; settings: LinkerdConfig | LinkerdOverrides }[],
): Problem[] {
  return places.flatMap(({ path, settings }) => {
    const own = (["controlPlane", "crds"] as const).find((chart) => settings.charts?.[chart]?.release);
    const isSame = releaseName("crds", fleet, settings) === releaseName("controlPlane", fleet, settings);
    if (own === undefined || !isSame) return [];
    return [
      {
        path: pathOf([...path, "charts", own, "release"]),
        problem: `is also the release of ${own === "crds" ? "controlPlane" : "crds"}, in the same namespace`,
        fix: "give each chart a release of its own name",
      },
    ];
  });
}

function oneFileForAll(
  path: readonly PropertyKey[],
  { source }: LinkerdConfig | LinkerdOverrides,
): Problem[] {
  if (!source?.url.endsWith(".tgz")) return [];
  const fix = `name the folder or repository that holds all of them, or set ${pathOf(path)}.charts.<chart>.source`;
  return [{ path: pathOf([...path, "source"]), problem: "is a single chart, where several are needed", fix }];
}

/** Names of Docker Hub in references to charts. */
const DOCKER_HUB = /^oci:\/\/(?:registry-1\.)?docker\.io(?:[:/]|$)/i;

/**
 * The Kubernetes provider gives user and password to HTTP repositories and, since 4.27.0, to OCI registries. It keeps
 * those by the reference's host (its `pkg/helm/tool.go`, `NewRegistryClient`), where Docker Hub's are looked up by
 * another name (oras-go `registry/remote/credentials/registry.go`, `ServerAddressFromHostname`).
 */
function passwords(path: readonly PropertyKey[], settings: LinkerdConfig | LinkerdOverrides): Problem[] {
  const given = [
    { at: [...path, "source"], source: settings.source },
    ...CHART_KEYS.map((chart) => ({
      at: [...path, "charts", chart, "source"],
      source: settings.charts?.[chart]?.source,
    })),
  ];
  return given.flatMap(({ at, source }) => {
    if (!source || !("password" in source)) return [];
    const isDockerHub = DOCKER_HUB.test(source.url);
    if (!isDockerHub && urlParts(source.url)) return [];
    return [
      {
        path: pathOf([...at, "password"]),
        problem: isDockerHub
          ? "does not reach Docker Hub: the Kubernetes provider looks for its password elsewhere"
          : "is for a repository, and this is a path",
        fix: isDockerHub
          ? "write the source as text, and run `helm registry login registry-1.docker.io` where `pulumi` runs"
          : "write the path as text",
      },
    ];
  });
}

/** Each of the three is a namespace of its own, with its own labels and Secrets. */
function extensionsNamespace(
  path: readonly PropertyKey[],
  { namespace }: LinkerdConfig | LinkerdOverrides,
): Problem[] {
  if (namespace !== MULTICLUSTER_NAMESPACE && namespace !== VIZ_NAMESPACE) return [];
  return [
    {
      path: pathOf([...path, "namespace"]),
      problem: `is ${namespace}, which is the namespace of an extension`,
      fix: `name another one, for example ${CONTROL_PLANE_NAMESPACE}`,
    },
  ];
}

/** The API server takes no such Secret that is no JSON, and a kubelet reads only what stands below `auths`. */
function pullSecret(
  { values, secretKeys }: Readable["raw"],
  path: readonly PropertyKey[],
  { images }: LinkerdConfig | LinkerdOverrides,
): Problem[] {
  const key = images?.pullSecret?.secret;
  const content = key !== undefined && secretKeys.has(key) ? storedText(values[key]) : undefined;
  if (content === undefined) return [];
  const hasAuths = (text: string) => isMap(map(structured(text)).auths);
  if (hasAuths(content)) return [];
  const at = pathOf([...path, "images", "pullSecret"]);
  const store = `store it again with \`pulumi config set --secret linkerd-fleet:${key} < config.json\``;
  return hasAuths(Buffer.from(content, "base64").toString("utf8"))
    ? [{ path: at, problem: "is in base64 once more", fix: `decode it with \`base64 -d\`, and ${store}` }]
    : [{ path: at, problem: "is not a .dockerconfigjson, a map with `auths`", fix: store }];
}

function licenseOf({ channel, license }: LinkerdConfig): Problem[] {
  const path = "linkerd.license";
  if (channel === "enterprise" && !license) {
    const fix =
      "store yours with `pulumi config set --secret linkerd-fleet:license < file` and write { secret: license }";
    return [{ path, problem: "is missing: the enterprise channel does not start without one", fix }];
  }
  return channel === "edge" && license
    ? [{ path, problem: "belongs to the enterprise channel", fix: "remove it, or set linkerd.channel" }]
    : [];
}

/** The enterprise repository has no linkerd-viz, and numbers its charts otherwise. */
function enterpriseViz(
  { channel, charts }: LinkerdConfig,
  path: readonly PropertyKey[],
  settings: LinkerdConfig | LinkerdOverrides,
): Problem[] {
  const { source, version } = { ...charts.viz, ...settings.charts?.viz };
  if (channel !== "enterprise" || !settings.viz || (source && version)) return [];
  const fix =
    "set linkerd.charts.viz.source and linkerd.charts.viz.version to those of an open-source release";
  return [
    { path: pathOf([...path, "viz"]), problem: "is not among the charts of the enterprise channel", fix },
  ];
}

function ownedValues(
  chart: ChartKey,
  values: Readonly<Record<string, unknown>>,
  path: readonly PropertyKey[],
): Problem[] {
  const found = new Map<string, Problem>();
  if (Object.keys(values).length === 0) return [];
  for (const [owned, setting] of Object.entries(OWNED_VALUES[chart])) {
    const keys = owned.split(".");
    const place = overlap(values, keys);
    if (!place) continue;
    const at = pathOf([...path, ...place]);
    found.set(at, {
      path: at,
      problem: "is set by this program and would be overwritten",
      fix: `use ${setting}`,
    });
  }
  return [...found.values()];
}

/** Where `values` sets what is at `keys`: there, or above as something that is no map. */
function overlap(values: unknown, keys: readonly string[]): string[] | undefined {
  let value = values;
  for (const [at, key] of keys.entries()) {
    if (!isMap(value)) return keys.slice(0, at);
    if (!Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return [...keys];
}

/** The numbering of charts in the channels' public repositories. */
const VERSIONS = {
  edge: {
    pattern: /^20\d\d\.([1-9]|1[0-2])\.\d+$/,
    fix: "write year, month and number, for example 2026.8.3",
  },
  enterprise: { pattern: /^2\.\d+\.\d+(-\d+)?$/, fix: "write a version such as 2.19.0" },
} as const;

function versions(
  fleet: LinkerdConfig,
  path: readonly PropertyKey[],
  settings: LinkerdConfig | LinkerdOverrides,
): Problem[] {
  const { pattern, fix } = VERSIONS[fleet.channel];
  const given = [
    { keys: ["version"], version: settings.version, source: settings.source ?? fleet.source },
    ...CHART_KEYS.map((chart) => ({
      keys: ["charts", chart, "version"],
      version: settings.charts?.[chart]?.version,
      source:
        settings.charts?.[chart]?.source ?? settings.source ?? fleet.charts[chart]?.source ?? fleet.source,
    })),
  ];
  return given
    .filter(({ version, source }) => version !== undefined && source === undefined && !pattern.test(version))
    .map(({ keys }) => ({
      path: pathOf([...path, ...keys]),
      problem: `is not a version of the ${fleet.channel} charts`,
      fix: `${fix}, or choose the other linkerd.channel`,
    }));
}
