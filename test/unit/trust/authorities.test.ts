import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseFleetConfig } from "../../../fleet/config/parse";
import { planFleet } from "../../../fleet/plan";
import { authorityAbove } from "../../../fleet/trust/authorities";
import { detailsOf } from "../../../fleet/trust/der";
import { stack } from "../../../testing/arbitraries";
import { selfSigned } from "../../../testing/certificates";
import { problemsOf, soundFleet, told } from "../../../testing/mistakes/sound";

const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-authorities-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Made {
  readonly name: string;
  readonly pem: string;
  readonly key: string;
}

/** What OpenSSL makes, with these extensions. */
function made(
  name: string,
  extensions: string,
  { by, key = ["-name", "prime256v1"], more = [] }: { by?: Made; key?: string[]; more?: string[] } = {},
): Made {
  const run = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const read = (ending: string) => readFileSync(join(folder, `${name}.${ending}`), "utf8");
  run("ecparam", ...key, "-genkey", "-noout", "-out", `${name}.key`);
  writeFileSync(
    join(folder, `${name}.cnf`),
    `[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=${name}\n[ext]\n${extensions}\n`,
  );
  run("req", "-new", "-key", `${name}.key`, "-config", `${name}.cnf`, "-out", `${name}.csr`);
  const signer = by
    ? ["-CA", `${by.name}.crt`, "-CAkey", `${by.name}.key`, "-CAcreateserial"]
    : ["-signkey", `${name}.key`];
  const settings = ["-days", "3000", "-extfile", `${name}.cnf`, "-extensions", "ext", ...more];
  run("x509", "-req", "-in", `${name}.csr`, ...signer, ...settings, "-out", `${name}.crt`);
  return { name, pem: read("crt"), key: read("key") };
}

const CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign";
const constrained = (constraint: string) => `${CA}\nnameConstraints=critical,${constraint}`;
const root = made("root", CA);
const issuer = made("issuer", `${CA.replace("CA:TRUE", "CA:TRUE,pathlen:0")}`, { by: root });
const middle = made("middle", CA, { by: root });
const below = made("below", CA, { by: middle });

function expectOne(messages: readonly string[], path: string, word: string | undefined): void {
  expect(messages).toHaveLength(word === undefined ? 0 : 1);
  if (word === undefined) return;
  expect(messages[0]?.startsWith(`${path}: `)).toBe(true);
  expect(messages[0]).toContain(word);
}

describe("a trust anchor is taken, or refused for what it cannot sign:", () => {
  const rows: readonly (readonly [what: string, certificate: Made, word?: string])[] = [
    ["one without a key usage", made("plain", "basicConstraints=CA:TRUE")],
    [
      "one with a path length of 0, which the proxies do not look at",
      made("short", `${CA},`.replace("CA:TRUE", "CA:TRUE,pathlen:0").slice(0, -1)),
    ],
    ["one without basic constraints", made("none", "subjectKeyIdentifier=hash"), "CA:TRUE"],
    ["one that is no authority", made("leaf", "basicConstraints=CA:FALSE"), "CA:TRUE"],
    [
      "one whose key usage leaves out certificates",
      made("usage", "basicConstraints=CA:TRUE\nkeyUsage=digitalSignature"),
      "keyCertSign",
    ],
    [
      "one whose curve is written out",
      made("curve", CA, { key: ["-name", "prime256v1", "-param_enc", "explicit"] }),
      "explicit parameters",
    ],
    ["one for all names of the fleet", made("permits", constrained("permitted;DNS:.cluster.local"))],
    ["one for the fleet's domain", made("domain", constrained("permitted;DNS:cluster.local"))],
    ["one for addresses alone", made("addresses", constrained("permitted;IP:10.0.0.0/255.0.0.0"))],
    ["one for other names", made("others", constrained("permitted;DNS:.example.com")), "name constraints"],
    [
      "one that excludes the names of the fleet",
      made("excludes", constrained("excluded;DNS:cluster.local")),
      "name constraints",
    ],
    ["one that excludes other names", made("excludesOthers", constrained("excluded;DNS:ster.local"))],
  ];
  it.each(rows.map(([what, certificate, word]) => ({ what, certificate, word })))(
    "$what",
    ({ certificate: { pem, key }, word }) => {
      const sections = soundFleet();
      sections.trust.anchors = [
        { id: "own", state: "active", certificate: pem, privateKey: { secret: "root" } },
      ];
      expectOne(told(sections, { root: key }), "trust.anchors[0].certificate", word);
    },
  );

  it("one that leaves out the trust domain of one cluster", () => {
    const { pem, key } = made("half", constrained("permitted;DNS:.cluster.local"));
    const sections = soundFleet();
    sections.trust.anchors = [
      { id: "own", state: "active", certificate: pem, privateKey: { secret: "root" } },
    ];
    sections.clusters.eu.trustDomain = "eu.example.com";
    const words = "permit serviceaccount.identity.linkerd.eu.example.com";
    expectOne(told(sections, { root: key }), "trust.anchors[0].certificate", words);
  });
});

