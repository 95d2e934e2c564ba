/** An object as somebody applies it. */
export interface Applied {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Something that somebody does in the cluster `eu` of the fleet of `meshStackFile`. */
export interface Planted {
  readonly what: string;
  readonly create?: readonly Applied[];
  /** What is created was there before the fleet's own Server of `checkout`. */
  readonly older?: true;
  /** JSON merge patches of what is there. */
  readonly edit?: readonly {
    readonly of: Pick<Applied, "apiVersion" | "kind" | "metadata">;
    readonly change: object;
  }[];
  /** What API servers say of it, where CRDs and webhooks refuse it. */
  readonly refused?: RegExp;
  /** What a finding of `verify` says, or why there is none. */
  readonly found: RegExp | { readonly harmless: string };
}

export const POLICY = "policy.linkerd.io";
export const SERVER = "fleet.checkout.http";

export function made(apiVersion: string, kind: string) {
  return (
    spec: object,
    { name = "planted", namespace = "shop", ...more }: Partial<Applied["metadata"]> = {},
  ): Applied => ({
    ...{ apiVersion, kind, metadata: { name, namespace, ...more } },
    spec,
  });
}
export const server = made(`${POLICY}/v1beta3`, "Server");

export const ref = (kind: string, name = "planted", more: object = {}) => ({
  group: POLICY,
  kind,
  name,
  ...more,
});
export const lets = (targetRef: object, ...requiredAuthenticationRefs: object[]) =>
  made(`${POLICY}/v1alpha1`, "AuthorizationPolicy")({ targetRef, requiredAuthenticationRefs });
export const toServer = ref("Server", SERVER);
export const existing = (apiVersion: string, kind: string, name: string, namespace = "shop") => ({
  ...{ apiVersion, kind, metadata: { name, namespace } },
});
export const ours = existing(`${POLICY}/v1beta3`, "Server", SERVER);

export const service = made("v1", "Service");
export const PORTS = { ports: [{ name: "http", port: 80 }] };

interface PodChange {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly namespace?: string;
  readonly ports?: readonly object[];
  readonly proxy?: boolean;
  readonly spec?: object;
}

/** One more pod, as the injector leaves it, behind `checkout` by default. */
export function pod({
  labels = { app: "checkout" },
  annotations = {},
  namespace = "shop",
  proxy = true,
  ...more
}: PodChange): Applied {
  const ports = more.ports ?? [{ name: "http", containerPort: 8080 }];
  const container = (name: string, of: readonly object[]) => ({ name, image: `${name}:demo`, ports: of });
  const inbound = [{ name: "linkerd-proxy", containerPort: 4143 }];
  return {
    ...{ apiVersion: "v1", kind: "Pod" },
    metadata: {
      ...{ name: "planted", namespace, labels },
      annotations: { ...(proxy ? {} : { "linkerd.io/inject": "disabled" }), ...annotations },
    },
    spec: {
      containers: [container("app", ports), ...(proxy ? [container("linkerd-proxy", inbound)] : [])],
      ...more.spec,
    },
    status: { phase: "Running", podIP: "10.2.0.77" },
  };
}
export const opens = (object: string) => new RegExp(`port http lets in .*nothing declares them.*${object}`);
export const closes = (object: string) => new RegExp(`port http keeps out .*who are declared.*${object}`);
export const BY_POLICY = opens("AuthorizationPolicy shop/planted");
export const BY_POD = opens("Pod shop/planted");
