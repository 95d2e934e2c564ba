import * as fc from "fast-check";
import type { z } from "zod";
import type { fleetConfig } from "../fleet/config/fleetConfig";

export type ClusterInput = z.input<typeof fleetConfig>["clusters"][string];

const label = (size: number) => fc.stringMatching(new RegExp(`^[a-z]([-a-z0-9]{0,${size}}[a-z0-9])?$`));
// Without dashes, so that no mirror service has the name of another service.
export const word = fc.stringMatching(/^[a-z][a-z0-9]{0,11}$/);
const ports = fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { minLength: 2, maxLength: 2 });
export const host = label(10).map((name) => `${name}.example.com`);

/** Names that clusters may have together. */
export function clusterNames(bounds: { minLength: number; maxLength: number }): fc.Arbitrary<string[]> {
  return fc.uniqueArray(
    label(12).filter((name) => name !== "federated"),
    bounds,
  );
}

const serviceSettings = fc.record(
  {
    annotations: fc.constant({ "example.com/balancer": "internal" }),
    replicas: fc.integer({ min: 1, max: 5 }),
  },
  { requiredKeys: [] },
);
const balancerSettings = fc.record(
  { loadBalancerClass: word, sourceRanges: fc.constantFrom<string[]>([], ["10.0.0.0/8", "fd00::/8"]) },
  { requiredKeys: [] },
);
const gateway: fc.Arbitrary<NonNullable<ClusterInput["gateway"]>> = fc
  .record({
    ports,
    host,
    hosts: fc.array(host, { minLength: 1, maxLength: 3 }),
    namespace: word,
    serviceSettings,
    balancerSettings,
  })
  .chain(({ ports: [port = 1, probePort = 2], host, hosts, namespace, serviceSettings, balancerSettings }) =>
    fc.constantFrom(
      { type: "loadBalancer" as const, ...serviceSettings, ...balancerSettings },
      { type: "nodePort" as const, address: host, port, probePort, ...serviceSettings },
      { type: "static" as const, address: hosts, ...serviceSettings, ...balancerSettings },
      { type: "static" as const, address: host, loadBalancerIP: "192.0.2.1", port, probePort },
      {
        type: "emissary" as const,
        namespace,
        deployment: "edge",
        serviceAccount: "edge",
        skipInboundPorts: [],
      },
      { type: "emissary" as const, address: hosts, port, probePort, allowedNetworks: ["192.0.2.0/24"] },
    ),
  );

/** One network and any gateways, or any networks and a gateway everywhere: so that every link carries something. */
export function clusterInputs(names: readonly string[]): fc.Arbitrary<Record<string, ClusterInput>> {
  return fc.boolean().chain((flat) => {
    const settings = fc.record(
      {
        region: fc.constantFrom("us", "eu", "apac"),
        network: flat ? fc.constant("one") : fc.constantFrom("one", "two", undefined),
        gateway: flat ? fc.oneof(gateway, fc.constant({ type: "none" as const })) : gateway,
        trustDomain: host,
        wave: fc.nat({ max: 3 }),
        linkerd: fc.record(
          {
            ha: fc.boolean(),
            gatewayApi: fc.constantFrom("existing", "bundled"),
            images: fc.record({ registry: host, pause: host }, { requiredKeys: [] }),
            cni: fc.boolean(),
            nativeSidecar: fc.boolean(),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: ["region", "network", "gateway"] },
    );
    return fc.array(settings, { minLength: names.length, maxLength: names.length }).map((all) =>
      Object.fromEntries(
        all.map(({ network, ...rest }, at) => {
          const name = names[at] ?? "";
          const apiServer = `https://api-${at}.example.com`;
          const podNetworks = [`10.${at}.0.0/16`];
          return [
            name,
            { context: name, apiServer, podNetworks, ...rest, ...(network === undefined ? {} : { network }) },
          ];
        }),
      ),
    );
  });
}
