import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import { z } from "zod";
import { MULTICLUSTER_NAMESPACE } from "../fleet/config/names";

/** What is read of Kubernetes objects, and no more: the rest is dropped as it comes in. */

const text = z.string();
const texts = z.record(text, text).default({});

const metadata = z.object({
  name: text,
  namespace: text.default(""),
  labels: texts,
  annotations: texts,
});
export type Metadata = z.infer<typeof metadata>;

export const version = z.object({ gitVersion: text });

/** Kinds that a group serves in one version. */
export const served = z.object({ resources: z.array(z.object({ name: text })) });

export const plain = z.object({ metadata });
export type Plain = z.infer<typeof plain>;

export const configMap = z.object({ data: texts });

/** The chart's values in the ConfigMap `linkerd-config`; `undefined` where what it holds is no YAML. */
export function linkerdValues({ data }: z.infer<typeof configMap>): unknown {
  try {
    return parse(data.values ?? "{}");
  } catch {
    return undefined;
  }
}

export const secret = z.object({ metadata, type: text, data: texts });
export type Secret = z.infer<typeof secret>;

/** A token of a ServiceAccount; empty until the cluster has signed it. */
export const token = z.object({
  metadata: metadata.extend({ creationTimestamp: text }),
  data: z.object({ token: text.default("") }).default({ token: "" }),
});
export type Token = z.infer<typeof token>;

export const deployment = z.object({
  metadata,
  spec: z.object({
    replicas: z.number().default(1),
    selector: z.object({ matchLabels: texts }).default({ matchLabels: {} }),
    template: z.object({ metadata: z.object({ annotations: texts }).default({ annotations: {} }) }),
  }),
  status: z.object({ availableReplicas: z.number().default(0) }).default({ availableReplicas: 0 }),
});
export type LiveDeployment = z.infer<typeof deployment>;

export const service = z.object({
  metadata,
  spec: z.object({
    type: text.optional(),
    selector: texts,
    ports: z
      .array(
        z.object({
          name: text.exactOptional(),
          port: z.number(),
          protocol: text.exactOptional(),
          nodePort: z.number().optional(),
        }),
      )
      .default([]),
  }),
  status: z
    .object({
      loadBalancer: z
        .object({
          ingress: z.array(z.object({ ip: text.optional(), hostname: text.optional() })).default([]),
        })
        .default({ ingress: [] }),
    })
    .default({ loadBalancer: { ingress: [] } }),
});
export type Service = z.infer<typeof service>;

/** Whether there are addresses is looked at, and which of them name a pod of a headless service. */
const addresses = z.array(z.object({ hostname: text.optional() })).default([]);
export const endpoints = z.object({
  metadata,
  subsets: z.array(z.object({ addresses, notReadyAddresses: addresses })).default([]),
});
export type Endpoints = z.infer<typeof endpoints>;

export const rule = z.object({
  verbs: z.array(text),
  apiGroups: z.array(text).default([]),
  resources: z.array(text).default([]),
  resourceNames: z.array(text).optional(),
});
export const role = z.object({ metadata, rules: z.array(rule).nullish() });

export const binding = z.object({
  metadata,
  roleRef: z.object({ kind: text, name: text }),
  subjects: z
    .array(z.object({ kind: text, name: text, namespace: text.optional() }))
    .nullish()
    .transform((subjects) => subjects ?? []),
});
export type Binding = z.infer<typeof binding>;

export const webhook = z.object({
  webhooks: z.array(z.object({ clientConfig: z.object({ caBundle: text.optional() }) })),
});

export const lease = z.object({
  metadata,
  spec: z.object({
    holderIdentity: text.nullish(),
    leaseDurationSeconds: z.number().nullish(),
    renewTime: text.nullish(),
  }),
});

const crossed = z.object({
  remoteRef: z.object({ name: text, namespace: text }),
  conditions: z
    .array(z.object({ type: text, status: text, reason: text.default(""), message: text.default("") }))
    .default([]),
});
export type Crossed = z.infer<typeof crossed>;
export const link = z.object({
  metadata,
  spec: z.record(text, z.unknown()),
  status: z
    .object({
      mirrorServices: z.array(crossed).default([]),
      federatedServices: z.array(crossed).default([]),
    })
    .optional(),
});

/** Any custom resource whose spec is only compared. */
export const custom = z.object({ metadata, spec: z.record(text, z.unknown()) });

/** What Helm keeps of a release in a Secret: base64 of base64 of gzip of JSON (helm `pkg/storage/driver/util.go`). */
export const release = z
  .object({
    data: z.object({
      release: text.transform((packed, context): unknown => {
        try {
          const archive = Buffer.from(Buffer.from(packed, "base64").toString("latin1"), "base64");
          return JSON.parse(gunzipSync(archive).toString("utf8"));
        } catch {
          context.addIssue("is no Helm release");
          return z.NEVER;
        }
      }),
    }),
  })
  .transform(({ data }) => data.release)
  .pipe(
    z.object({
      name: text,
      namespace: text,
      version: z.number(),
      info: z.object({ status: text }),
      chart: z.object({ metadata: z.object({ name: text, version: text }) }),
      config: z
        .record(text, z.unknown())
        .nullish()
        .transform((config) => config ?? {}),
    }),
  )
  .transform(({ name, namespace, version, info, chart, config }) => ({
    ...{ name, namespace, status: info.status, values: config },
    chart: chart.metadata.version,
    chartName: chart.metadata.name,
    revision: version,
  }));
export type Release = z.infer<typeof release>;

/** Where the Links of all namespaces are listed. */
export const LINKS = "/apis/multicluster.linkerd.io/v1alpha3/links";
/** Of any Link, also one that somebody else wrote. */
export const linkTarget = z.object({ spec: z.object({ targetClusterName: text }) });
/** Where service mirrors keep their Leases. */
export const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${MULTICLUSTER_NAMESPACE}/leases`;
