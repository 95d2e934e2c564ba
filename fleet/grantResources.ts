import type { GrantPlan, PortGrant } from "./grants";
import { GRANT_PREFIX } from "./names";
import type {
  AuthenticationRef,
  AuthorizationPolicySpec,
  MeshTLSAuthenticationSpec,
  NetworkAuthenticationSpec,
  ServerSpec,
} from "./policyResources";

export interface Named<Spec> {
  readonly name: string;
  readonly spec: Spec;
}

/** The policy resources of one grant, all in the namespace of its service. */
export interface GrantResources {
  /** What every caller of the cluster itself must satisfy; absent where there are no such callers. */
  readonly local?: {
    readonly networks: Named<NetworkAuthenticationSpec>;
    readonly identities?: Named<MeshTLSAuthenticationSpec>;
  };
  readonly ports: readonly PortResources[];
}

export interface PortResources {
  readonly port: PortGrant["port"];
  /** Lacks the labels of the pods, which the Service may have to say. */
  readonly server: Named<Omit<ServerSpec<never>, "podSelector">>;
  /** Absent where nobody of another cluster may call. */
  readonly callers?: {
    readonly identities: Named<MeshTLSAuthenticationSpec>;
    readonly policy: Named<AuthorizationPolicySpec>;
  };
  readonly local?: Named<AuthorizationPolicySpec>;
}

/** Names of Services and ports hold no dots, so no two names are alike. */
export function grantResources({ name, protocol, local, ports }: GrantPlan): GrantResources {
  const own = `${GRANT_PREFIX}${name}`;
  const localName = `${own}.local`;
  const localRefs: AuthenticationRef[] = [
    ref("NetworkAuthentication", localName),
    ...(local?.identities ? [ref("MeshTLSAuthentication", localName)] : []),
  ];
  return {
    ...(local && {
      local: {
        networks: { name: localName, spec: { networks: local.networks.map((cidr) => ({ cidr })) } },
        ...(local.identities && {
          identities: { name: localName, spec: { identities: [...local.identities] } },
        }),
      },
    }),
    ports: ports.map(({ port, callers }) => {
      const server = `${own}.${port}`;
      const letIn = (who: string, requiredAuthenticationRefs: AuthenticationRef[]) => ({
        name: `${server}.${who}`,
        spec: {
          targetRef: { group: "policy.linkerd.io", kind: "Server", name: server } as const,
          requiredAuthenticationRefs,
        },
      });
      return {
        port,
        server: { name: server, spec: { port, proxyProtocol: protocol, accessPolicy: "deny" } },
        ...(callers.length > 0 && {
          callers: {
            identities: { name: `${server}.callers`, spec: { identities: [...callers] } },
            policy: letIn("callers", [ref("MeshTLSAuthentication", `${server}.callers`)]),
          },
        }),
        ...(local && { local: letIn("local", localRefs) }),
      };
    }),
  };
}

function ref(kind: AuthenticationRef["kind"], name: string): AuthenticationRef {
  return { group: "policy.linkerd.io", kind, name };
}
