import { CREDENTIALS_TYPE, destinationMetadata } from "../access/credentials";
import { destinationAnnotation } from "../access/plan";
import { restartOf } from "../clusters/objects";
import type { ClusterPlan } from "../clusters/plan";
import { credentialsName } from "../config/names";
import type { FleetObject } from "../objects/object";
import type { Plain, Text, Values } from "../objects/values";
import type { LinkPlan } from "../topology/plan";
import { createdBy, linkSpec } from "./link";

export interface LinkInputs<V extends Values> {
  /** Namespaces of the source. */
  readonly namespaces: { readonly controlPlane: Text<V>; readonly multicluster: Text<V> };
  /** Base64 of `linkKubeconfig`. */
  readonly kubeconfig: Text<V>;
  /** Addresses of the target's gateway, separated by commas; empty without one. */
  readonly gatewayAddress: Text<V>;
  /** Generation of the token in the kubeconfig. */
  readonly generation: number;
}

/**
 * A link in its source: the credentials for the destination controller, those for the service mirror, then the Link. The
 * destination controller looks a new cluster up once, and the Link makes the service mirror start.
 */
export function linkObjects<V extends Values = Plain>(
  link: LinkPlan,
  target: ClusterPlan,
  { namespaces, kubeconfig, gatewayAddress, generation }: LinkInputs<V>,
): FleetObject<V>[] {
  const name = credentialsName(link.target);
  return [
    {
      id: "destination",
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: namespaces.controlPlane, ...destinationMetadata(target) },
      type: CREDENTIALS_TYPE,
      data: { kubeconfig },
    },
    {
      id: "mirror",
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: namespaces.multicluster },
      type: CREDENTIALS_TYPE,
      data: { kubeconfig },
      after: ["destination"],
    },
    {
      id: "link",
      apiVersion: "multicluster.linkerd.io/v1alpha3",
      kind: "Link",
      metadata: {
        name: link.target,
        namespace: namespaces.multicluster,
        annotations: { "linkerd.io/created-by": createdBy(target.install.multicluster.version) },
      },
      spec: linkSpec<Text<V>>(link, target, gatewayAddress, generation),
      after: ["mirror"],
    },
  ];
}

/** The patch that makes a source's destination controller read its rotated tokens; none before the first rotation. */
export function destinationRestart<V extends Values = Plain>(
  accesses: Parameters<typeof destinationAnnotation>[0],
  source: string,
  controlPlaneNamespace: Text<V>,
): FleetObject<V>[] {
  const mark = destinationAnnotation(accesses, source);
  if (mark === undefined) return [];
  return [
    restartOf<V>("destination-restart", controlPlaneNamespace, "linkerd-destination", [
      "linkerd-fleet/token-generations",
      mark,
    ]),
  ];
}
