import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LETS_PASS } from "../../../fleet/transition/refusals";
import { Unreadable } from "../../../live/outputs";
import { isRisky, describe as tell } from "../../../ops/report/describe";
import { report } from "../../../ops/report/markdown";
import { readPreview } from "../../../ops/report/preview";
import { soundFleet } from "../../../testing/mistakes/sound";
import { good } from "../../../testing/mistakes/trust";

const FLEET = "linkerd-fleet:fleet:Fleet";
const LINK = "kubernetes:multicluster.linkerd.io/v1alpha3:Link";
const RELEASE = "kubernetes:helm.sh/v3:Release";
const AUTHENTICATION = "kubernetes:policy.linkerd.io/v1alpha1:MeshTLSAuthentication";

interface Change {
  op: string;
  type: string;
  name: string;
  before?: object;
  after?: object;
  reasons?: string[];
  cluster?: string;
}

/** The JSON of `pulumi preview --json`, as the engine writes it. */
function previewOf(changes: Change[], diagnostics: object[] = []): string {
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

const link = (source: string, target: string, op: string, state = "active"): Change => {
  const inputs = { source, target, modes: ["gateway", "flat"], state };
  return {
    op,
    type: "linkerd-fleet:link:Link",
    name: `${source}-to-${target}`,
    ...(op === "create" ? { after: inputs } : { before: inputs }),
  };
};

const addCluster = previewOf([
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

const SECRET = "kubernetes:core/v1:Secret";
const GRANT = "linkerd-fleet:service:Grant";
const WEB = "web.shop.serviceaccount.identity.linkerd.us.example.com";

const KEPT = { local: { networks: ["10.1.0.0/16"] }, localChange: "kept" };
const grant = (callers: string[], local: object = KEPT) => ({
  cluster: "us",
  namespace: "shop",
  name: "checkout",
  ports: [{ port: "http", callers }],
  ...local,
});

const access = (generation: number) => ({ source: "us", target: "eu", generation });

const rotateAccess = previewOf([
  {
    op: "update",
    type: "linkerd-fleet:access:Access",
    name: "eu-for-us",
    before: access(1),
    after: access(2),
    reasons: ["generation"],
  },
  {
    op: "update",
    type: SECRET,
    name: "us-to-eu-mirror",
    before: { data: "SECRET-OLD" },
    after: { data: "SECRET-NEW" },
    reasons: ["data"],
    cluster: "us",
  },
  {
    op: "replace",
    type: "tls:index/locallySignedCert:LocallySignedCert",
    name: "us-issuer-certificate",
    before: {},
    after: {},
    reasons: ["readyForRenewal"],
  },
]);

it("a fleet with secrets of its own is read from a preview, which blinds them", () => {
  const sections = soundFleet();
  sections.trust.anchors[0] = {
    id: "own",
    state: "active",
    certificate: good.pem,
    privateKey: { secret: "root" },
  };
  sections.clusters.eu.kubeconfig = { secret: "eu" };
  const values = Object.entries(sections).map(([key, value]) => [
    `linkerd-fleet:${key}`,
    JSON.stringify(value),
  ]);
  const config = {
    ...Object.fromEntries(values),
    "linkerd-fleet:root": "[secret]",
    "linkerd-fleet:eu": "[secret]",
  };
  expect(readPreview(JSON.stringify({ ...JSON.parse(previewOf([])), config })).after).toBeDefined();
});

describe("the report of a preview", () => {
  it("tells the change first, both directions of a link as one, and then every resource in one order", () => {
    expect(report(readPreview(addCluster), "dev")).toBe(`## Fleet preview: dev

**Clusters**
- latam is added

**Links**
- latam ↔ us (gateway, flat) is added

**Services that cross**
- shop/checkout of latam crosses from now on (federated)

<details><summary>All 6 resources: 5 added, 1 changed</summary>

\`\`\`diff
+ Cluster latam
+ ExportedService latam-shop-checkout
+ Link latam-to-us
~ Release us-multicluster-release [values]
+ Link us-to-latam
+ Link us-to-latam-link
\`\`\`

</details>
`);
  });

  it("shows a message of a cluster or a provider as plain words, whatever it holds", () => {
    const message = [
      "error: <img src=x> | **bold** | [link](https://example.com) ![p](https://example.com/p.png) @octocat #1 &lt;",
      "```",
      "</details> # and `code @octocat` and ``a` @org/team",
      "# heading",
      "    - item\r1. item",
    ].join("\n");
    const text = report(readPreview(previewOf([], [{ severity: "error", message }])), "a`b<i>");
    expect(text).toContain("## Fleet preview: a\\`b&lt;i\\>\n");
    expect(text).toContain(
      [
        "- error: &lt;img src=x\\> \\| \\*\\*bold\\*\\* \\| \\[link\\](https://example.com) " +
          "!\\[p\\](https://example.com/p.png) @\u200boctocat #\u200b1 &amp;lt; (the preview fails)",
        "  \\`\\`\\`",
        "  &lt;/details\\> # and `code @octocat` and \\`\\`a\\` @\u200borg/team",
        "  \\# heading",
        "  \\- item",
        "  1\\. item",
      ].join("\n"),
    );
  });

  it("lets no name of a resource end the block in which it stands", () => {
    const name = "x\n```\n</details> @octocat";
    const text = report(
      readPreview(previewOf([{ op: "create", type: RELEASE, name, cluster: "us" }])),
      "dev",
    );
    expect(text).toContain("````diff\n+ Release x ``` </details> @octocat\n````\n\n</details>");
  });

  it("stops for a gateway that forwards to every Service, the chart's or Emissary's, and tells one that is closed", () => {
    const key = "config.linkerd.io/proxy-additional-env";
    const told = JSON.stringify([{ name: "LINKERD2_PROXY_INBOUND_GATEWAY_SUFFIXES", value: "a.b.svc.x." }]);
    const annotations = (limited: boolean) => (limited ? { [key]: told } : {});
    const chart = (limited: boolean) => ({
      values: { gateway: { enabled: true, deploymentAnnotations: annotations(limited) } },
    });
    const emissary = (limited: boolean) => ({
      metadata: { name: "emissary" },
      spec: {
        template: {
          metadata: { annotations: { "config.linkerd.io/enable-gateway": "true", ...annotations(limited) } },
        },
      },
    });
    const PATCH = "kubernetes:apps/v1:DeploymentPatch";
    const linesOf = (type: string, after: object, before?: object) =>
      tell(
        readPreview(
          previewOf([
            {
              op: before ? "update" : "create",
              type,
              name: "g",
              cluster: "us",
              after,
              ...(before && { before }),
            },
          ]),
        ),
      ).flatMap(({ title, lines }) => (title === "Services that cross" ? lines : []));
    const open = {
      text: "the gateway of us forwards to every Service of its cluster (`reach: any`)",
      why: "other clusters reach also what is not exported",
    };
    for (const [type, gateway] of [
      [RELEASE, chart],
      [PATCH, emissary],
    ] as const) {
      expect(linesOf(type, gateway(false))).toEqual([open]);
      expect(linesOf(type, gateway(false), gateway(true))).toEqual([open]);
      expect(linesOf(type, gateway(false), gateway(false))).toEqual([]);
      expect(linesOf(type, gateway(true))).toEqual([]);
      expect(linesOf(type, gateway(true), gateway(false))).toEqual([
        { text: "the gateway of us forwards only to the declared services from now on" },
      ]);
    }
    expect(linesOf(RELEASE, { values: { gateway: { enabled: false } } })).toEqual([]);
  });

  it("names what is rotated and shows no value", () => {
    const text = report(readPreview(rotateAccess), "dev");
    expect(text).toContain("- access of us to eu is rotated (generation 1 → 2); its old token holds until");
    expect(text).toContain("- certificate us-issuer-certificate is renewed");
    expect(text).not.toContain("SECRET");
  });

  it("tells of a new issuer once: by its certificate where this stack signs, else by its Secret", () => {
    const issuer = (reasons: string[]): Change => ({
      ...{ op: "update", type: SECRET, name: "us-linkerd-issuer", cluster: "us", reasons },
      after: { metadata: { name: "linkerd-identity-issuer" }, data: "[secret]" },
    });
    const certificate = (op: string): Change => ({
      ...{ op, type: "tls:index/locallySignedCert:LocallySignedCert", name: "us-issuer-certificate" },
    });
    const told = (...changes: Change[]) =>
      tell(readPreview(previewOf(changes))).flatMap(({ lines }) => lines.map(({ text }) => text));
    const given = "the issuer of us is replaced by one that is given or that another stack signs";
    expect(told(issuer(["data"]))).toEqual([given]);
    expect(told(issuer(["data"]), certificate("delete"))).toEqual([given]);
    expect(told(issuer(["metadata"]))).toEqual([]);
    expect(told(issuer(["data"]), certificate("replace"))).toEqual([
      "certificate us-issuer-certificate is renewed",
    ]);
  });

  it("tells that an old token goes, and of an access that goes only that", () => {
    const token = (name: string) => ({ op: "delete", type: SECRET, name, cluster: "eu" });
    const json = previewOf([
      token("eu-for-us-token"),
      token("eu-for-apac-token-2"),
      { op: "delete", type: "linkerd-fleet:access:Access", name: "eu-for-apac", before: access(2) },
    ]);
    expect(tell(readPreview(json))).toEqual([
      {
        title: "Credentials and certificates",
        lines: [
          { text: "access of us to eu is revoked" },
          { text: "the old token of access eu-for-us is revoked" },
        ],
      },
    ]);
  });

  it("tells which Deployments restart, once for all clusters", () => {
    const restart = (cluster: string) => ({
      op: "create",
      type: "kubernetes:apps/v1:DeploymentPatch",
      name: `${cluster}-destination-restart`,
      after: { metadata: { name: "linkerd-destination" } },
      cluster,
    });
    expect(tell(readPreview(previewOf([restart("eu"), restart("us")])))).toEqual([
      { title: "Restarts", lines: [{ text: "linkerd-destination of eu, us" }] },
    ]);
  });

  it("tells which selected workloads restart, and for what; one that leaves the state restarts no more", () => {
    const restart = (op: string, kind: string, name: string, cluster: string) => ({
      ...{ op, cluster, type: `kubernetes:apps/v1:${kind}Patch`, name: `${cluster}-${name}` },
      [op === "delete" ? "before" : "after"]: {
        metadata: { name, namespace: "shop" },
        spec: {
          template: {
            metadata: { annotations: { "linkerd-fleet/restarted-for": "anchors a; Linkerd 2026.9.1" } },
          },
        },
      },
    });
    const steps = [
      restart("create", "StatefulSet", "db", "eu"),
      restart("update", "DaemonSet", "logs", "eu"),
      restart("update", "StatefulSet", "db", "us"),
      restart("delete", "Deployment", "web", "us"),
    ];
    expect(tell(readPreview(previewOf(steps)))).toEqual([
      {
        title: "Restarts",
        lines: [
          { text: "StatefulSet shop/db of eu, us (anchors a; Linkerd 2026.9.1)" },
          { text: "DaemonSet shop/logs of eu (anchors a; Linkerd 2026.9.1)" },
        ],
      },
    ]);
  });

  it("tells a grant that is the same in several clusters once, and stops for anyone, not for a whole namespace", () => {
    const given = (cluster: string, caller: string) => ({
      op: "update",
      type: GRANT,
      name: `${cluster}-grant`,
      before: { ...grant([WEB]), cluster },
      after: { ...grant([caller, WEB]), cluster },
    });
    const namespace = "*.shop.serviceaccount.identity.linkerd.eu.example.com";
    const sections = tell(readPreview(previewOf([given("eu", namespace), given("us", namespace)])));
    expect(sections).toEqual([
      { title: "Who may call", lines: [{ text: `shop/checkout of eu, us: + ${namespace} (http)` }] },
    ]);
    expect(isRisky(tell(readPreview(previewOf([given("eu", "*")]))))).toBe(true);
  });

  it("tells a caller that may send some requests only from one that may send all", () => {
    const orders = { path: { type: "PathPrefix", value: "/orders" }, method: "GET" };
    const narrowed = {
      op: "update",
      type: GRANT,
      name: "us-grant",
      before: grant([WEB]),
      after: {
        ...grant([]),
        ports: [{ port: "http", callers: [], routes: [{ match: orders, callers: [WEB] }] }],
      },
    };
    expect(tell(readPreview(previewOf([narrowed])))[0]?.lines.map(({ text }) => text)).toEqual([
      `shop/checkout of us: + ${WEB} (http: GET /orders/*)`,
      `shop/checkout of us: − ${WEB} (http)`,
    ]);
  });

  it("says so where resources change and the fleet does not", () => {
    const values = { op: "update", type: RELEASE, name: "us-linkerd", before: {}, after: {} };
    expect(report(readPreview(previewOf([values])), "dev")).toContain("the fleet does not");
    expect(report(readPreview(previewOf([])), "dev")).toBe("## Fleet preview: dev\n\nNothing changes.\n");
  });

  it.each<[string, Change]>([
    ["an undrained link", link("us", "eu", "delete")],
    ["a replaced Helm release", { op: "replace", type: RELEASE, name: "us-linkerd-crds", cluster: "us" }],
    ["a Link made anew", { op: "replace", type: LINK, name: "us-to-eu-link", cluster: "us" }],
    [
      "a namespace that goes",
      { op: "delete", type: "kubernetes:core/v1:Namespace", name: "us-linkerd-namespace", cluster: "us" },
    ],
    [
      "a trust anchor that goes",
      { op: "delete", type: "tls:index/selfSignedCert:SelfSignedCert", name: "trust-2026-certificate" },
    ],
    [
      "a grant to anyone",
      { op: "create", type: AUTHENTICATION, name: "any", after: { spec: { identities: ["*"] } } },
    ],
  ])("makes a reviewer stop at %s", (_, change) => {
    expect(isRisky(tell(readPreview(previewOf([change]))))).toBe(true);
  });

  it("does not cry over a drained link, nor over what goes with a removed cluster", () => {
    const json = previewOf([
      link("us", "eu", "delete", "draining"),
      { op: "delete", type: LINK, name: "us-to-eu-link", cluster: "us" },
      { op: "delete", type: "linkerd-fleet:cluster:Cluster", name: "eu", before: {} },
      { op: "delete", type: RELEASE, name: "eu-linkerd-crds", cluster: "eu" },
      { op: "delete", type: "pulumi:providers:kubernetes", name: "eu" },
    ]);
    expect(isRisky(tell(readPreview(json)))).toBe(false);
  });

  it("says of a service without a grant that nobody from another cluster may call", () => {
    const closed = previewOf([{ op: "create", type: GRANT, name: "g", after: grant([]) }]);
    expect(report(readPreview(closed), "dev")).toContain(
      "shop/checkout of us: nobody from another cluster may call",
    );
  });

  describe("of callers of a service's own cluster", () => {
    const NETWORKS = ["10.1.0.0/16"];
    const none = { localChange: "closed" };
    const meshed = {
      local: { networks: NETWORKS, identities: ["*.identity.linkerd.us.example.com"] },
      localChange: "narrowed",
    };
    const named = { local: { networks: NETWORKS, identities: [WEB] }, localChange: "narrowed" };
    const linesOf = (after: object, before?: object) =>
      tell(
        readPreview(
          previewOf([
            { op: before ? "update" : "create", type: GRANT, name: "g", after, ...(before && { before }) },
          ]),
        ),
      ).flatMap(({ lines }) => lines.filter(({ text }) => text.includes("its own cluster")));
    const line = (text: string, why?: string) => ({
      text: `shop/checkout of us: ${text}`,
      ...(why && { why }),
    });
    const withPort = (of: ReturnType<typeof grant>) => ({
      ...of,
      ports: [...of.ports, { port: "admin", callers: [] }],
    });
    const CUT_OFF = line("callers of its own cluster are cut off", "local traffic stops");

    it("tells those whom a first export cuts off, and not those who keep what they had", () => {
      expect(linesOf(grant([WEB]))).toEqual([]);
      expect(linesOf(grant([WEB], { localChange: "kept" }))).toEqual([]);
      expect(linesOf(grant([WEB], none))).toEqual([CUT_OFF]);
      expect(linesOf(grant([WEB], named))).toEqual([
        line(`of its own cluster only ${WEB} may call`, "local traffic may stop"),
      ]);
      expect(linesOf(grant([WEB], { ...named, localChange: "opened" }))).toEqual([
        line(`of its own cluster ${WEB} may call, against the default policy`),
      ]);
    });

    it("tells it once, and again only of what changes", () => {
      expect(linesOf(grant([WEB], none), grant([], none))).toEqual([]);
      expect(linesOf(grant([WEB], named), grant([], named))).toEqual([]);
      expect(linesOf(withPort(grant([], none)), grant([], none))).toEqual([
        line("callers of its own cluster are cut off at port admin", "local traffic stops"),
      ]);
      expect(linesOf(grant([], none), grant([]))).toEqual([CUT_OFF]);
    });

    it("stops for fewer callers, and not for more", () => {
      const fewer = [line("other callers of its own cluster than before", "local traffic may stop")];
      const more = [line("more callers of its own cluster than before")];
      expect(linesOf(grant([], meshed), grant([]))).toEqual(fewer);
      expect(linesOf(grant([], named), grant([], meshed))).toEqual(fewer);
      expect(linesOf(grant([], meshed), grant([], named))).toEqual(more);
      expect(linesOf(grant([]), grant([], named))).toEqual(more);
      expect(linesOf(grant([], named), grant([], none))).toEqual(more);
    });
  });

  it("tells a cluster that is evacuated, and how its callers' requests are divided", () => {
    const service = { cluster: "us", namespace: "shop", name: "checkout" };
    const exported = { ...service, modes: ["flat"], evacuated: false };
    const json = previewOf([
      {
        op: "update",
        type: "linkerd-fleet:service:ExportedService",
        name: "us-shop-checkout",
        before: exported,
        after: { ...exported, evacuated: true },
      },
      {
        op: "create",
        type: "linkerd-fleet:service:TrafficRoute",
        name: "us-shop-checkout-80",
        after: { ...service, backends: [{ cluster: "eu", service: "checkout-eu", weight: 1 }] },
      },
    ]);
    expect(tell(readPreview(json))).toEqual([
      {
        title: "Services that cross",
        lines: [
          { text: "shop/checkout of us: evacuated, serves no other cluster" },
          { text: "shop/checkout of us: callers' requests not divided → eu 1" },
        ],
      },
    ]);
  });

  describe("of a service that crosses to named clusters", () => {
    const exported = {
      cluster: "us",
      namespace: "shop",
      name: "checkout",
      modes: ["flat"],
      evacuated: false,
    };
    const linesOf = (before: object, after: object, op = "update") => {
      const type = "linkerd-fleet:service:ExportedService";
      const of = (more: object) => ({ ...exported, ...more });
      const json = previewOf([
        {
          op,
          type,
          name: "us-shop-checkout",
          ...(op === "create" ? {} : { before: of(before) }),
          after: of(after),
        },
      ]);
      return tell(readPreview(json)).flatMap(({ lines }) => lines);
    };
    const why = "more clusters see it";
    const to = (...names: string[]) => ({ to: { flat: names } });

    it.each<[string, object, object, object[]]>([
      ["more", to("eu"), to("apac", "eu"), [{ text: "crosses (flat) to apac as well", why }]],
      [
        "fewer",
        to("apac", "eu"),
        to("eu"),
        [{ text: "crosses (flat) to apac no more: callers there lose it" }],
      ],
      ["all again", to("eu"), {}, [{ text: "crosses (flat) to every linked cluster, not only to eu", why }]],
      [
        "not all any more",
        {},
        to("eu"),
        [{ text: "crosses (flat) to eu only: callers in other clusters lose it" }],
      ],
      [
        "all, in another mode",
        to("eu"),
        { modes: ["gateway"] },
        [
          { text: "crosses (gateway) to every linked cluster, not only to eu", why },
          { text: "flat → gateway" },
        ],
      ],
    ])("says that they are %s, and stops for more", (_, before, after, lines) => {
      expect(linesOf(before, after)).toEqual(
        lines.map((line) => ({ ...line, text: `shop/checkout of us: ${"text" in line ? line.text : ""}` })),
      );
    });

    it("names them when it is new", () => {
      expect(linesOf({}, to("eu"), "create")).toEqual([
        { text: "shop/checkout of us crosses from now on (flat), only to eu" },
      ]);
    });

    it("tells a link of another stack's service, which only its selector knows", () => {
      const link = { source: "eu", target: "us", modes: ["flat"], state: "active" };
      const step = { op: "update", type: "linkerd-fleet:link:Link", name: "eu-to-us" };
      const selects = { selects: { flat: [{ namespace: "shop", name: "checkout" }] } };
      const lines = (...steps: Change[]) => tell(readPreview(previewOf(steps))).flatMap((of) => of.lines);
      const gains = { ...step, before: link, after: { ...link, ...selects } };
      expect(lines(gains)).toEqual([{ text: "eu → us takes shop/checkout of us as well" }]);
      expect(lines({ ...step, before: { ...link, ...selects }, after: link })).toEqual([
        { text: "eu → us does not take shop/checkout of us any more" },
      ]);
      const type = "linkerd-fleet:service:ExportedService";
      const service = {
        op: "update",
        type,
        name: "s",
        before: exported,
        after: { ...exported, ...to("eu") },
      };
      expect(lines(gains, service)).toHaveLength(1);
    });
  });

  it("tells a cluster's new state, and nothing of one that only learnt to tell it", () => {
    const cluster = (name: string, before: object, after: object) => ({
      op: "update",
      type: "linkerd-fleet:cluster:Cluster",
      name,
      before,
      after,
    });
    const json = previewOf([
      cluster("eu", { state: "active" }, { state: "draining" }),
      cluster("us", {}, { state: "active" }),
    ]);
    expect(tell(readPreview(json))).toEqual([
      { title: "Clusters", lines: [{ text: "eu: active → draining" }] },
    ]);
  });

  it.each<[string, Record<string, string>, Record<string, string>, object[]]>([
    [
      "joins",
      { "2026": "active" },
      { "2026": "active", "2027": "staged" },
      [{ text: "trust anchor 2027 joins the bundle (staged): restart the meshed pods before it signs" }],
    ],
    [
      "signs",
      { "2026": "active", "2027": "staged" },
      { "2026": "retiring", "2027": "active" },
      [
        { text: "trust anchor 2026: active → retiring" },
        { text: "trust anchor 2027 signs the issuers from now on", why: expect.any(String) },
      ],
    ],
    [
      "leaves",
      { "2026": "retiring", "2027": "active" },
      { "2027": "active" },
      [{ text: "trust anchor 2026 leaves the bundle", why: expect.any(String) }],
    ],
  ])("names a trust anchor that %s", (_, before, after, lines) => {
    const trust = {
      op: "update",
      type: "linkerd-fleet:trust:Trust",
      name: "trust",
      before: { anchors: before },
      after: { anchors: after },
    };
    const key = { op: "delete", type: "tls:index/privateKey:PrivateKey", name: "trust-2026-key" };
    expect(tell(readPreview(previewOf([trust, key])))).toEqual([{ title: "Trust", lines }]);
  });

  describe("of admission", () => {
    const admission = (cluster: string, before: object | undefined, after: object | undefined) => ({
      op: before && after ? "update" : after ? "create" : "delete",
      type: "linkerd-fleet:admission:Admission",
      name: `${cluster}-admission`,
      ...(before && { before: { cluster, ...before } }),
      ...(after && { after: { cluster, ...after } }),
    });
    const linesOf = (...changes: Change[]) =>
      tell(readPreview(previewOf(changes))).flatMap(({ lines }) => lines);
    const stop = { why: expect.any(String) };
    const enforce = { mode: "enforce" };

    it("stops where it is loosened, once for all clusters, and not where it is tightened", () => {
      const warn = { mode: "warn" };
      expect(linesOf(admission("eu", enforce, warn), admission("us", enforce, warn))).toEqual([
        { text: "admission of eu, us: enforce → warn", ...stop },
      ]);
      expect(linesOf(admission("us", warn, undefined))).toEqual([
        { text: "admission of us: warn → off", ...stop },
      ]);
      expect(linesOf(admission("us", warn, enforce))).toEqual([{ text: "admission of us: warn → enforce" }]);
      expect(linesOf(admission("us", undefined, warn))).toEqual([{ text: "admission of us: off → warn" }]);
    });

    it("stops for a new operator, not for one that goes", () => {
      const by = (...operators: string[]) => ({ mode: "enforce", operators });
      expect(linesOf(admission("us", by("user:ci"), by("user:ci", "group:sre")))).toEqual([
        { text: "admission of us: operators +group:sre", ...stop },
      ]);
      expect(linesOf(admission("us", by("user:ci", "group:sre"), by("user:ci")))).toEqual([
        { text: "admission of us: operators −group:sre" },
      ]);
      expect(linesOf(admission("us", by("user:ci"), enforce))).toEqual([
        {
          text: "admission of us: operators +whoever may change admission policies, −user:ci",
          ...stop,
        },
      ]);
    });

    it("is not told of a cluster that comes or goes with it", () => {
      const cluster = (op: string, name: string) => ({ op, type: "linkerd-fleet:cluster:Cluster", name });
      const lines = linesOf(
        cluster("create", "us"),
        admission("us", undefined, enforce),
        cluster("delete", "eu"),
        admission("eu", enforce, undefined),
      );
      expect(lines.map(({ text }) => text)).toEqual(["eu is removed", "us is added"]);
    });
  });

  it("stops where a chart value changes what gets past the mesh, and shows no other value", () => {
    const values = (cluster: string, before: object, after: object) => ({
      op: "update",
      type: RELEASE,
      name: `${cluster}-linkerd-release`,
      before: { values: { clusterDomain: "SECRET-OLD", ...before } },
      after: { values: { clusterDomain: "SECRET-NEW", ...after } },
      cluster,
    });
    const open = { proxy: { defaultInboundPolicy: "all-unauthenticated" } };
    const skip = { proxyInit: { ignoreInboundPorts: "4567,8080" } };
    const sections = tell(
      readPreview(
        previewOf([
          values("eu", { proxy: { defaultInboundPolicy: "deny" } }, open),
          values("us", { proxy: { defaultInboundPolicy: "deny" } }, open),
          values("us2", {}, skip),
          values(
            "us3",
            { gateway: { loadBalancerSourceRanges: ["10.0.0.0/8"] } },
            { gateway: { loadBalancerSourceRanges: [] } },
          ),
        ]),
      ),
    );
    const stop = { why: expect.any(String) };
    expect(sections).toEqual([
      {
        title: "Admission and default policies",
        lines: [
          { text: "proxy.defaultInboundPolicy of eu, us: deny → all-unauthenticated", ...stop },
          { text: "proxyInit.ignoreInboundPorts of us2: the chart's own → 4567,8080", ...stop },
          { text: "gateway.loadBalancerSourceRanges of us3: 10.0.0.0/8 → none", ...stop },
        ],
      },
    ]);
  });

  describe("of an audit", () => {
    const audited = { ...grant([WEB]), enforce: "audit" };
    const linesOf = (before: object | undefined, after: object) =>
      tell(
        readPreview(
          previewOf([
            { op: before ? "update" : "create", type: GRANT, name: "g", ...(before && { before }), after },
          ]),
        ),
      ).flatMap(({ lines }) => lines);
    const opens = {
      text: "shop/checkout of us: audited, so that nobody is refused",
      why: "everybody may call, with or without a grant",
    };

    it("stops where it begins, with the service or later, and speaks of nobody that it keeps out", () => {
      expect(linesOf(grant([WEB]), audited)).toEqual([opens]);
      const closed = { ...grant([], { localChange: "closed" }), enforce: "audit" };
      expect(linesOf(undefined, closed)).toEqual([opens]);
      expect(linesOf(audited, audited)).toEqual([]);
    });

    it("stops where it ends, and says whom that keeps out", () => {
      const denies = {
        text: "shop/checkout of us: denies from now on whoever has no grant",
        why: "callers whom the audit let in are refused: compare its count first",
      };
      expect(linesOf(audited, grant([WEB]))).toEqual([denies]);
      expect(
        linesOf(
          { ...grant([], { localChange: "closed" }), enforce: "audit" },
          grant([], { localChange: "closed" }),
        ),
      ).toEqual([
        denies,
        { text: "shop/checkout of us: nobody from another cluster may call" },
        { text: "shop/checkout of us: callers of its own cluster are cut off", why: "local traffic stops" },
      ]);
    });
  });

  it("tells the networks of a gateway, and stops where they are the whole Internet", () => {
    const networks = (...cidrs: string[]) => ({ spec: { networks: cidrs.map((cidr) => ({ cidr })) } });
    const change = (before: object, after: object) => ({
      op: "update",
      type: "kubernetes:policy.linkerd.io/v1alpha1:NetworkAuthenticationPatch",
      name: "us-multicluster-gateway-networks",
      before,
      after,
      cluster: "us",
    });
    const linesOf = (of: Change) => tell(readPreview(previewOf([of]))).flatMap(({ lines }) => lines);
    const line = "NetworkAuthenticationPatch us-multicluster-gateway-networks changes in us: ";
    expect(linesOf(change(networks("192.0.2.0/24"), networks("0.0.0.0/0")))).toEqual([
      { text: `${line}+0.0.0.0/0, −192.0.2.0/24`, why: "it takes callers of the whole Internet" },
    ]);
    expect(linesOf(change(networks("0.0.0.0/0"), networks("192.0.2.0/24")))).toEqual([
      { text: `${line}+192.0.2.0/24, −0.0.0.0/0` },
    ]);
  });

  it("shows what to stop for, however much else there is to tell", () => {
    const closed = Array.from({ length: 20 }, (_, at) => ({
      op: "create",
      type: GRANT,
      name: `g${at}`,
      after: { ...grant([]), name: `s${at}` },
    }));
    const open = { op: "create", type: GRANT, name: "z", after: { ...grant(["*"]), name: "z" } };
    const text = report(readPreview(previewOf([...closed, open])), "dev");
    expect(text).toContain("- shop/z of us: + \\* (http) (anyone in the mesh may call)\n");
    expect(text).toContain("- … and 9 more");
  });

  it("shows the rules that fired, once each", () => {
    const violation = { severity: "error", message: "<{%reset%}>remove-undrained-link: us → eu<{%reset%}>" };
    const text = report(readPreview(previewOf([], [violation, violation])), "dev");
    expect(text.match(/remove-undrained-link: us → eu/g)).toHaveLength(1);
  });

  it("stops for a preview that fails and for what allowUnsafe lets pass, not for another warning", () => {
    const message = (severity: string, text: string) =>
      tell(readPreview(previewOf([], [{ severity, message: text }])));
    expect(message("error", "This step is not safe.\n  rename-cluster: eu")).toEqual([
      {
        title: "Rules that fired",
        lines: [{ text: "This step is not safe.\n  rename-cluster: eu", why: "the preview fails" }],
      },
    ]);
    expect(
      report(readPreview(previewOf([], [{ severity: "error", message: "Not safe.\n  eu" }])), "dev"),
    ).toContain("- Not safe. (the preview fails)\n  eu\n");
    expect(isRisky(message("warning", `${LETS_PASS} rename-cluster: eu`))).toBe(true);
    expect(isRisky(message("warning", "allowUnsafe: nothing is in the way of rename-cluster any more"))).toBe(
      false,
    );
    expect(message("info", "no news")).toEqual([]);
  });

  it("reads the engine's stream of events alike, with the rules that fired", () => {
    const { steps } = JSON.parse(addCluster) as { steps: Record<string, unknown>[] };
    const violation = {
      policyName: "no-any-identity",
      enforcementLevel: "mandatory",
      message: "<{%reset%}>anyone may call\nName the callers.",
    };
    const events: object[] = [
      { preludeEvent: { config: {} } },
      ...steps.map(({ oldState = null, newState = null, diffReasons, ...step }) => ({
        resourcePreEvent: { metadata: { ...step, old: oldState, new: newState, diffs: diffReasons } },
      })),
      { diagnosticEvent: { severity: "info", message: "no news" } },
      { policyEvent: violation },
      { policyEvent: { ...violation, policyName: "chart-source", enforcementLevel: "advisory" } },
    ];
    const stream = (of: object[]) => of.map((event) => `${JSON.stringify(event)}\n`).join("");
    const preview = readPreview(stream([...events, { cancelEvent: {} }]));
    expect(preview.steps).toEqual(readPreview(addCluster).steps);
    expect(tell(preview)[0]).toEqual({
      title: "Rules that fired",
      lines: [
        { text: "no-any-identity: anyone may call", why: "the engine refuses it" },
        { text: "chart-source: anyone may call" },
      ],
    });
    expect(() => readPreview(stream(events))).toThrow(/cut short/);
    expect(() => readPreview(stream(events).slice(0, -5))).toThrow(/cut short/);
  });

  it("refuses a preview that was cut short, and anything that is not a preview", () => {
    expect(() => readPreview(addCluster.slice(0, 200))).toThrow(Unreadable);
    expect(() => readPreview("error: no stack selected")).toThrow(/cut short/);
    expect(() => readPreview("{}")).toThrow(/list of steps/);
  });
});

describe("fleet report", () => {
  const run = (input: string, ...args: string[]) =>
    spawnSync(process.execPath, [join("ops", "fleet.cjs"), "report", ...args], {
      input,
      encoding: "utf8",
    });

  it("ends with 0 for a plain preview, 1 for a risky one when asked to, 3 for an unreadable one", () => {
    expect(run(addCluster, "--fail-on", "risky").status).toBe(0);
    const risky = previewOf([link("us", "eu", "delete")]);
    expect(run(risky).status).toBe(0);
    expect(run(risky, "--fail-on", "risky").status).toBe(1);
    const refused = previewOf([], [{ severity: "error", message: "rename-cluster: eu, now europe" }]);
    expect(run(refused, "--fail-on", "risky").status).toBe(1);
    const unreadable = run("{");
    expect(unreadable.status).toBe(3);
    expect(unreadable.stderr).not.toContain("    at ");
  });
});

describe("a default that is newer than a service", () => {
  const preview = (services: object[], last: object[] | undefined): string => {
    const sections = { ...soundFleet(), services };
    const config = Object.entries(sections).map(([key, value]) => [`linkerd-fleet:${key}`, value]);
    const before = last && { oldState: { inputs: {}, outputs: { services: last } } };
    const urn = "urn:pulumi:dev::linkerd-fleet::pulumi:pulumi:Stack::linkerd-fleet-dev";
    return JSON.stringify({
      config: Object.fromEntries(config.map(([key, value]) => [key, JSON.stringify(value)])),
      steps: [{ op: "same", urn, ...before, diffReasons: null }],
      diagnostics: [],
    });
  };
  const older = {
    namespace: "shop",
    name: "checkout",
    modes: ["federated"],
    clusters: ["us", "eu"],
    callers: [],
  };
  const { services } = soundFleet();

  it("is told of the service, and of no other", () => {
    const told = report(readPreview(preview(services, [older])), "dev");
    expect(told).toContain("shop/checkout: callers go on calling members that fail");
    expect(isRisky(tell(readPreview(preview(services, [older]))))).toBe(false);
    const said = services.map((one: object) => ({ ...one, failureAccrual: { mode: "none" } }));
    for (const [file, last] of [
      [services, undefined],
      [services, [{ ...older, accrual: "default" }]],
      [said, [older]],
    ] as const) {
      expect(readPreview(preview([...file], last && [...last])).withoutAccrual).toEqual([]);
    }
  });
});

describe("CRDs of the Gateway API", () => {
  const crd = (op: string, plural: string, cluster: string, before?: string, after?: string): Change => {
    const of = (version: string) => ({
      metadata: { annotations: { "linkerd-fleet/gateway-api": version } },
    });
    return {
      ...{ op, type: "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", cluster },
      name: `${cluster}-gateway-api-${plural}`,
      ...(before && { before: of(before) }),
      ...(after && { after: of(after) }),
    };
  };

  it("are one line for each step of their version, which names the clusters", () => {
    const preview = previewOf([
      ...["httproutes", "grpcroutes"].map((plural) => crd("create", plural, "us", undefined, "1.2.1")),
      crd("create", "httproutes", "eu", undefined, "1.2.1"),
      crd("update", "httproutes", "ap", "1.2.1", "1.4.0"),
      crd("delete", "httproutes", "sa", "1.2.1"),
    ]);
    const versions = tell(readPreview(preview)).find(({ title }) => title === "Versions");
    expect(versions?.lines.map(({ text }) => text)).toEqual([
      "Gateway API 1.2.1 → 1.4.0: ap",
      "Gateway API 1.2.1: eu, us",
      "Gateway API 1.2.1 is left as it is: sa",
    ]);
  });
});
