import type { ClusterPlan } from "../clusters/plan";
import { KEPT_BY_HELM } from "../linkerd/charts";
import type { FleetObject } from "../objects/object";
import type { Plain, Text, Values } from "../objects/values";
import type { TrustPlan } from "./plan";

export const ISSUER_SECRET = "linkerd-identity-issuer";
export const TRUST_ROOTS = "linkerd-identity-trust-roots";

/** The trust bundle, where the control plane mounts it. `bundle`: all trust anchors, in PEM. */
export function trustRoots<V extends Values = Plain>(namespace: Text<V>, bundle: Text<V>): FleetObject<V> {
  return {
    id: "trust-roots",
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: TRUST_ROOTS, namespace, annotations: KEPT_BY_HELM },
    data: { "ca-bundle.crt": bundle },
  };
}

/** In base64 of PEM. */
export interface IssuerInputs<V extends Values> extends PairInputs<V> {
  /** The anchor that signed it. */
  readonly anchor: Text<V>;
}

/** The issuer, where the control plane mounts it. */
export function issuerSecret<V extends Values = Plain>(
  { adopt }: Pick<ClusterPlan, "adopt">,
  namespace: Text<V>,
  { certificate, privateKey, anchor }: IssuerInputs<V>,
): FleetObject<V> {
  return {
    id: "issuer",
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: ISSUER_SECRET, namespace, annotations: KEPT_BY_HELM },
    // An existing Secret keeps its type, which cannot be changed: the chart creates an Opaque one. Nobody reads the
    // type.
    ...(adopt ? {} : { type: "kubernetes.io/tls" }),
    data: { "tls.crt": certificate, "tls.key": privateKey, "ca.crt": anchor },
  };
}

/** In base64 of PEM. */
export interface PairInputs<V extends Values> {
  readonly certificate: Text<V>;
  readonly privateKey: Text<V>;
}

/** The certificate of one admission webhook, in the Secret that its Deployment mounts. */
export function webhookSecret<V extends Values = Plain>(
  name: string,
  namespace: Text<V>,
  pair: PairInputs<V>,
): FleetObject<V> {
  return {
    id: "secret",
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace, annotations: KEPT_BY_HELM },
    type: "kubernetes.io/tls",
    data: { "tls.crt": pair.certificate, "tls.key": pair.privateKey },
  };
}

export interface CertManagerInputs<V extends Values> {
  /** The control plane's. */
  readonly namespace: Text<V>;
  readonly trustDomain: string;
  /** All trust anchors, in PEM. */
  readonly trustBundle: Text<V>;
  /** A ClusterIssuer of the cluster, with the key of the active anchor. */
  readonly clusterIssuer: string;
  readonly lifetime: TrustPlan["issuer"];
}

/** The common name of an issuer, which cert-manager's is. */
export function issuerName(trustDomain: string): string {
  return `identity.linkerd.${trustDomain}`;
}

/**
 * The objects from which cert-manager and trust-manager create a cluster's issuer and trust bundle. Their names are
 * Linkerd's, because the control plane mounts the results.
 */
export function certManagerObjects<V extends Values = Plain>({
  namespace,
  trustDomain,
  trustBundle,
  clusterIssuer,
  lifetime,
}: CertManagerInputs<V>): FleetObject<V>[] {
  const host = issuerName(trustDomain);
  return [
    {
      id: "certificate",
      apiVersion: "cert-manager.io/v1",
      kind: "Certificate",
      metadata: {
        name: ISSUER_SECRET,
        namespace,
        annotations: { "pulumi.com/waitFor": "condition=Ready" },
      },
      // linkerd.io, "Automatically rotating control plane TLS credentials".
      spec: {
        secretName: ISSUER_SECRET,
        issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: clusterIssuer },
        isCA: true,
        commonName: host,
        dnsNames: [host],
        duration: `${lifetime.lifetimeHours}h`,
        renewBefore: `${lifetime.renewBeforeHours}h`,
        privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
        usages: ["cert sign", "crl sign"],
      },
    },
    {
      id: "bundle",
      apiVersion: "trust.cert-manager.io/v1alpha1",
      kind: "Bundle",
      metadata: { name: TRUST_ROOTS, annotations: { "pulumi.com/waitFor": "condition=Synced" } },
      spec: {
        sources: [{ inLine: trustBundle }],
        target: {
          configMap: { key: "ca-bundle.crt" },
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        },
      },
    },
  ];
}
