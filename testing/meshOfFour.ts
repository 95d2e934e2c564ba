import type { FleetInput } from "./arbitraries";

export const CLUSTERS = ["a", "b", "c", "d"];
export type ServiceInput = NonNullable<FleetInput["services"]>[number];

/** A mesh of four clusters on one network. */
export function meshOfFour(services: readonly ServiceInput[], evacuated: readonly string[] = []): FleetInput {
  const cluster = (name: string, at: number) => ({
    context: name,
    network: "one",
    apiServer: `https://${name}`,
    podNetworks: [`10.${at}.0.0/16`],
    evacuate: evacuated.includes(name),
  });
  return {
    linkerd: { version: "2026.8.3" },
    trust: { anchors: [{ id: "2026", state: "active" }] },
    clusters: Object.fromEntries(CLUSTERS.map((name, at) => [name, cluster(name, at)])),
    services: [...services],
  };
}

/** A flat service in all of them. */
export function service(more: Partial<ServiceInput>): ServiceInput {
  return { name: "web", namespace: "shop", mode: "flat", in: CLUSTERS, ports: [8080], ...more };
}
