import { z } from "zod";

/** The fields of Kubernetes objects, as an API server returns them, that decide who can reach what. */

const text = z.string();
const texts = z
  .record(text, text)
  .nullish()
  .transform((map) => map ?? {});
const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);

/** Linkerd's own: others may hold whole objects, with what should not be kept. */
const annotations = texts.transform((all) =>
  Object.fromEntries(Object.entries(all).filter(([key]) => /^([a-z]+\.)?linkerd\.io\//.test(key))),
);

const metadata = z.object({
  name: text,
  namespace: text.default(""),
  labels: texts,
  annotations,
  creationTimestamp: text.nullish(),
});
const portRef = z.union([z.number(), text]);

/** Containers that Linkerd's injector adds. */
export const PROXY = "linkerd-proxy";
export const INIT = "linkerd-init";
const LINKERDS: ReadonlySet<string> = new Set([PROXY, INIT]);

const probe = z.object({ httpGet: z.object({ path: text.nullish(), port: portRef }).nullish() }).nullish();
const container = z
  .object({
    name: text,
    args: listOf(text),
    env: listOf(z.object({ name: text, value: text.nullish() })),
    ports: listOf(z.object({ name: text.nullish(), containerPort: z.number(), protocol: text.nullish() })),
    livenessProbe: probe,
    readinessProbe: probe,
    startupProbe: probe,
  })
  // Arguments and environment of an application are its own, and may be secret.
  .transform((of) => (LINKERDS.has(of.name) ? of : { ...of, args: [], env: [] }));
export type Container = z.infer<typeof container>;

export const pod = z.object({
  metadata,
  spec: z.object({
    serviceAccountName: text.default("default"),
    hostNetwork: z.boolean().default(false),
    containers: listOf(container),
    initContainers: listOf(container),
  }),
  status: z
    .object({
      phase: text.nullish(),
      podIP: text.nullish(),
      podIPs: listOf(z.object({ ip: text })),
      startTime: text.nullish(),
    })
    .nullish()
    .transform((status) => status ?? { podIPs: [] }),
});
export type Pod = z.infer<typeof pod>;

export const service = z.object({
  metadata,
  spec: z.object({
    selector: texts,
    clusterIP: text.nullish(),
    ports: listOf(
      z.object({
        name: text.nullish(),
        port: z.number(),
        targetPort: portRef.nullish(),
        protocol: text.nullish(),
      }),
    ),
  }),
});
export type Service = z.infer<typeof service>;

/** linkerd2 `policy-controller/k8s/api/src/labels.rs`. */
const labelSelector = z.object({
  matchLabels: texts,
  matchExpressions: listOf(z.object({ key: text, operator: text, values: z.array(text).nullish() })),
});
export type LabelSelector = z.infer<typeof labelSelector>;

/** `policy.linkerd.io/v1beta3`, linkerd2 `policy-controller/k8s/api/src/policy/server.rs`. */
export const server = z.object({
  metadata,
  spec: z.object({
    /** Absent where the Server is one of external workloads. */
    podSelector: labelSelector.nullish(),
    port: portRef,
    proxyProtocol: text.nullish(),
    accessPolicy: text.nullish(),
  }),
});
export type Server = z.infer<typeof server>;

const targetRef = z.object({
  group: text.nullish(),
  kind: text,
  name: text,
  namespace: text.nullish(),
});
export type TargetRef = z.infer<typeof targetRef>;

/** `policy.linkerd.io/v1alpha1`. */
export const authorizationPolicy = z.object({
  metadata,
  spec: z.object({ targetRef, requiredAuthenticationRefs: listOf(targetRef) }),
});
export type AuthorizationPolicy = z.infer<typeof authorizationPolicy>;

export const meshTlsAuthentication = z.object({
  metadata,
  spec: z.object({ identities: listOf(text), identityRefs: listOf(targetRef) }),
});
export type MeshTlsAuthentication = z.infer<typeof meshTlsAuthentication>;

const networks = listOf(z.object({ cidr: text, except: listOf(text) }));
export type Networks = z.infer<typeof networks>;

export const networkAuthentication = z.object({ metadata, spec: z.object({ networks }) });
export type NetworkAuthentication = z.infer<typeof networkAuthentication>;

/** `policy.linkerd.io/v1beta1`, linkerd2 `policy-controller/k8s/api/src/policy/server_authorization.rs`. */
export const serverAuthorization = z.object({
  metadata,
  spec: z.object({
    server: z.object({ name: text.nullish(), selector: labelSelector.nullish() }),
    client: z.object({
      networks,
      unauthenticated: z.boolean().nullish(),
      meshTLS: z
        .object({
          unauthenticatedTLS: z.boolean().nullish(),
          identities: listOf(text),
          serviceAccounts: listOf(z.object({ name: text, namespace: text.nullish() })),
        })
        .nullish(),
    }),
  }),
});
export type ServerAuthorization = z.infer<typeof serverAuthorization>;

const named = z.object({ type: text.nullish(), name: text, value: text });
export type NamedMatch = z.infer<typeof named>;
const parentRef = z.object({
  group: text.nullish(),
  kind: text.nullish(),
  namespace: text.nullish(),
  name: text,
  sectionName: text.nullish(),
  port: z.number().nullish(),
});
const status = z
  .object({
    parents: listOf(
      z.object({
        controllerName: text,
        parentRef: z.object({ kind: text.nullish(), name: text }),
        conditions: listOf(z.object({ type: text, status: text })),
      }),
    ),
  })
  .nullish();
/** Of others than redirects, only which kinds there are is looked at. */
const filters = listOf(
  z.object({
    type: text,
    requestRedirect: z
      .object({
        scheme: text.nullish(),
        hostname: text.nullish(),
        port: z.number().nullish(),
        path: z.object({ replaceFullPath: text.nullish(), replacePrefixMatch: text.nullish() }).nullish(),
      })
      .nullish(),
  }),
);
export type Filters = z.infer<typeof filters>;

const route = <M extends z.ZodType>(match: M) =>
  z.object({
    metadata,
    spec: z.object({
      parentRefs: listOf(parentRef),
      hostnames: listOf(text),
      rules: listOf(z.object({ matches: listOf(match), filters })),
    }),
    status,
  });

/** HTTPRoutes of `policy.linkerd.io` and of `gateway.networking.k8s.io`. */
export const httpRoute = route(
  z.object({
    path: z.object({ type: text.nullish(), value: text.nullish() }).nullish(),
    method: text.nullish(),
    headers: listOf(named),
    queryParams: listOf(named),
  }),
);
export type HttpRoute = z.infer<typeof httpRoute>;
export type HttpMatch = HttpRoute["spec"]["rules"][number]["matches"][number];

export const grpcRoute = route(
  z.object({
    method: z.object({ type: text.nullish(), service: text.nullish(), method: text.nullish() }).nullish(),
    headers: listOf(named),
  }),
);
export type GrpcRoute = z.infer<typeof grpcRoute>;
export type GrpcMatch = GrpcRoute["spec"]["rules"][number]["matches"][number];

export const namespace = z.object({ metadata });
