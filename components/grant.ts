import * as pulumi from "@pulumi/pulumi";
import type { GrantPlan } from "../fleet/grants";
import type { AuthenticationRef } from "../fleet/policyResources";
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
    // Names of Services and ports hold no dots, so no two of these names are alike.
    const own = `fleet.${grant.name}`;
    const metadata = (of: string) => ({
      name: of,
      namespace: grant.namespace,
      labels: { "linkerd-fleet/service": grant.name },
    });

    const local: AuthenticationRef[] = [];
    if (grant.local) {
      const { networks, identities } = grant.local;
      local.push(ref("NetworkAuthentication", `${own}.local`));
      new NetworkAuthentication(
        `${name}-local-networks`,
        { metadata: metadata(`${own}.local`), spec: { networks: networks.map((cidr) => ({ cidr })) } },
        child,
      );
      if (identities) {
        local.push(ref("MeshTLSAuthentication", `${own}.local`));
        new MeshTLSAuthentication(
          `${name}-local-identities`,
          { metadata: metadata(`${own}.local`), spec: { identities: [...identities] } },
          child,
        );
      }
    }
    for (const { port, callers } of grant.ports) {
      const server = `${own}.${port}`;
      const letIn = (who: "callers" | "local", requiredAuthenticationRefs: AuthenticationRef[]) =>
        new AuthorizationPolicy(
          `${name}-${port}-${who}`,
          {
            metadata: metadata(`${server}.${who}`),
            spec: {
              targetRef: { group: "policy.linkerd.io", kind: "Server", name: server },
              requiredAuthenticationRefs,
            },
          },
          child,
        );
      if (callers.length > 0) {
        new MeshTLSAuthentication(
          `${name}-${port}-identities`,
          { metadata: metadata(`${server}.callers`), spec: { identities: [...callers] } },
          child,
        );
        letIn("callers", [ref("MeshTLSAuthentication", `${server}.callers`)]);
      }
      const policies = local.length > 0 ? [letIn("local", local)] : [];
      new Server(
        `${name}-${port}`,
        {
          metadata: metadata(server),
          spec: {
            podSelector: { matchLabels: args.selector },
            port,
            proxyProtocol: grant.protocol,
            accessPolicy: "deny",
          },
        },
        // From its first moment it denies whom no policy lets in: the local callers keep what they had.
        { ...child, dependsOn: [args.controlPlane, ...policies] },
      );
    }
    this.registerOutputs({});
  }
}

function ref(kind: AuthenticationRef["kind"], name: string): AuthenticationRef {
  return { group: "policy.linkerd.io", kind, name };
}
