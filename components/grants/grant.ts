import * as pulumi from "@pulumi/pulumi";
import { type CallersResources, grantResources, type Named } from "../../fleet/grants/objects";
import type { GrantPlan } from "../../fleet/grants/plan";
import {
  AuthorizationPolicy,
  HttpRoute,
  MeshTLSAuthentication,
  NetworkAuthentication,
  Server,
} from "./policyResources";

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
    const { local, probes, ports } = grantResources(grant);
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
    if (probes) new NetworkAuthentication(`${name}-probe-networks`, labelled(probes), child);
    const letIn = (of: string, callers: CallersResources | undefined) => {
      if (!callers) return [];
      new MeshTLSAuthentication(`${of}-identities`, labelled(callers.identities), child);
      return [new AuthorizationPolicy(`${of}-callers`, labelled(callers.policy), child)];
    };
    for (const { port, server, callers, local: localPolicy, routes } of ports) {
      letIn(`${name}-${port}`, callers);
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
      const earlier: pulumi.Resource[] = [];
      for (const { id, route, callers, probes: probesPolicy } of routes) {
        const own = `${name}-${port}-${id}`;
        const policies = letIn(own, callers);
        if (probesPolicy) {
          policies.push(new AuthorizationPolicy(`${own}-probes`, labelled(probesPolicy), child));
        }
        const dependsOn = [args.controlPlane, ...policies, ...earlier.slice(0, 1)];
        earlier.push(new HttpRoute(own, labelled(route), { ...child, dependsOn }));
      }
    }
    this.registerOutputs({});
  }
}
