import { CREDENTIALS_TYPE, destinationMetadata } from "../access/credentials";
import { destinationAnnotation } from "../access/plan";
import { accessScope } from "../access/role";
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
 * A link in its source: the credentials for the destination controller, those for the service mirror, then the Link.
 * The destination controller looks a new cluster up once, and the Link makes the service mirror start. A link that
 * carries gateway services only gives the destination controller none: it asks nothing of the target.
 */
export function linkObjects<V extends Values = Plain>(
  link: LinkPlan,
  target: ClusterPlan,
  { namespaces, kubeconfig, gatewayAddress, generation }: LinkInputs<V>,
): FleetObject<V>[] {
  const name = credentialsName(link.target);
  const destination: FleetObject<V>[] = needsDestination(link)
    ? [
        {
          id: "destination",
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name, namespace: namespaces.controlPlane, ...destinationMetadata(target) },
          type: CREDENTIALS_TYPE,
          data: { kubeconfig },
        },
      ]
    : [];
  return [
    ...destination,
    {
      id: "mirror",
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: namespaces.multicluster },
      type: CREDENTIALS_TYPE,
      data: { kubeconfig },
      after: destination.map(({ id }) => id),
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

/** Whether the source's destination controller reads the target: its pods take requests without a gateway. */
export function needsDestination({ modes }: Pick<LinkPlan, "modes">): boolean {
  return accessScope(modes) === "pods";
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
    restartOf<V>(
      "destination-restart",
      controlPlaneNamespace,
      { kind: "Deployment", name: "linkerd-destination" },
      ["linkerd-fleet/token-generations", mark],
      { "pulumi.com/patchFieldManager": "linkerd-fleet-token-generations" },
    ),
  ];
}
