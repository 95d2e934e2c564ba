import { createHash } from "node:crypto";
import { GRANT_PREFIX, PROBES } from "../config/names";
import type { GrantPlan, PortGrant } from "./plan";
import type {
  AuthenticationRef,
  AuthorizationPolicySpec,
  HttpRouteSpec,
  MeshTLSAuthenticationSpec,
  NetworkAuthenticationSpec,
  PolicyTarget,
  ServerSpec,
} from "./policyObjects";
import { decideRoutes, matchWords } from "./routes";
import type { HttpMatch } from "./schema";

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
  /** Where probes come from; absent where none needs a route. */
  readonly probes?: Named<NetworkAuthenticationSpec>;
  readonly ports: readonly PortResources[];
}

export interface PortResources {
  readonly port: PortGrant["port"];
  /** Lacks the labels of the pods, which the Service may have to say. */
  readonly server: Named<Omit<ServerSpec<never>, "podSelector">>;
  /** Absent where nobody of another cluster may call. */
  readonly callers?: CallersResources;
  readonly local?: Named<AuthorizationPolicySpec>;
  /** None where nobody is limited to some requests. The first takes what is left, and must be there before the others. */
  readonly routes: readonly RouteResources[];
}

export interface CallersResources {
  readonly identities: Named<MeshTLSAuthenticationSpec>;
  readonly policy: Named<AuthorizationPolicySpec>;
}

/** Whoever may call the Server may send the requests of its routes as well. */
export interface RouteResources {
  /** Of this route among those of its port. */
  readonly id: string;
  readonly route: Named<HttpRouteSpec>;
  readonly callers?: CallersResources;
  readonly probes?: Named<AuthorizationPolicySpec>;
}

/** Names of Services and ports hold no dots, so no two names are alike. */
export function grantResources({ name, protocol, local, ports, probes = [] }: GrantPlan): GrantResources {
  const own = `${GRANT_PREFIX}${name}`;
  const localName = `${own}.local`;
  const localRefs: AuthenticationRef[] = [
    ref("NetworkAuthentication", localName),
    ...(local?.identities ? [ref("MeshTLSAuthentication", localName)] : []),
  ];
  const probesName = `${own}${PROBES}`;
  return {
    ...(local && {
      local: {
        networks: { name: localName, spec: { networks: local.networks.map((cidr) => ({ cidr })) } },
        ...(local.identities && {
          identities: { name: localName, spec: { identities: [...local.identities] } },
        }),
      },
    }),
    ...(probes.length > 0 &&
      ports.some(({ routes }) => routes) && { probes: { name: probesName, spec: { networks: ANYWHERE } } }),
    ports: ports.map(({ port, callers, routes }) => {
      const server = target("Server", `${own}.${port}`);
      return {
        port,
        server: { name: server.name, spec: { port, proxyProtocol: protocol, accessPolicy: "deny" } },
        ...letInCallers(server, callers),
        ...(local && { local: letIn(server, "local", localRefs) }),
        routes: (routes ? decideRoutes(routes, probes) : []).map(({ match, callers, probe }) => {
          const id = routeId(match);
          const route = target("HTTPRoute", `${server.name}.${id}`);
          return {
            id,
            route: { name: route.name, spec: { parentRefs: [server], rules: [{ matches: [match] }] } },
            ...letInCallers(route, callers),
            ...(probe && { probes: letIn(route, "probes", [ref("NetworkAuthentication", probesName)]) }),
          };
        }),
      };
    }),
  };
}

/** `policyController.probeNetworks` of the chart linkerd-control-plane: a kubelet may have any address. */
const ANYWHERE = [{ cidr: "0.0.0.0/0" }, { cidr: "::/0" }];

function letInCallers(of: PolicyTarget, callers: readonly string[]): { callers?: CallersResources } {
  if (callers.length === 0) return {};
  const name = `${of.name}.callers`;
  return {
    callers: {
      identities: { name, spec: { identities: [...callers] } },
      policy: letIn(of, "callers", [ref("MeshTLSAuthentication", name)]),
    },
  };
}

function letIn(
  targetRef: PolicyTarget,
  who: string,
  requiredAuthenticationRefs: AuthenticationRef[],
): Named<AuthorizationPolicySpec> {
  return { name: `${targetRef.name}.${who}`, spec: { targetRef, requiredAuthenticationRefs } };
}

function target(kind: PolicyTarget["kind"], name: string): PolicyTarget {
  return { group: "policy.linkerd.io", kind, name };
}

/** Readable, and one for each match: paths hold more than a name may. */
function routeId(match: HttpMatch): string {
  const words = matchWords(match);
  const readable =
    words
      .toLowerCase()
      .match(/[a-z0-9]+/g)
      ?.join("-")
      .slice(0, 40)
      .replace(/-$/, "") ?? "any";
  return `${readable}.${createHash("sha256").update(words).digest("hex").slice(0, 8)}`;
}

function ref(kind: AuthenticationRef["kind"], name: string): AuthenticationRef {
  return { group: "policy.linkerd.io", kind, name };
}
