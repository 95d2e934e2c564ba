import type { BundleSpec, CertificateSpec } from "./certManager";
import type { HostSpec, MappingSpec, ModuleSpec } from "./emissary";
import type { TrafficRouteSpec } from "./gatewayApi";
import type {
  AdmissionBindingSpec,
  AdmissionPolicySpec,
  NetworkPolicySpec,
  PodAnnotations,
  PolicyRule,
  RoleRef,
  ServicePort,
  Subject,
} from "./kubernetes";
import type { PodMonitorSpec, PrometheusRuleSpec } from "./monitoring";
import type { LinkSpec } from "./multicluster";
import type {
  AuthorizationPolicySpec,
  HttpRouteSpec,
  MeshTLSAuthenticationSpec,
  NetworkAuthenticationSpec,
  ServerSpec,
} from "./policy";
import type { Text, Values } from "./values";

/** Contents of an object of each kind besides its metadata, by `<apiVersion> <kind>`. */
export interface Kinds<V extends Values> {
  readonly "v1 ConfigMap": { readonly data: Readonly<Record<string, Text<V>>> };
  readonly "v1 Namespace": unknown;
  readonly "v1 Secret": { readonly type?: string; readonly data?: Readonly<Record<string, Text<V>>> };
  readonly "v1 ServiceAccount": { readonly automountServiceAccountToken: boolean };
  readonly "rbac.authorization.k8s.io/v1 ClusterRole": { readonly rules: PolicyRule[] };
  readonly "rbac.authorization.k8s.io/v1 ClusterRoleBinding": {
    readonly roleRef: RoleRef<V>;
    readonly subjects: Subject<V>[];
  };
  readonly "admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy": {
    readonly spec: AdmissionPolicySpec;
  };
  readonly "admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding": {
    readonly spec: AdmissionBindingSpec<V>;
  };
  readonly "multicluster.linkerd.io/v1alpha3 Link": { readonly spec: LinkSpec<Text<V>> };
  readonly "networking.k8s.io/v1 NetworkPolicy": { readonly spec: NetworkPolicySpec };
  readonly "policy.linkerd.io/v1beta3 Server": { readonly spec: ServerSpec<V> };
  readonly "policy.linkerd.io/v1beta3 HTTPRoute": { readonly spec: HttpRouteSpec };
  readonly "policy.linkerd.io/v1alpha1 AuthorizationPolicy": { readonly spec: AuthorizationPolicySpec };
  readonly "policy.linkerd.io/v1alpha1 MeshTLSAuthentication": { readonly spec: MeshTLSAuthenticationSpec };
  readonly "policy.linkerd.io/v1alpha1 NetworkAuthentication": { readonly spec: NetworkAuthenticationSpec };
  readonly "gateway.networking.k8s.io/v1 HTTPRoute": { readonly spec: TrafficRouteSpec };
  readonly "getambassador.io/v3alpha1 Module": { readonly spec: ModuleSpec };
  readonly "getambassador.io/v3alpha1 Host": { readonly spec: HostSpec };
  readonly "getambassador.io/v3alpha1 Mapping": { readonly spec: MappingSpec };
  readonly "monitoring.coreos.com/v1 PodMonitor": { readonly spec: PodMonitorSpec };
  readonly "monitoring.coreos.com/v1 PrometheusRule": { readonly spec: PrometheusRuleSpec };
  readonly "cert-manager.io/v1 Certificate": { readonly spec: CertificateSpec };
  readonly "trust.cert-manager.io/v1alpha1 Bundle": { readonly spec: BundleSpec<V> };
}

/** Which fields of other people's objects the fleet writes, besides labels and annotations. */
export interface Patches<V extends Values> {
  readonly "v1 Namespace": unknown;
  readonly "v1 Service": { readonly spec?: { readonly ports: ServicePort[] } };
  readonly "apps/v1 Deployment": { readonly spec: { readonly template: PodAnnotations } };
  readonly "apps/v1 StatefulSet": { readonly spec: { readonly template: PodAnnotations } };
  readonly "apps/v1 DaemonSet": { readonly spec: { readonly template: PodAnnotations } };
  readonly "policy.linkerd.io/v1alpha1 MeshTLSAuthentication": Kinds<V>["policy.linkerd.io/v1alpha1 MeshTLSAuthentication"];
  readonly "policy.linkerd.io/v1alpha1 NetworkAuthentication": Kinds<V>["policy.linkerd.io/v1alpha1 NetworkAuthentication"];
}

type Kind = keyof Kinds<Values> | keyof Patches<Values>;

/** The last part of each kind's path in the API. A kind that is not listed here cannot be made. */
const RESOURCES: Readonly<Record<Kind, string>> = {
  "v1 ConfigMap": "configmaps",
  "v1 Namespace": "namespaces",
  "v1 Secret": "secrets",
  "v1 Service": "services",
  "v1 ServiceAccount": "serviceaccounts",
  "apps/v1 Deployment": "deployments",
  "apps/v1 StatefulSet": "statefulsets",
  "apps/v1 DaemonSet": "daemonsets",
  "rbac.authorization.k8s.io/v1 ClusterRole": "clusterroles",
  "rbac.authorization.k8s.io/v1 ClusterRoleBinding": "clusterrolebindings",
  "admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy": "validatingadmissionpolicies",
  "admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
  "multicluster.linkerd.io/v1alpha3 Link": "links",
  "networking.k8s.io/v1 NetworkPolicy": "networkpolicies",
  "policy.linkerd.io/v1beta3 Server": "servers",
  "policy.linkerd.io/v1beta3 HTTPRoute": "httproutes",
  "policy.linkerd.io/v1alpha1 AuthorizationPolicy": "authorizationpolicies",
  "policy.linkerd.io/v1alpha1 MeshTLSAuthentication": "meshtlsauthentications",
  "policy.linkerd.io/v1alpha1 NetworkAuthentication": "networkauthentications",
  "gateway.networking.k8s.io/v1 HTTPRoute": "httproutes",
  "getambassador.io/v3alpha1 Module": "modules",
  "getambassador.io/v3alpha1 Host": "hosts",
  "getambassador.io/v3alpha1 Mapping": "mappings",
  "monitoring.coreos.com/v1 PodMonitor": "podmonitors",
  "monitoring.coreos.com/v1 PrometheusRule": "prometheusrules",
  "cert-manager.io/v1 Certificate": "certificates",
  "trust.cert-manager.io/v1alpha1 Bundle": "bundles",
};

/** `<apiVersion> <kind>` of every kind that the program makes or patches. */
export const KIND_NAMES = Object.keys(RESOURCES) as readonly Kind[];

/** `/api/v1/secrets`, `/apis/apps/v1/deployments`: where the API has all objects of the kind, of all namespaces. */
export function collectionOf({
  apiVersion,
  kind,
}: {
  readonly apiVersion: string;
  readonly kind: string;
}): string {
  const resource: string | undefined = RESOURCES[`${apiVersion} ${kind}` as Kind];
  return `${apiVersion.includes("/") ? "/apis" : "/api"}/${apiVersion}/${resource}`;
}

/** Where the API has the objects of one namespace; of the whole cluster where there is none. */
export function pathIn(collection: string, namespace: string | undefined): string {
  if (namespace === undefined) return collection;
  const at = collection.lastIndexOf("/");
  return `${collection.slice(0, at)}/namespaces/${namespace}${collection.slice(at)}`;
}
