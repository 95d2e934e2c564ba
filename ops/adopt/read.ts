import { z } from "zod";
import { MULTICLUSTER_NAMESPACE, TOKEN_TYPE } from "../../fleet/config/names";
import { joinBundle, splitBundle } from "../../fleet/trust/bundle";
import type { LiveCluster, Read } from "../../live/cluster";
import { Unreadable } from "../../live/outputs";
import { configMap, linkerdValues, plain, release, secret } from "../../live/shapes";

/** The Linkerd that one cluster has, as far as adopting it needs to know. Public: no key is kept. */
export interface Existing {
  readonly cluster: string;
  /** PEM of each trust anchor. */
  readonly anchors: readonly string[];
  /** PEM of the identity issuer. */
  readonly issuer: string;
  readonly clusterDomain: string;
  readonly trustDomain: string;
  /** Name of the Helm release of each chart that has one. */
  readonly releases: Readonly<Record<string, { readonly release: string; readonly version: string }>>;
  /** ServiceAccounts with tokens for other clusters. */
  readonly accesses: readonly string[];
  readonly links: readonly string[];
}

const settings = z.object({
  clusterDomain: z.string().default("cluster.local"),
  identityTrustDomain: z.string().default(""),
});

/** `namespace`: that of the control plane. Throws `Unreadable`. */
export async function readExisting(cluster: LiveCluster, namespace: string): Promise<Existing> {
  const core = `/api/v1/namespaces/${namespace}`;
  const [roots, issuer, config, ours, extension, links] = await Promise.all([
    cluster.get(`${core}/configmaps/linkerd-identity-trust-roots`, configMap),
    cluster.get(`${core}/secrets/linkerd-identity-issuer`, secret),
    cluster.get(`${core}/configmaps/linkerd-config`, configMap),
    cluster.list(`${core}/secrets`, secret),
    cluster.list(`/api/v1/namespaces/${MULTICLUSTER_NAMESPACE}/secrets`, secret),
    cluster.list(`/apis/multicluster.linkerd.io/v1alpha3/namespaces/${MULTICLUSTER_NAMESPACE}/links`, plain),
  ]);
  const found = <T>(what: string, read: Read<T>): T => {
    if (read.state === "found") return read.value;
    const why = read.state === "missing" ? "it is not there: is Linkerd installed?" : read.message;
    throw new Unreadable(`${cluster.name}: ${what} in namespace ${namespace} cannot be read: ${why}`);
  };
  const { data } = found("Secret linkerd-identity-issuer", issuer);
  const certificate = data["crt.pem"] ?? data["tls.crt"] ?? "";
  const { success, data: values } = settings.safeParse(
    linkerdValues(found("ConfigMap linkerd-config", config)),
  );
  if (!success) {
    throw new Unreadable(
      `${cluster.name}: the ConfigMap linkerd-config in namespace ${namespace} holds no values of the chart.`,
    );
  }
  const releases = [...found("Secrets", ours), ...(extension.state === "found" ? extension.value : [])]
    .filter(({ metadata: { labels } }) => labels.owner === "helm" && labels.status === "deployed")
    .map((one) => release.parse(one));
  return {
    cluster: cluster.name,
    anchors: splitBundle(found("ConfigMap linkerd-identity-trust-roots", roots).data["ca-bundle.crt"] ?? ""),
    issuer: joinBundle([Buffer.from(certificate, "base64").toString("utf8")]),
    clusterDomain: values.clusterDomain,
    trustDomain: values.identityTrustDomain || values.clusterDomain,
    releases: Object.fromEntries(
      releases.map(({ name, chart, chartName }) => [chartName, { release: name, version: chart }]),
    ),
    accesses: (extension.state === "found" ? extension.value : [])
      .filter(({ type, metadata: { labels } }) => type === TOKEN_TYPE && !labels["linkerd-fleet/source"])
      .flatMap(({ metadata: { annotations } }) => annotations["kubernetes.io/service-account.name"] ?? [])
      .sort(),
    links: links.state === "found" ? links.value.map((link) => link.metadata.name).sort() : [],
  };
}
