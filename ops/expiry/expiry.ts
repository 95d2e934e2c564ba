import type { X509Certificate } from "node:crypto";
import { WEBHOOKS } from "../../fleet/linkerd/values";
import { EXPIRY_METRIC } from "../../fleet/observability/alerts";
import type { OpenFleet } from "../../live/fleet";
import type { Token } from "../../live/shapes";
import { entry, named, readCertificates } from "../verify/certificates";
import type { Member } from "../verify/read";

/** Something of a fleet that ends. */
export interface Expiring {
  readonly kind: "trust-anchor" | "issuer" | "webhook" | "cluster-ca" | "access";
  /** Empty for what is the whole fleet's. */
  readonly cluster: string;
  readonly name: string;
  readonly ends: Date;
  readonly renewal: string;
}

export const EXPIRY_FACTS = ["tlsSecrets", "clusterCa", "agingTokens"] as const;
type ExpiryMember = Member<(typeof EXPIRY_FACTS)[number]>;

export const DAY_MS = 86_400_000;
const RENEWED = "`pulumi up`, by itself";

/** Everything that ends, soonest first, and which clusters did not say all. */
export function expiring(
  { plan, outputs }: Pick<OpenFleet, "plan" | "outputs">,
  members: ReadonlyMap<string, ExpiryMember>,
): { readonly items: Expiring[]; readonly unread: string[] } {
  const anchors = (readCertificates(outputs.trustBundle) ?? []).map((certificate, at) =>
    item(
      "trust-anchor",
      "",
      outputs.plan.anchors[at]?.id ?? String(at + 1),
      certificate,
      "rotation, in steps",
    ),
  );
  const { from } = plan.trust;
  const signed = from === undefined ? RENEWED : `\`pulumi up\` in the stack ${from}, then in this one`;
  const items = [...members].flatMap(([cluster, { cluster: planned, found }]) => {
    const secrets = found.tlsSecrets.state === "found" ? found.tlsSecrets.value : [];
    const certificate = (name: string) => readCertificates(entry(named(secrets, name), "tls.crt"))?.[0];
    const ca = found.clusterCa.state === "found" ? found.clusterCa.value.data["ca.crt"] : undefined;
    const linked = plan.links.some(({ target }) => target === cluster);
    const tokens = found.agingTokens.state === "found" ? found.agingTokens.value : [];
    return [
      item("issuer", cluster, "linkerd-identity-issuer", certificate("linkerd-identity-issuer"), signed),
      ...WEBHOOKS.map(({ service, secret }) =>
        item("webhook", cluster, service, certificate(secret), RENEWED),
      ),
      // The credentials of the links to a cluster trust it.
      ...(linked ? (readCertificates(planned.ca ?? ca) ?? []) : []).map((authority, at) =>
        item("cluster-ca", cluster, `ca-${at + 1}`, authority, "whoever runs the cluster"),
      ),
      ...plan.accesses
        .filter(({ target }) => target === cluster)
        .map(({ serviceAccount }) => oldAccess(cluster, serviceAccount, tokens, plan.maxTokenAge)),
    ];
  });
  const unread = [...members].flatMap(([cluster, { found }]) =>
    EXPIRY_FACTS.flatMap((part) => {
      const read = found[part];
      return read.state === "failed" ? [`${cluster}: ${read.message}`] : [];
    }),
  );
  const known = [...anchors, ...items].filter((one) => one !== undefined);
  return { items: known.sort((a, b) => a.ends.getTime() - b.ends.getTime()), unread: [...new Set(unread)] };
}

function item(
  kind: Expiring["kind"],
  cluster: string,
  name: string,
  certificate: X509Certificate | undefined,
  renewal: string,
): Expiring | undefined {
  return certificate && { kind, cluster, name, ends: certificate.validToDate, renewal };
}

/**
 * Its tokens never end. The newest is the one in use, or will be in a moment: `access.maxAge` (days) counts from it.
 */
function oldAccess(
  cluster: string,
  serviceAccount: string,
  tokens: readonly Token[],
  maxAge: number | undefined,
): Expiring | undefined {
  const created = tokens
    .filter(({ metadata }) => metadata.annotations["kubernetes.io/service-account.name"] === serviceAccount)
    .map(({ metadata }) => Date.parse(metadata.creationTimestamp));
  if (maxAge === undefined || created.length === 0) return undefined;
  const ends = new Date(Math.max(...created) + maxAge * DAY_MS);
  return { kind: "access", cluster, name: serviceAccount, ends, renewal: "rotation, by its generation" };
}

/** Prometheus' text format, for the node exporter's text files, a push gateway or any collector. */
export function prometheus(items: readonly Expiring[]): string {
  const lines = items.map(({ kind, cluster, name, ends }) => {
    const labels = Object.entries({ kind, cluster, name }).map(
      ([key, value]) => `${key}=${JSON.stringify(value)}`,
    );
    return `${EXPIRY_METRIC}{${labels.join(",")}} ${ends.getTime() / 1000}`;
  });
  return [
    `# HELP ${EXPIRY_METRIC} When a certificate of the fleet ends or a token is too old, in seconds since 1970.`,
    `# TYPE ${EXPIRY_METRIC} gauge`,
    ...lines,
    "",
  ].join("\n");
}
