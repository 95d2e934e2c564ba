import { MULTICLUSTER_NAMESPACE } from "../../fleet/config/names";
import {
  BY_POLICY,
  existing,
  lets,
  made,
  opens,
  ours,
  type Planted,
  POLICY,
  ref,
  SERVER,
  toServer,
} from "./objects";

const EVIL = "evil.evil.serviceaccount.identity.linkerd.cluster.local";
const mtls = made(`${POLICY}/v1alpha1`, "MeshTLSAuthentication");
const network = made(`${POLICY}/v1alpha1`, "NetworkAuthentication");
const serverAuthorization = made(`${POLICY}/v1beta1`, "ServerAuthorization");
const evil = mtls({ identities: [EVIL] });

/** AuthorizationPolicies and ServerAuthorizations. */
export const POLICIES: readonly Planted[] = [
  {
    what: "a policy for a `server`",
    create: [evil, lets(ref("server", SERVER), ref("MeshTLSAuthentication"))],
    found: BY_POLICY,
  },
  {
    what: "a policy for a SERVER, and a kind of authentication in small letters",
    create: [evil, lets(ref("SERVER", SERVER), ref("meshtlsauthentication"))],
    found: BY_POLICY,
  },
  {
    what: "a policy for a Server whose name is spelt otherwise",
    create: [evil, lets(ref("Server", SERVER.toUpperCase()), ref("MeshTLSAuthentication"))],
    found: { harmless: "names are compared as they are" },
  },
  {
    what: "a policy for the Namespace",
    create: [evil, lets({ kind: "Namespace", name: "shop" }, ref("MeshTLSAuthentication"))],
    found: BY_POLICY,
  },
  { what: "a policy that asks for nothing", create: [lets(toServer)], found: BY_POLICY },
  {
    what: "a policy for the whole Internet",
    create: [
      network({ networks: [{ cidr: "0.0.0.0/0" }, { cidr: "::/0" }] }),
      lets(toServer, ref("NetworkAuthentication")),
    ],
    found: BY_POLICY,
  },
  {
    what: "a policy for the Internet but private networks",
    create: [
      network({ networks: [{ cidr: "0.0.0.0/0", except: ["10.0.0.0/9"] }] }),
      lets(toServer, ref("NetworkAuthentication")),
    ],
    found: { harmless: "no caller has such an address" },
  },
  {
    what: "a policy for every identity",
    create: [mtls({ identities: ["*"] }), lets(toServer, ref("MeshTLSAuthentication"))],
    found: BY_POLICY,
  },
  {
    what: "a policy for a suffix of identities",
    create: [
      mtls({ identities: ["*.evil.serviceaccount.identity.linkerd.cluster.local"] }),
      lets(toServer, ref("MeshTLSAuthentication")),
    ],
    found: BY_POLICY,
  },
  {
    what: "a policy for a ServiceAccount",
    create: [lets(toServer, { kind: "ServiceAccount", name: "evil", namespace: "evil" })],
    found: BY_POLICY,
  },
  {
    what: "a policy for all accounts of a namespace",
    create: [
      mtls({ identityRefs: [{ kind: "Namespace", name: "evil" }] }),
      lets(toServer, ref("MeshTLSAuthentication")),
    ],
    found: BY_POLICY,
  },
  {
    what: "a policy for an authentication of another namespace",
    create: [
      mtls({ identities: [EVIL] }, { namespace: "bi" }),
      lets(toServer, ref("MeshTLSAuthentication", "planted", { namespace: "bi" })),
    ],
    found: BY_POLICY,
  },
  {
    what: "a policy for an authentication that is not there",
    create: [lets(toServer, ref("MeshTLSAuthentication"))],
    found: { harmless: "it lets in nobody" },
  },
  {
    what: "a policy for two identities at once",
    create: [evil, lets(toServer, ref("MeshTLSAuthentication"), { kind: "ServiceAccount", name: "evil" })],
    refused: /at most one/,
    found: { harmless: "Linkerd takes it for invalid" },
  },
  {
    what: "an authentication that no policy names",
    create: [evil],
    found: { harmless: "it lets in nobody by itself" },
  },
  {
    what: "our authentication, with one more identity",
    edit: [
      {
        of: existing(`${POLICY}/v1alpha1`, "MeshTLSAuthentication", `${SERVER}.callers`),
        change: { spec: { identities: [EVIL] } },
      },
    ],
    found: opens(`AuthorizationPolicy shop/${SERVER}.callers`),
  },
  {
    what: "our local network, widened",
    edit: [
      {
        of: existing(`${POLICY}/v1alpha1`, "NetworkAuthentication", "fleet.checkout.local"),
        change: { spec: { networks: [{ cidr: "0.0.0.0/0" }] } },
      },
    ],
    found: opens(`AuthorizationPolicy shop/${SERVER}.local`),
  },
  {
    // Its CRD takes no name with a dot (linkerd2 `charts/linkerd-crds/templates/policy/server-authorization.yaml`).
    what: "a ServerAuthorization by name, of the gateway",
    create: [
      serverAuthorization(
        { server: { name: "linkerd-gateway" }, client: { unauthenticated: true } },
        { namespace: MULTICLUSTER_NAMESPACE },
      ),
    ],
    found: { harmless: "a gateway forwards nothing for who has no identity" },
  },
  {
    what: "a ServerAuthorization for every Server",
    create: [serverAuthorization({ server: { selector: {} }, client: { meshTLS: { identities: ["*"] } } })],
    found: opens("ServerAuthorization shop/planted"),
  },
  {
    what: "a ServerAuthorization by a label, and our Server with that label",
    create: [
      serverAuthorization({
        server: { selector: { matchLabels: { team: "evil" } } },
        client: { unauthenticated: true },
      }),
    ],
    edit: [{ of: ours, change: { metadata: { labels: { team: "evil" } } } }],
    found: opens("ServerAuthorization shop/planted"),
  },
  {
    what: "a ServerAuthorization by a label that our Server has not",
    create: [
      serverAuthorization({
        server: { selector: { matchLabels: { team: "evil" } } },
        client: { unauthenticated: true },
      }),
    ],
    found: { harmless: "it selects no Server of ours" },
  },
];
