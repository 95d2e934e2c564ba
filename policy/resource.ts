import type { PolicyResource, ResourceValidationArgs } from "@pulumi/policy";
import { PreviewValue } from "./previewValue";

/** A resource as the rules see it. */
export interface Resource {
  /** As in `kubernetes:core/v1:Secret`. */
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  /** Logical name of its Kubernetes provider, which is the cluster's. */
  readonly cluster: string | undefined;
  readonly isProtected: boolean;
  readonly properties: PreviewValue;
}

/** `note` is told of each unknown that a rule asks about. */
export function resourceOf(
  judged: ResourceValidationArgs | PolicyResource,
  note: (unknown: string) => void = () => {},
): Resource {
  const { type, name, urn, opts, provider } = judged;
  return {
    type,
    name,
    urn,
    cluster: provider?.name,
    isProtected: opts.protect,
    properties: PreviewValue.of(judged.props, (path) => note(`${name}: ${path}`)),
  };
}

/** `metadata.name` and `metadata.namespace`. */
export function objectName({ properties }: Resource): string | undefined {
  return properties.at("metadata", "name").text;
}

export function objectNamespace({ properties }: Resource): string | undefined {
  return properties.at("metadata", "namespace").text;
}

export const LINK = /^kubernetes:multicluster\.linkerd\.io\/[^:]+:Link$/;
export const SECRET = /^kubernetes:core\/v1:Secret$/;
export const CONFIG_MAP = /^kubernetes:core\/v1:ConfigMap$/;
export const SERVICE = /^kubernetes:core\/v1:Service(Patch)?$/;
export const ROLE = /^kubernetes:rbac\.authorization\.k8s\.io\/[^:]+:(Cluster)?Role(Patch)?$/;
export const ROLE_BINDING = /^kubernetes:rbac\.authorization\.k8s\.io\/[^:]+:(Cluster)?RoleBinding(Patch)?$/;
export const SERVER = /^kubernetes:policy\.linkerd\.io\/[^:]+:Server(Patch)?$/;
export const HTTP_ROUTE = /^kubernetes:policy\.linkerd\.io\/[^:]+:HTTPRoute(Patch)?$/;
export const AUTHORIZATION_POLICY = /^kubernetes:policy\.linkerd\.io\/[^:]+:AuthorizationPolicy(Patch)?$/;
export const MESH_TLS = /^kubernetes:policy\.linkerd\.io\/[^:]+:MeshTLSAuthentication(Patch)?$/;
export const NETWORK = /^kubernetes:policy\.linkerd\.io\/[^:]+:NetworkAuthentication(Patch)?$/;
export const SERVER_AUTHORIZATION = /^kubernetes:policy\.linkerd\.io\/[^:]+:ServerAuthorization(Patch)?$/;
export const DEPLOYMENT = /^kubernetes:apps\/[^:]+:Deployment(Patch)?$/;
export const RELEASE = /^kubernetes:helm\.sh\/v\d+:Release$/;
export const CRD = /^kubernetes:apiextensions\.k8s\.io\/[^:]+:CustomResourceDefinition(Patch)?$/;
export const PROVIDER = /^pulumi:providers:kubernetes$/;
export const PRIVATE_KEY = /^tls:index\/privateKey:PrivateKey$/;
export const CERTIFICATE = /^tls:index\/(selfSignedCert:SelfSignedCert|locallySignedCert:LocallySignedCert)$/;
export const STACK = /^pulumi:pulumi:Stack$/;

/** Which of Linkerd's charts a release is of, in either channel and from whatever source. */
export function chartOf({
  type,
  properties,
}: Resource): "crds" | "control-plane" | "multicluster" | undefined {
  if (!RELEASE.test(type)) return undefined;
  const name = /linkerd-(?:enterprise-)?(crds|control-plane|multicluster)(?:-[\d.]+[^/]*\.tgz)?$/;
  const chart = name.exec(properties.at("chart").text ?? "")?.[1];
  return chart === "crds" || chart === "control-plane" || chart === "multicluster" ? chart : undefined;
}
