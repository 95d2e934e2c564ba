import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { GATEWAY_AUTHENTICATIONS } from "../fleet/gateway";
import { GATEWAY_NAME, MULTICLUSTER_NAMESPACE } from "../fleet/names";
import type { ClusterPlan } from "../fleet/plan";
import { multiclusterValues } from "../fleet/values";
import { chartRelease } from "./chart";
import { extensionNamespace } from "./extensionNamespace";
import { loadBalancerAddress } from "./loadBalancerAddress";
import { AuthenticationPatch } from "./policyResources";
import { pullSecrets } from "./pullSecrets";

export interface MulticlusterArgs {
  readonly cluster: ClusterPlan;
  /** The control plane's release: pods created before its injector runs would have no proxy. */
  readonly controlPlane: pulumi.Resource;
  /** A secret configuration value of this stack. */
  readonly secret: (key: string) => pulumi.Output<string>;
}

/**
 * The multicluster extension in one cluster: its namespace, the gateway, the service-mirror controllers of the
 * outgoing links.
 */
export class Multicluster extends pulumi.ComponentResource {
  /** Accesses need only this, which keeps a full mesh free of cycles. */
  readonly namespace: kubernetes.core.v1.Namespace;
  readonly release: kubernetes.helm.v3.Release;
  /** Addresses of the chart's gateway, separated by commas; `undefined` without one. */
  readonly gatewayAddress: pulumi.Output<string> | undefined;

  constructor(name: string, args: MulticlusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { cluster } = args;
    super(
      "linkerd-fleet:linkerd:Multicluster",
      name,
      { version: cluster.install.multicluster.version },
      opts,
    );
    const child = { parent: this };

    this.namespace = extensionNamespace(
      name,
      { name: MULTICLUSTER_NAMESPACE, extension: "multicluster", install: cluster.install },
      child,
    );
    const namespace = this.namespace.metadata.name;
    const pullers = pullSecrets(name, { ...args, namespace }, child);
    this.release = chartRelease(
      `${name}-release`,
      {
        namespace: MULTICLUSTER_NAMESPACE,
        chart: cluster.install.multicluster,
        values: multiclusterValues(cluster),
        timeoutSeconds: cluster.install.timeoutSeconds,
      },
      { ...child, dependsOn: [this.namespace, args.controlPlane, ...pullers] },
    );
    this.gatewayAddress = this.readGatewayAddress(name, cluster);
    this.hardenGateway(name, cluster);
    this.registerOutputs({ gatewayAddress: this.gatewayAddress });
  }

  /**
   * A patch of one annotation, because its outputs hold the whole Service: they wait for the address, and later
   * previews find it in the state, where a `.get` would need the cluster to answer.
   */
  private readGatewayAddress(name: string, cluster: ClusterPlan): pulumi.Output<string> | undefined {
    const { gateway } = cluster;
    if (!gateway.enabled || gateway.kind !== "chart") return undefined;
    if (gateway.addresses) return pulumi.output(gateway.addresses.join(","));
    const service = new kubernetes.core.v1.ServicePatch(
      `${name}-gateway`,
      {
        metadata: {
          name: GATEWAY_NAME,
          namespace: this.namespace.metadata.name,
          annotations: {
            "linkerd-fleet/cluster": cluster.name,
            "pulumi.com/patchFieldManager": "linkerd-fleet",
          },
        },
      },
      // When the gateway goes, its chart takes the Service away, and what is gone takes no patch back.
      { parent: this, dependsOn: [this.release], retainOnDelete: true },
    );
    return service.status.apply(loadBalancerAddress);
  }

  /**
   * The chart lets every meshed caller of every network in and has no value for it, and policies only add up: so its
   * own authentications are changed. Helm leaves alone what no chart version changes.
   */
  private hardenGateway(name: string, cluster: ClusterPlan): void {
    const { gateway } = cluster;
    if (!gateway.enabled || gateway.kind !== "chart") return;
    const { allowedNetworks, allowedIdentities } = gateway.config;
    const own = GATEWAY_AUTHENTICATIONS.chart;
    const metadata = (of: string) => ({
      name: of,
      namespace: this.namespace.metadata.name,
      annotations: {
        "pulumi.com/patchFieldManager": "linkerd-fleet",
        "pulumi.com/patchForce": "true",
      },
    });
    // Taking the patch back would leave the required field empty, which the API server refuses.
    const opts = { parent: this, dependsOn: [this.release], retainOnDelete: true };
    if (allowedNetworks) {
      const networks = allowedNetworks.map((cidr) => ({ cidr }));
      new AuthenticationPatch(
        `${name}-gateway-networks`,
        { kind: "NetworkAuthentication", metadata: metadata(own.networks), spec: { networks } },
        opts,
      );
    }
    if (allowedIdentities) {
      new AuthenticationPatch(
        `${name}-gateway-identities`,
        {
          kind: "MeshTLSAuthentication",
          metadata: metadata(own.identities),
          spec: { identities: allowedIdentities },
        },
        opts,
      );
    }
  }
}
