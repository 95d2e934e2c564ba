import { clusterObjects, type Known, type ObjectGroup } from "../../fleet/clusterObjects";
import type { ClusterPlan } from "../../fleet/clusters/plan";
import { ingressAddress } from "../../fleet/gateways/plan";
import { markedGeneration } from "../../fleet/links/link";
import type { Plan } from "../../fleet/plan";
import type { LinkPlan } from "../../fleet/topology/plan";
import { type Expected, SOMETHING } from "./compare";
import { SECRETS } from "./objects";
import type { FleetState, Member } from "./read";

const wanted = new WeakMap<FleetState, Map<string, ObjectGroup<Expected>[]>>();

/** The objects that the fleet wants in a cluster of this stack, with all that the clusters and outputs tell. */
export function wantedObjects(fleet: FleetState, member: Member): ObjectGroup<Expected>[] {
  const { name } = member.cluster;
  const known = wanted.get(fleet) ?? new Map<string, ObjectGroup<Expected>[]>();
  wanted.set(fleet, known);
  const groups =
    known.get(name) ?? clusterObjects<Expected>(asDeployed(fleet), member.cluster, knownOf(fleet, member));
  known.set(name, groups);
  return groups;
}

/**
 * Links bear the version of their target's chart. An upgrade that waits in the stack file is told of the charts, and
 * not once more of every link that leads there.
 */
function asDeployed({ plan, outputs }: FleetState): Plan {
  const clusters = plan.clusters.map((cluster) => {
    const { multicluster } = cluster.install;
    const version = outputs.plan.clusters[cluster.name]?.charts.multicluster ?? multicluster.version;
    return { ...cluster, install: { ...cluster.install, multicluster: { ...multicluster, version } } };
  });
  return { ...plan, clusters };
}

function knownOf(fleet: FleetState, { cluster, found }: Member): Known<Expected> {
  const { plan, outputs } = fleet;
  const deployment = found.gatewayDeployment;
  const selector = deployment.state === "found" ? deployment.value.spec.selector.matchLabels : {};
  return {
    ...SECRETS,
    stackFile: stackFileIn(fleet, cluster) ?? "",
    // Where it is a ConfigMap of ours, a check of its own compares what it means.
    trustBundle: plan.trust.clusterIssuer === undefined ? SOMETHING : outputs.trustBundle,
    gatewayAddress: (link) => decidedByTarget(fleet, link).address,
    generation: (link) => decidedByTarget(fleet, link).generation,
    selector: ({ namespace, name }) => {
      const services = found.declared.state === "found" ? found.declared.value : [];
      const service = services.find(
        ({ metadata }) => metadata.name === name && metadata.namespace === namespace,
      );
      return orSomething(service?.spec.selector ?? {});
    },
    gatewaySelector: orSomething(selector),
  };
}

/** Without the object that says it, which is told elsewhere, nobody knows the pods. */
function orSomething(selector: Readonly<Record<string, string>>): Expected["labels"] {
  return Object.keys(selector).length > 0 ? selector : SOMETHING;
}

/** Admission policies name it in their messages, which decide nothing: it is as it was when they were deployed. */
function stackFileIn({ objects }: FleetState, { name }: ClusterPlan): string | undefined {
  const texts = [...(objects.get(name)?.values() ?? [])].flatMap((read) =>
    read.state === "found" && read.value.kind === "ValidatingAdmissionPolicy"
      ? [JSON.stringify(read.value.spec)]
      : [],
  );
  return texts.map((text) => /Pulumi\.[\w.-]+\.yaml/.exec(text)?.[0]).find((file) => file !== undefined);
}

/**
 * A Link's fields that its target decides. Neither the plan nor the outputs of this stack know those of another
 * stack.
 */
function decidedByTarget(
  { plan, outputs, members, neighbours }: FleetState,
  { source, target }: LinkPlan,
): { address: Expected["text"]; generation: number } {
  const neighbour = neighbours.get(target);
  if (!neighbour) {
    const access = plan.accesses.find((one) => one.source === source && one.target === target);
    return {
      address: outputs.clusters[target]?.gateway.address ?? "",
      generation: access?.generation ?? 1,
    };
  }
  const links = members.get(source)?.found.links;
  const spec =
    links?.state === "found" ? links.value.find(({ metadata }) => metadata.name === target)?.spec : undefined;
  const { cluster, found } = neighbour;
  const fixed = cluster.gateway.enabled ? cluster.gateway.addresses?.join(",") : "";
  const live =
    found.gateway.state === "found"
      ? ingressAddress(found.gateway.value.status.loadBalancer.ingress)
      : SOMETHING;
  return { address: fixed ?? live, generation: spec ? markedGeneration(spec) : 1 };
}
