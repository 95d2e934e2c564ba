import { stringify } from "yaml";
import type { Existing } from "./read";

const CHARTS = {
  crds: ["linkerd-crds", "linkerd-enterprise-crds"],
  controlPlane: ["linkerd-control-plane", "linkerd-enterprise-control-plane"],
  multicluster: ["linkerd-multicluster", "linkerd-enterprise-multicluster"],
} as const;

/** The settings of a stack file that adopt these clusters as they are. */
export function adoptedSettings(found: readonly Existing[]): Record<string, unknown> {
  const anchors = new Map<string, string>();
  for (const { cluster, anchors: own } of found) {
    for (const [at, certificate] of own.entries()) {
      const id = `existing-${cluster}${at === 0 ? "" : `-${at + 1}`}`;
      if (!anchors.has(certificate)) anchors.set(certificate, id);
    }
  }
  return {
    "linkerd-fleet:trust": {
      anchors: [...anchors].map(([certificate, id]) => ({ id, state: "retiring", certificate })),
    },
    "linkerd-fleet:clusters": Object.fromEntries(found.map((one) => [one.cluster, clusterSettings(one)])),
  };
}

/** The same in YAML, with what was found as comments. */
export function adoptSettings(found: readonly Existing[]): string {
  const notes = found.flatMap(({ cluster, releases, links }) => [
    ...Object.entries(releases).map(([chart, { version }]) => `# ${cluster}: chart ${chart} ${version}`),
    `# ${cluster}: ${links.length === 0 ? "no links" : `links to ${links.join(", ")}`}`,
  ]);
  return `${notes.join("\n")}\n${stringify(adoptedSettings(found))}`;
}

function clusterSettings(existing: Existing): Record<string, unknown> {
  const { cluster, releases, clusterDomain, trustDomain, accesses } = existing;
  const known = Object.entries(CHARTS).flatMap(([key, names]) => {
    const at = names.find((name) => releases[name]);
    const release = at === undefined ? undefined : releases[at]?.release;
    return release === undefined ? [] : [{ key, release, usual: names[0] }];
  });
  const renamed = known.filter(({ release, usual }) => release !== usual);
  const all = known.length === Object.keys(CHARTS).length;
  return {
    ...(clusterDomain === "cluster.local" ? {} : { clusterDomain }),
    ...(trustDomain === "cluster.local" ? {} : { trustDomain }),
    ...(renamed.length === 0
      ? {}
      : { linkerd: { charts: Object.fromEntries(renamed.map(({ key, release }) => [key, { release }])) } }),
    adopt: all || { releases: known.map(({ key }) => key) },
    issuer: { certificate: existing.issuer, privateKey: { secret: `issuer-${cluster}` } },
    ...(accesses.length === 0 ? {} : { chartAccesses: accesses }),
  };
}
