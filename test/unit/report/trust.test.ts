import { describe, expect, it } from "vitest";
import { describe as tell } from "../../../ops/report/describe";
import { report } from "../../../ops/report/markdown";
import { readPreview } from "../../../ops/report/preview";
import { type Change, previewOf, SECRET } from "../../../testing/preview";

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

describe("the report of a preview", () => {
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
    const type = "linkerd-fleet:trust:TrustAnchor$tls:index/privateKey:PrivateKey";
    const key = { op: "delete", type, name: "trust-2026-key" };
    expect(tell(readPreview(previewOf([trust, key])))).toEqual([{ title: "Trust", lines }]);
  });
});
