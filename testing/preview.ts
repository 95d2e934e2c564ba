const FLEET = "linkerd-fleet:fleet:Fleet";
export const LINK = "kubernetes:multicluster.linkerd.io/v1alpha3:Link";
export const RELEASE = "kubernetes:helm.sh/v3:Release";
export const AUTHENTICATION = "kubernetes:policy.linkerd.io/v1alpha1:MeshTLSAuthentication";

export interface Change {
  op: string;
  type: string;
  name: string;
  before?: object;
  after?: object;
  reasons?: string[];
  cluster?: string;
}

/** The JSON of `pulumi preview --json`, as the engine writes it. */
export function previewOf(changes: Change[], diagnostics: object[] = []): string {
  const steps = changes.map(({ op, type, name, before, after, reasons, cluster }) => ({
    op,
    urn: `urn:pulumi:dev::linkerd-fleet::${FLEET}$${type}::${name}`,
    ...(cluster && {
      provider: `urn:pulumi:dev::linkerd-fleet::${FLEET}$pulumi:providers:kubernetes::${cluster}::id`,
    }),
    ...(before && { oldState: { inputs: before, outputs: { planted: "SECRET-OUTPUT" } } }),
    ...(after && { newState: { inputs: after } }),
    diffReasons: reasons ?? null,
  }));
  return JSON.stringify({
    config: { planted: "SECRET-CONFIG" },
    steps,
    diagnostics,
    duration: 1,
    changeSummary: {},
  });
}

export const link = (source: string, target: string, op: string, state = "active"): Change => {
  const inputs = { source, target, modes: ["gateway", "flat"], state };
  return {
    op,
    type: "linkerd-fleet:link:Link",
    name: `${source}-to-${target}`,
    ...(op === "create" ? { after: inputs } : { before: inputs }),
  };
};

export const addCluster = previewOf([
  { op: "create", type: "linkerd-fleet:cluster:Cluster", name: "latam", after: {} },
  link("latam", "us", "create"),
  link("us", "latam", "create"),
  {
    op: "create",
    type: LINK,
    name: "us-to-latam-link",
    after: { spec: { targetClusterName: "latam" } },
    cluster: "us",
  },
  {
    op: "create",
    type: "linkerd-fleet:service:ExportedService",
    name: "latam-shop-checkout",
    after: { cluster: "latam", namespace: "shop", name: "checkout", modes: ["federated"] },
  },
  {
    op: "update",
    type: RELEASE,
    name: "us-multicluster-release",
    before: { version: "2026.8.3" },
    after: { version: "2026.8.3" },
    reasons: ["values"],
    cluster: "us",
  },
  { op: "same", type: "linkerd-fleet:cluster:Cluster", name: "us", before: {}, after: {} },
]);

export const SECRET = "kubernetes:core/v1:Secret";
export const GRANT = "linkerd-fleet:service:Grant";
export const WEB = "web.shop.serviceaccount.identity.linkerd.us.example.com";

const KEPT = { local: { networks: ["10.1.0.0/16"] }, localChange: "kept" };
export const grant = (callers: string[], local: object = KEPT) => ({
  cluster: "us",
  namespace: "shop",
  name: "checkout",
  ports: [{ port: "http", callers }],
  ...local,
});
