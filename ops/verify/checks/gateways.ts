import type { ClusterPlan } from "../../../fleet/clusters/plan";
import { GATEWAY_PORT, PROBE_PORT, TARGET_LABEL } from "../../../fleet/config/names";
import { GATEWAY_AUTHENTICATIONS, ingressAddress } from "../../../fleet/gateways/plan";
import type { LinkPlan } from "../../../fleet/topology/plan";
import type { Endpoints, Release, Service } from "../../../live/shapes";
import { named } from "../certificates";
import { differences } from "../differences";
import { contextOf, drifted, driftedChart, type Finding, notWorking, whenReadable } from "../finding";
import type { Member, TargetMember } from "../read";
import { ofClusters, ofLinks } from "./check";
import { judgeDeployment, releaseOf } from "./clusters";

export const gatewayChecks = [
  ofClusters("the gateway is as its Links say", ({ cluster, found }, { outputs }) =>
    whenReadable(
      {
        service: found.gateway,
        deployment: found.gatewayDeployment,
        releases: found.multiclusterReleases,
        networks: found.networks,
        meshTls: found.meshTls,
      },
      ({ service, deployment, releases, networks = [], meshTls = [] }) => {
        const { gateway } = cluster;
        if (!gateway.enabled) return [];
        const owned = gateway.kind === "chart";
        const release = owned ? releaseOf(releases, cluster.install.multicluster) : undefined;
        if (!service) return [driftedChart("the gateway's Service is missing", cluster, release)];
        const name = owned ? "linkerd-gateway" : gateway.config.deployment;
        const own = GATEWAY_AUTHENTICATIONS[gateway.kind];
        const ours = (metadata: { readonly namespace: string }) =>
          metadata.namespace === service.metadata.namespace;
        const authentications = [
          {
            kind: "NetworkAuthentication",
            name: own.networks,
            found: networks,
            setting: "allowedNetworks",
            spec: { networks: gateway.networks.map((cidr) => ({ cidr })) },
          },
          {
            kind: "MeshTLSAuthentication",
            name: own.identities,
            found: meshTls,
            setting: "allowedIdentities",
            spec: { identities: gateway.callers },
          },
        ] as const;
        return [
          ...judgeDeployment(name, deployment ? [deployment] : [], cluster, release),
          ...(owned ? judgeService(service, cluster, release) : []),
          ...judgeAddress(service, cluster, outputs.clusters[cluster.name]?.gateway.address),
          ...authentications.flatMap(({ kind, name, found, setting, spec }): Finding[] => {
            // Those that are ours have a check of their own.
            if (!owned) return [];
            const object = named(
              found.filter(({ metadata }) => ours(metadata)),
              name,
            );
            if (!object)
              return [driftedChart(`the ${kind} ${name} of the gateway is missing`, cluster, release)];
            if (differences(spec, object.spec).length === 0) return [];
            // Likewise where the stack file says who may.
            if (gateway.config[setting] !== undefined) return [];
            const finding = drifted(`the ${kind} ${name} of the gateway lets others in than planned`);
            const remedy = `write who may as clusters.${cluster.name}.gateway.${setting}: without it nothing changes the chart's own`;
            return [{ ...finding, remedy }];
          }),
        ];
      },
    ),
  ),
  ofLinks("the gateway is alive", ({ link, source, target }) => {
    if (!target.cluster.gateway.enabled || !link.modes.includes("gateway")) return [];
    return whenReadable({ endpoints: source.found.mirrorEndpoints }, ({ endpoints = [] }) => {
      const alive = isAlive(link.target, endpoints);
      if (alive === undefined) {
        const command = `linkerd --context ${contextOf(source.cluster)} multicluster gateways`;
        const message = "no service goes through it, so only the service mirror's own pod knows";
        return [notWorking(message, `\`${command}\` asks the pod`, "unknown")];
      }
      if (alive) return judgeAddressKept(link, source, target);
      const remedy = `look at the gateway's pods in ${link.target}, and at the way there from ${link.source}`;
      return [notWorking(`${link.source} gets no answer from the gateway of ${link.target}`, remedy)];
    });
  }),
];

/**
 * A service mirror that starts while the gateway is dead keeps its address until the gateway has answered once and
 * died again (linkerd2 `multicluster/service-mirror/cluster_watcher.go:241`, `probe_worker.go:19`).
 */
function judgeAddressKept(link: LinkPlan, source: Member, target: TargetMember): readonly Finding[] {
  const { gatewayDeployment: deployment } = target.found;
  const kept = `mirror services in ${link.source} have its address, and a service mirror that started while the gateway was dead keeps it`;
  if (deployment.state === "failed") {
    const remedy = `\`linkerd --context ${contextOf(source.cluster)} multicluster gateways\` asks the service mirror's pod`;
    return [notWorking(`whether it is alive is not known: ${kept}`, remedy, "unknown")];
  }
  if (deployment.state === "missing" || deployment.value.status.availableReplicas > 0) return [];
  const remedy = `bring back the gateway's pods in ${link.target}: requests from ${link.source} fail until then`;
  return [notWorking(`no pod of the gateway of ${link.target} is available, although ${kept}`, remedy)];
}

/**
 * The service mirror takes a dead gateway's addresses out of service; without mirrors, nobody outside of it knows. Those
 * of a headless mirror, which name its pods, stay ready whatever happens (linkerd2 `cluster_watcher_headless.go`).
 */
export function isAlive(target: string, endpoints: readonly Endpoints[]): boolean | undefined {
  const subsets = endpoints
    .filter(({ metadata }) => metadata.labels[TARGET_LABEL] === target)
    .flatMap((mirror) => mirror.subsets);
  if (subsets.some(({ addresses }) => addresses.some(({ hostname }) => hostname === undefined))) return true;
  return subsets.some(({ notReadyAddresses }) => notReadyAddresses.length > 0) ? false : undefined;
}

function judgeService(
  { metadata, spec }: Service,
  cluster: ClusterPlan,
  release: Release | undefined,
): Finding[] {
  const { gateway } = cluster;
  if (!gateway.enabled) return [];
  const ports = {
    "mc-gateway": [GATEWAY_PORT, gateway.port],
    "mc-probe": [PROBE_PORT, gateway.probePort],
  } as const;
  const wrong = Object.entries(ports).filter(([name, [port, nodePort]]) => {
    const found = spec.ports.find((one) => one.name === name);
    return found?.port !== port || (gateway.config.type === "nodePort" && found.nodePort !== nodePort);
  });
  const identity = metadata.annotations["mirror.linkerd.io/gateway-identity"];
  return [
    ...wrong.map(([name]) =>
      driftedChart(`the gateway's Service has another port ${name}`, cluster, release),
    ),
    ...(identity === gateway.identity
      ? []
      : [driftedChart("the gateway's Service names another identity", cluster, release)]),
  ];
}

function judgeAddress(service: Service, { gateway }: ClusterPlan, linked: string | undefined): Finding[] {
  // A given address may lead to it in ways that the Service does not know.
  if (!gateway.enabled || gateway.addresses || linked === undefined) return [];
  const address = ingressAddress(service.status.loadBalancer.ingress);
  if (address === linked) return [];
  return [drifted(`the gateway's address is now ${address || "none"}, and the Links lead to ${linked}`)];
}
