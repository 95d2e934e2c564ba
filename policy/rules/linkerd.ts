import { resolve } from "node:path";
import { z } from "zod";
import { exactVersion } from "../../fleet/config/common";
import {
  BUNDLE_VERSION,
  BUNDLED_GATEWAY_API,
  GATEWAY_API_CRDS,
  isOlderGatewayApi,
  SUPPORTED_GATEWAY_API,
} from "../../fleet/linkerd/gatewayApi";
import { versionBlocker } from "../../fleet/linkerd/versionSkew";
import { CRD, chartOf, objectName, RELEASE, type Resource } from "../resource";
import { type FleetRule, NONE, type ResourceRule } from "../rule";

export const chartVersion: ResourceRule = {
  name: "chart-version",
  description: "A chart has one exact version, so that two runs of one commit create the same fleet.",
  severity: "high",
  remediation: "Write all three numbers of `linkerd.version`.",
  settings: NONE,
  types: RELEASE,
  *judge({ properties }) {
    const version = properties.at("version");
    if (!version.isUnknown && !exactVersion.safeParse(version.text).success) {
      yield `its version is ${version.text ?? "missing"}`;
    }
  },
};

const sourceSettings = z.strictObject({
  allowed: z
    .array(z.string())
    .default(["https://helm.linkerd.io/", "https://helm.buoyant.cloud", "./"])
    .describe(
      "Repositories, OCI registries and folders: the scheme, the host, the port, and the first segments of the path",
    ),
});

export const chartSource: ResourceRule<z.infer<typeof sourceSettings>> = {
  name: "chart-source",
  description: "Charts come from allowed repositories.",
  severity: "critical",
  remediation: "Change `linkerd.source`, or allow it in the profile.",
  settings: sourceSettings,
  types: RELEASE,
  *judge({ properties }, { allowed }) {
    const repository = properties.at("repositoryOpts", "repo");
    const chart = properties.at("chart");
    // Helm takes a path and an OCI reference before it asks the repository (helm `pkg/action/install.go`,
    // `LocateChart`).
    const isReference = /[/\\:]|^\./.test(chart.text ?? "");
    const sources = [
      ...(repository.isAbsent ? [] : [repository]),
      ...(repository.isAbsent || isReference ? [chart] : []),
    ];
    for (const { text } of sources) {
      if (text !== undefined && !allowed.some((one) => isWithin(originOf(one), originOf(text)))) {
        yield `it comes from ${text}, not from ${allowed.join(" or ")}`;
      }
    }
  },
};

/** Where a repository, an OCI reference or a path leads, in parts that can be compared. `undefined`: nobody knows. */
function originOf(source: string): readonly string[] | undefined {
  // Who reads these how is not known: Helm, a proxy, or the server.
  if (/\\|%2[ef]|%5c/i.test(source)) return undefined;
  const segments = (path: string) => path.split("/").filter((part) => part !== "");
  if (/^(\/|\.\.?(\/|$))/.test(source)) return ["path", ...segments(resolve(source))];
  if (!URL.canParse(source)) return undefined;
  const { protocol, host, pathname } = new URL(source);
  return [protocol, host.toLowerCase(), ...segments(pathname)];
}

function isWithin(allowed: readonly string[] | undefined, source: readonly string[] | undefined): boolean {
  return allowed?.every((part, at) => part === source?.[at]) ?? false;
}

export const valuesNoKey: ResourceRule = {
  name: "values-no-key",
  description: "No chart value holds a private key. Helm keeps values in plain text, in every cluster.",
  severity: "critical",
  remediation: "Put it into a Secret, and give the chart the Secret's name.",
  settings: NONE,
  types: RELEASE,
  *judge({ properties }) {
    for (const text of properties.at("values").texts()) {
      if (holdsKey(text)) yield "one of its values is a private key";
    }
  },
};

const KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** Also one in base64, as Secrets hold it; 36 characters are the head of the shortest. */
function holdsKey(text: string): boolean {
  const encoded = text.match(/[A-Za-z0-9+/]{36,}/g) ?? [];
  return KEY.test(text) || encoded.some((part) => KEY.test(Buffer.from(part, "base64").toString("latin1")));
}

const gatewayApiSettings = z.strictObject({
  from: z
    .string()
    .regex(/^\d+\.\d+\.\d+$/)
    .default(BUNDLED_GATEWAY_API)
    .describe(
      "The oldest version that a cluster may get. With 1.2.1, no cluster gets that of Linkerd's chart",
    ),
});

export const gatewayApiVersion: ResourceRule<z.infer<typeof gatewayApiSettings>> = {
  name: "gateway-api-version",
  description: "The CRDs of the Gateway API that a cluster gets are of a version that Linkerd supports.",
  severity: "medium",
  remediation: "Name a file of another version in `linkerd.gatewayApi`.",
  settings: gatewayApiSettings,
  types: new RegExp(`${RELEASE.source}|${CRD.source}`),
  *judge(resource, { from }) {
    const version = gatewayApiOf(resource);
    const { below } = SUPPORTED_GATEWAY_API;
    if (version === undefined || (!isOlderGatewayApi(version, from) && isOlderGatewayApi(version, below)))
      return;
    yield `it brings version ${version}, and not ${from} or later and below ${below}`;
  },
};

/** The version that a resource brings; `undefined` where it brings none, or where that is not known. */
function gatewayApiOf(resource: Resource): string | undefined {
  const { properties } = resource;
  if (chartOf(resource) === "crds") {
    return properties.at("values", "installGatewayAPI").isNot(false, undefined)
      ? BUNDLED_GATEWAY_API
      : undefined;
  }
  if (!GATEWAY_API_CRDS.includes(objectName(resource) ?? "")) return undefined;
  return properties.at("metadata", "annotations", BUNDLE_VERSION).text?.replace(/^v/, "");
}

export const versionSkew: FleetRule = {
  name: "version-skew",
  description: "The clusters of a fleet are no further apart than what Linkerd supports between them.",
  severity: "high",
  remediation: "Upgrade the clusters that are behind before the others go on.",
  settings: NONE,
  *judge(fleet) {
    for (const chart of ["control-plane", "multicluster"] as const) {
      const releases = fleet.releasesOf(chart);
      const byVersion = Map.groupBy(releases, ({ properties }) => properties.at("version").text);
      const versions = [...byVersion.keys()].filter((version) => version !== undefined);
      for (const [index, a] of versions.entries()) {
        for (const b of versions.slice(index + 1)) {
          // One of the two ways always goes back.
          if (versionBlocker(a, b) === undefined || versionBlocker(b, a) === undefined) continue;
          const where = (version: string) =>
            byVersion
              .get(version)
              ?.map(({ cluster }) => cluster)
              .join(", ");
          yield { problem: `${chart}: ${a} in ${where(a)} and ${b} in ${where(b)} are too far apart` };
        }
      }
    }
  },
};

export const oneMulticluster: FleetRule = {
  name: "one-multicluster",
  description:
    "A cluster has one multicluster release: two would each run service mirrors for the same links.",
  severity: "high",
  remediation: "Remove the second one.",
  settings: NONE,
  *judge(fleet) {
    const releases = Map.groupBy(fleet.releasesOf("multicluster"), ({ cluster }) => cluster);
    for (const [cluster, [, second]] of releases) {
      if (second) yield { problem: `${cluster} has another multicluster release`, of: second };
    }
  },
};
