import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../../fleet/clusters/plan";
import { GATEWAY_NAME, MULTICLUSTER_NAMESPACE } from "../../fleet/config/names";
import { GATEWAY_AUTHENTICATIONS, withoutAddress } from "../../fleet/gateways/plan";
import { multiclusterValues } from "../../fleet/linkerd/values";
import { type EmissaryGateway, emissaryService } from "../gateways/emissaryGateway";
import { loadBalancerAddress } from "../gateways/loadBalancerAddress";
import { AuthenticationPatch } from "../grants/policyResources";
import { chartRelease } from "./chart";
import { extensionNamespace } from "./extensionNamespace";
import { pullSecrets } from "./pullSecrets";

export interface MulticlusterArgs {
  readonly cluster: ClusterPlan;
  /** The control plane's release: pods created before its injector runs would have no proxy. */
  readonly controlPlane: pulumi.Resource;
  /** Carries the links in place of the chart's gateway. */
  readonly emissary?: EmissaryGateway;
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
  /** Addresses of the gateway, separated by commas; `undefined` without one. */
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
    const emissary = this.emissaryService(name, args);
    const pullers = pullSecrets(name, { ...args, namespace }, child);
    this.release = chartRelease(
      `${name}-release`,
      {
        namespace: MULTICLUSTER_NAMESPACE,
        chart: cluster.install.multicluster,
        values: multiclusterValues(cluster),
        timeoutSeconds: cluster.install.timeoutSeconds,
      },
      {
        ...child,
        dependsOn: [this.namespace, args.controlPlane, ...pullers, ...(emissary ? [emissary] : [])],
      },
    );
    this.gatewayAddress = this.readGatewayAddress(cluster, emissary ?? this.chartService(name, cluster));
    this.hardenGateway(name, cluster);
    this.registerOutputs({ gatewayAddress: this.gatewayAddress });
  }

  /**
   * In the state it is the same resource as the chart's: with `--continue-on-error` the engine would delete one that is
   * no longer there also when the Links that still refer to it are skipped, and then refuse its own state.
   */
  private emissaryService(
    name: string,
    { cluster, emissary }: MulticlusterArgs,
  ): kubernetes.core.v1.ServicePatch | undefined {
    const { gateway } = cluster;
    if (!emissary || !gateway.enabled || gateway.kind !== "emissary") return undefined;
    return new kubernetes.core.v1.ServicePatch(`${name}-gateway`, emissaryService(gateway), {
      parent: this,
      dependsOn: [...emissary.policies],
      aliases: [{ name: `${cluster.name}-emissary-service`, parent: emissary }],
    });
  }

  /**
   * A patch of one annotation, because its outputs hold the whole Service: they wait for the address, and later
   * previews find it in the state, where a `.get` would need the cluster to answer.
   */
  private chartService(
    name: string,
    { name: cluster, gateway }: ClusterPlan,
  ): kubernetes.core.v1.ServicePatch | undefined {
    if (!gateway.enabled || gateway.addresses) return undefined;
    return new kubernetes.core.v1.ServicePatch(
      `${name}-gateway`,
      {
        metadata: {
          name: GATEWAY_NAME,
          namespace: this.namespace.metadata.name,
          annotations: {
            "linkerd-fleet/cluster": cluster,
            "pulumi.com/patchFieldManager": "linkerd-fleet",
          },
        },
      },
      // When the gateway goes, its chart takes the Service away, and what is gone takes no patch back.
      { parent: this, dependsOn: [this.release], retainOnDelete: true },
    );
  }

  private readGatewayAddress(
    { name, gateway }: ClusterPlan,
    service: kubernetes.core.v1.ServicePatch | undefined,
  ): pulumi.Output<string> | undefined {
    if (gateway.enabled && gateway.addresses) return pulumi.output(gateway.addresses.join(","));
    if (!gateway.enabled || !service) return undefined;
    return pulumi.all([service.spec, service.status]).apply(([spec, status]) => {
      const wrong =
        gateway.kind === "emissary" ? withoutAddress(name, gateway.config, spec?.type) : undefined;
      if (wrong !== undefined) throw new pulumi.RunError(wrong);
      return loadBalancerAddress(status);
    });
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
