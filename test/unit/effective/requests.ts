import type { MeshSettings } from "../../../fleet/effective/cluster";
import { decide, type Request, type Verdict } from "../../../fleet/effective/inbound";
import { clusterOf, identity, meshedPod, type Raw } from "../../../testing/effective";

export const GET = { method: "GET", path: "/orders" } satisfies Request;
export const WEB = { identity: identity("web"), address: "10.2.0.9" };
export const UNMESHED = { address: "10.2.0.9" };

/** What becomes of a request to port 8080 of the one pod of a cluster. */
export function ask(
  raw: Raw,
  client: { identity?: string; address?: string } = UNMESHED,
  request: Request = GET,
  { port = 8080, mesh = {} }: { port?: number; mesh?: Partial<MeshSettings> } = {},
): Verdict {
  const cluster = clusterOf({ pods: [meshedPod("web")], ...raw }, mesh);
  const [pod] = cluster.pods;
  if (!pod) throw new Error("no pod");
  return decide(cluster, pod, port, client, request);
}

export const meta = (name: string, rest: object = {}) => ({ name, namespace: "shop", ...rest });
export const server = (name = "web", spec: object = {}, metadata: object = {}) => ({
  metadata: meta(name, { creationTimestamp: "2026-01-02T00:00:00Z", ...metadata }),
  spec: { podSelector: { matchLabels: { app: "web" } }, port: 8080, accessPolicy: "deny", ...spec },
});
export const policy = (target: object, refs: object[], name = "let-in") => ({
  metadata: meta(name),
  spec: { targetRef: target, requiredAuthenticationRefs: refs },
});
export const TO_SERVER = { group: "policy.linkerd.io", kind: "Server", name: "web" };
export const mtls = (name: string, identities: string[], rest: object = {}) => ({
  metadata: meta(name),
  spec: { identities, ...rest },
});
export const needs = (kind: string, name: string, namespace?: string) => ({
  group: "policy.linkerd.io",
  kind,
  name,
  ...(namespace ? { namespace } : {}),
});
/** A Server that lets in `web` of namespace shop only. */
export const closed = (rest: Raw = {}): Raw => ({
  servers: [server()],
  authorizationPolicies: [policy(TO_SERVER, [needs("MeshTLSAuthentication", "web")])],
  meshTlsAuthentications: [mtls("web", [identity("web")])],
  ...rest,
});