describe("an issuer is taken, or refused for what Linkerd does not take:", () => {
  const withIssuer = (certificate: string) => {
    const sections = soundFleet();
    sections.trust.anchors = [
      { id: "own", state: "active", certificate: root.pem, privateKey: { secret: "root" } },
    ];
    sections.clusters.eu.issuer = { certificate, privateKey: { secret: "issuer" } };
    return sections;
  };
  const rows: readonly (readonly [what: string, text: string, key: string, path: string, word?: string])[] = [
    ["one of the anchor", issuer.pem, issuer.key, ""],
    ["one with its anchor behind it", issuer.pem + root.pem, issuer.key, ""],
    ["one of an intermediate behind it", below.pem + middle.pem, below.key, ""],
    ["one of an intermediate, with all behind it", below.pem + root.pem + middle.pem, below.key, ""],
    [
      "one of an intermediate that is not there",
      below.pem,
      below.key,
      "certificate",
      "behind it in the same text",
    ],
    ["one behind its anchor", root.pem + issuer.pem, issuer.key, "certificate", "own certificate first"],
    ["one of another key", issuer.pem, below.key, "privateKey", "not the key"],
    [
      "one signed with SHA-1",
      made("sha1", CA, { by: root, more: ["-sha1"] }).pem,
      "",
      "certificate",
      "SHA-256",
    ],
    [
      "one whose key usage leaves out certificates",
      made("noSigner", "basicConstraints=CA:TRUE\nkeyUsage=digitalSignature", { by: root }).pem,
      "",
      "certificate",
      "keyCertSign",
    ],
    [
      "one for other names",
      made("constrained", constrained("permitted;DNS:.example.com"), { by: root }).pem,
      "",
      "certificate",
      "name constraints",
    ],
  ];
  it.each(rows.map(([what, text, key, path, word]) => ({ what, text, key, path, word })))(
    "$what",
    ({ text, key, path, word }) => {
      const secrets = { root: root.key, issuer: key || issuer.key };
      expectOne(told(withIssuer(text), secrets), `clusters.eu.issuer.${path}`, word);
    },
  );

  it("one of an intermediate belongs to the anchor above it", () => {
    const secrets = { root: root.key, issuer: below.key };
    const { config } = parseFleetConfig(stack(withIssuer(below.pem + middle.pem), secrets));
    if (!config) throw new Error("the fleet is not sound");
    const eu = planFleet(config).clusters.find(({ name }) => name === "eu");
    expect(eu?.issuer?.anchor.id).toBe("own");
  });

  it.each([123, true, ["x"], { a: 1 }])("a stored key that is no text: %j", (key) => {
    const messages = problemsOf(withIssuer(issuer.pem), { root: root.key, issuer: key });
    expect(messages.map(({ path }) => path)).toEqual(["clusters.eu.issuer.privateKey"]);
  });
});

describe("a chain", () => {
  const read = (...all: readonly Made[]) => all.map(({ pem }) => new X509Certificate(pem));

  it("leads through the certificates of its own text alone, and ends", () => {
    const [anchor] = read(root);
    if (!anchor) throw new Error("no anchor");
    expect(authorityAbove(read(below, middle), [anchor])).toBe(anchor);
    expect(authorityAbove(read(below, issuer, middle), [anchor])).toBe(anchor);
    expect(authorityAbove(read(below), [anchor])).toBeUndefined();
    expect(authorityAbove(read(below, issuer), [anchor])).toBeUndefined();
    expect(authorityAbove([], [anchor])).toBeUndefined();
    const other = new X509Certificate(selfSigned({ curve: "P-256" }).pem);
    expect(authorityAbove([other, other, other], [anchor])).toBeUndefined();
  });

  it("is told by what OpenSSL writes into each", () => {
    expect(detailsOf(new X509Certificate(root.pem))).toEqual({
      isAuthority: true,
      maySign: true,
      signature: "2a8648ce3d040302",
      names: { permitted: [], excluded: [] },
    });
    expect(detailsOf(new X509Certificate(selfSigned({ rsaBits: 2048 }, { authority: false }).pem))).toEqual({
      isAuthority: false,
      signature: "2a864886f70d01010b",
      names: { permitted: [], excluded: [] },
    });
  });
});
