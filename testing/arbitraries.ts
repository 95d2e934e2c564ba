import * as fc from "fast-check";
import type { z } from "zod";
import { type FleetConfig, fleetConfig } from "../fleet/config/fleetConfig";
import { parseFleetConfig, type RawConfig } from "../fleet/config/parse";
import { formatProblems } from "../fleet/config/problems";
import { type LinkPlan, planLinks } from "../fleet/topology/plan";
import { type ClusterInput, clusterInputs, clusterNames, host, word } from "./clusterArbitraries";

/** The sections of a stack file, as a person writes them. */
export type FleetInput = z.input<typeof fleetConfig>;
type TopologyInput = NonNullable<FleetInput["topology"]>;
type LinkInput = NonNullable<TopologyInput["links"]>[number];
type ServiceInput = NonNullable<FleetInput["services"]>[number];
type Kind = TopologyInput["kind"];

/** A stack that holds these sections and these encrypted keys, and nothing else. */
export function stack(input: object, secrets: Readonly<Record<string, unknown>> = {}): RawConfig {
  return { values: { ...input, ...secrets }, secretKeys: new Set(Object.keys(secrets)) };
}

/** The configuration of a valid fleet. */
export function configOf(input: FleetInput, secrets: Readonly<Record<string, string>> = {}): FleetConfig {
  const { config, problems } = parseFleetConfig(stack(input, secrets));
  if (problems) throw new Error(formatProblems(problems));
  return config;
}

const metadataKeys = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}(\.[a-z]{1,8})?\/([a-z]{1,8}|\*)$/), {
  maxLength: 3,
});
const excludes = fc.record(
  { excludedLabels: metadataKeys, excludedAnnotations: metadataKeys },
  { requiredKeys: [] },
);
function linkInputs(clusters: Readonly<Record<string, ClusterInput>>): fc.Arbitrary<LinkInput[]> {
  const names = Object.keys(clusters);
  const pairs = names.flatMap((source) =>
    names.filter((target) => target !== source).map((target) => ({ source, target })),
  );
  const link = (pair: (typeof pairs)[number]): fc.Arbitrary<LinkInput> => {
    const [source, target] = [clusters[pair.source], clusters[pair.target]];
    const able = [
      ...(target?.gateway?.type === "none" ? [] : (["gateway"] as const)),
      ...(source?.network !== undefined && source.network === target?.network
        ? (["federated", "flat"] as const)
        : []),
    ];
    return fc
      .tuple(
        fc.record(
          { state: fc.constantFrom("active", "draining"), modes: fc.subarray(able, { minLength: 1 }) },
          { requiredKeys: [] },
        ),
        excludes,
      )
      .map(([settings, keys]) => ({ ...pair, ...settings, ...keys }));
  };
  return fc
    .subarray(pairs, { maxLength: Math.min(6, pairs.length) })
    .chain((some) => fc.tuple(...some.map(link)));
}

function topologyInputs(
  clusters: Readonly<Record<string, ClusterInput>>,
  kinds: readonly Kind[],
): fc.Arbitrary<TopologyInput> {
  const names = Object.keys(clusters);
  const crossing = names.flatMap((a, at) =>
    names
      .slice(at + 1)
      .flatMap((b): [string, string][] => (clusters[a]?.region === clusters[b]?.region ? [] : [[a, b]])),
  );
  const shared = fc.tuple(linkInputs(clusters), excludes).map(([links, keys]) => ({ links, ...keys }));
  const ofKind: Record<Kind, () => fc.Arbitrary<TopologyInput>> = {
    mesh: () => shared.map((rest) => ({ kind: "mesh", ...rest })),
    hub: () =>
      fc.tuple(fc.constantFrom(...names), shared).map(([hub, rest]) => ({ kind: "hub", hub, ...rest })),
    islands: () =>
      fc
        .tuple(fc.subarray(crossing), shared)
        .map(([bridges, rest]) => ({ kind: "islands", bridges, ...rest })),
    links: () => shared.map((rest) => ({ kind: "links", ...rest })),
  };
  return fc.constantFrom(...kinds).chain((kind) => ofKind[kind]());
}

const caller = fc.record({ namespace: word, serviceAccount: word }, { requiredKeys: ["namespace"] });
const grants: fc.Arbitrary<NonNullable<ServiceInput["allow"]>[number]> = fc.oneof(
  caller,
  caller.map(({ namespace }) => ({
    identity: `web.${namespace}.serviceaccount.identity.linkerd.elsewhere.example.com`,
  })),
);
const local: fc.Arbitrary<NonNullable<ServiceInput["local"]>> = fc.oneof(
  fc.constantFrom("keep" as const, "meshed" as const, "none" as const),
  fc.array(caller, { minLength: 1, maxLength: 2 }),
);

