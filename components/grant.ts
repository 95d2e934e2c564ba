import * as pulumi from "@pulumi/pulumi";
import { grantResources, type Named } from "../fleet/grantResources";
import type { GrantPlan } from "../fleet/grants";
import { AuthorizationPolicy, MeshTLSAuthentication, NetworkAuthentication, Server } from "./policyResources";

export interface GrantArgs {
  readonly grant: GrantPlan;
  /** Labels of the service's pods. */
  readonly selector: pulumi.Input<Record<string, string>>;
  /** The CRDs come with its release, and it validates policy resources. */
  readonly controlPlane: pulumi.Resource;
}

/** Who may call one exported service: closes each of its ports, then lets in the named callers and the local ones. */
export class Grant extends pulumi.ComponentResource {
  constructor(name: string, args: GrantArgs, opts?: pulumi.ComponentResourceOptions) {
    const { grant } = args;
    super("linkerd-fleet:service:Grant", name, { ...grant }, opts);
    const child = { parent: this, dependsOn: [args.controlPlane] };
    const { local, ports } = grantResources(grant);
    const labelled = <Spec>(of: Named<Spec>) => ({
      metadata: {
        name: of.name,
        namespace: grant.namespace,
        labels: { "linkerd-fleet/service": grant.name },
      },
      spec: of.spec,
    });

    if (local) {
      new NetworkAuthentication(`${name}-local-networks`, labelled(local.networks), child);
      if (local.identities) {
        new MeshTLSAuthentication(`${name}-local-identities`, labelled(local.identities), child);
      }
    }
    for (const { port, server, callers, local: localPolicy } of ports) {
      if (callers) {
        new MeshTLSAuthentication(`${name}-${port}-identities`, labelled(callers.identities), child);
        new AuthorizationPolicy(`${name}-${port}-callers`, labelled(callers.policy), child);
      }
      const policies = localPolicy
        ? [new AuthorizationPolicy(`${name}-${port}-local`, labelled(localPolicy), child)]
        : [];
      const spec = { podSelector: { matchLabels: args.selector }, ...server.spec };
      new Server(
        `${name}-${port}`,
        labelled({ name: server.name, spec }),
        // From its first moment it denies whom no policy lets in: the local callers keep what they had.
        { ...child, dependsOn: [args.controlPlane, ...policies] },
      );
    }
    this.registerOutputs({});
  }
}