/** Half of all services cross to named clusters only: to one of each exporter's sources at least. */
function namedClusters(
  { mode, in: exporters }: Pick<ServiceInput, "mode" | "in">,
  links: readonly LinkPlan[],
): fc.Arbitrary<Pick<ServiceInput, "to">> {
  const sources = exporters.map((exporter) =>
    links
      .filter(({ target, modes }) => target === exporter && modes.includes(mode))
      .map(({ source }) => source),
  );
  const needed = fc.tuple(...sources.map((of) => fc.constantFrom(...of)));
  const to = fc
    .tuple(needed, fc.subarray(sources.flat()))
    .map(([some, more]) => ({ to: [...new Set([...more, ...some])] }));
  return fc.oneof(fc.constant({}), to);
}

/** Services that the links can carry, none of which is listed twice. */
function serviceInputs(
  base: FleetInput,
  links: readonly LinkPlan[],
  audits: boolean,
): fc.Arbitrary<ServiceInput[]> {
  const choices = (["gateway", "flat", "federated"] as const).flatMap((mode) => {
    const carrying = new Set(links.filter(({ modes }) => modes.includes(mode)).map(({ target }) => target));
    const able = Object.keys(base.clusters).filter((name) => carrying.has(name));
    const groups =
      mode === "federated" ? [...Map.groupBy(able, (name) => base.clusters[name]?.network).values()] : [able];
    return groups.filter((group) => group.length > 0).map((group) => ({ mode, group }));
  });
  if (choices.length === 0) return fc.constant([]);
  const service = fc
    .constantFrom(...choices)
    .chain(({ mode, group }) =>
      fc.record({
        name: word,
        namespace: word,
        mode: fc.constant(mode),
        in: fc.subarray(group, { minLength: 1 }),
        ports: fc.uniqueArray(fc.constantFrom(80, 8080, "http", "admin"), { minLength: 1 }),
        allow: fc.array(grants, { maxLength: mode === "gateway" ? 0 : 3 }),
        allowGateway: fc.constant(mode === "gateway"),
        local,
        ...(audits && {
          enforce: fc.constantFrom("deny" as const, "audit" as const),
          protocol: fc.constantFrom(
            "unknown" as const,
            "HTTP/1" as const,
            "gRPC" as const,
            "opaque" as const,
          ),
          probes: fc.constantFrom<string[]>([], ["/ready"]),
        }),
      }),
    )
    .map((of) => ({ ...of, pods: { app: of.name } }))
    .chain((of) => namedClusters(of, links).map((to): ServiceInput => ({ ...of, ...to })));
  return fc.uniqueArray(service, { maxLength: 5, selector: ({ name, namespace }) => `${namespace}/${name}` });
}

const trust: fc.Arbitrary<FleetInput["trust"]> = fc
  .tuple(
    fc.uniqueArray(fc.stringMatching(/^[a-z0-9]{1,8}$/), { minLength: 1, maxLength: 3 }),
    fc.nat(),
    host,
    fc.boolean(),
  )
  .map(([ids, active, domain, given]) => ({
    anchors: ids.map((id, at) => ({
      id,
      state: at === active % ids.length ? ("active" as const) : ("staged" as const),
    })),
    ...(given ? { domain } : {}),
  }));

const linkerd: fc.Arbitrary<FleetInput["linkerd"]> = fc.record(
  {
    version: fc.constant("2026.8.3"),
    ha: fc.boolean(),
    source: fc.constantFrom("https://charts.example.com", "oci://charts.example.com/linkerd", "./charts"),
    charts: fc.record(
      { controlPlane: fc.constant({ values: { proxy: { logLevel: "warn" } } }) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ["version"] },
);

/** The links of a fleet, without the rules of the stack file: the caller asks those of the whole fleet. */
function linksOf(base: FleetInput): readonly LinkPlan[] {
  const { topology, clusters } = fleetConfig.parse(base);
  return planLinks(topology, clusters);
}

/**
 * Valid fleets of any shape; narrow them by the kinds of topology and the number of clusters, or widen them by
 * audits.
 */
export function fleetInputs(
  options: {
    kinds?: readonly Kind[];
    minClusters?: number;
    maxClusters?: number;
    /** Some services are audited. */
    audits?: boolean;
  } = {},
): fc.Arbitrary<FleetInput> {
  const { kinds = ["mesh", "hub", "islands", "links"], minClusters = 1, maxClusters = 6 } = options;
  return clusterNames({ minLength: minClusters, maxLength: maxClusters })
    .chain(clusterInputs)
    .chain((clusters) =>
      fc.record({
        linkerd,
        trust,
        clusters: fc.constant(clusters),
        topology: topologyInputs(clusters, kinds),
      }),
    )
    .chain((base) =>
      serviceInputs(base, linksOf(base), options.audits ?? false).map((services) => ({
        ...base,
        services,
      })),
    );
}
