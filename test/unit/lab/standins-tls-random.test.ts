/**
 * The tls and random stand-ins: each title says what the official plugins (tls 5.6.1, random 4.21.2) do, and so do
 * the stand-ins.
 */
import { execFileSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plugin as random } from "../../../lab/standins/random";
import { plugin as tls } from "../../../lab/standins/tls";
import { type Props, text, UNKNOWN } from "../../../lab/standins/values";
import { EngineDouble, secret } from "../../../testing/standins";

const KEY = "tls:index/privateKey:PrivateKey";
const REQUEST = "tls:index/certRequest:CertRequest";
const SELF_SIGNED = "tls:index/selfSignedCert:SelfSignedCert";
const SIGNED = "tls:index/locallySignedCert:LocallySignedCert";
const engine = new EngineDouble(tls);

const pem = (value: Props[string]) => text((value as Props).value) ?? "";
const keyPem = async (ecdsaCurve = "P256") =>
  pem((await engine.create(KEY, { algorithm: "ECDSA", ecdsaCurve })).outputs.privateKeyPem);
const root = (privateKeyPem: string, rest: Props = {}): Props => ({
  privateKeyPem: secret(privateKeyPem),
  subject: { commonName: "root.linkerd.cluster.local" },
  isCaCertificate: true,
  allowedUses: ["cert_signing", "crl_signing"],
  validityPeriodHours: 48,
  ...rest,
});
const certificate = (outputs: Props) => new X509Certificate(text(outputs.certPem) ?? "");

describe("PrivateKey", () => {
  it("is SEC 1 and PKCS#8 of one ECDSA key, both secret", async () => {
    const { outputs } = await engine.create(KEY, { algorithm: "ECDSA", ecdsaCurve: "P256" });
    expect(pem(outputs.privateKeyPem)).toMatch(/^-----BEGIN EC PRIVATE KEY-----[\s\S]*[^\n]\n$/);
    const [sec1, pkcs8] = [outputs.privateKeyPem, outputs.privateKeyPemPkcs8].map((key) =>
      createPrivateKey(pem(key)),
    );
    expect(sec1?.equals(pkcs8 ?? sec1)).toBe(true);
    expect(sec1?.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
  });

  it("is unknown, and secret, in a preview", async () => {
    const { outputs } = await engine.create(KEY, { algorithm: "ECDSA", ecdsaCurve: "P256" }, true);
    expect(outputs.privateKeyPem).toEqual(secret(UNKNOWN));
  });

  it("is replaced by any change", async () => {
    const held = await engine.create(KEY, { algorithm: "ECDSA", ecdsaCurve: "P256" });
    const news = await engine.check(KEY, { algorithm: "ECDSA", ecdsaCurve: "P384" });
    expect(await engine.diff(KEY, held, news)).toEqual(["!ecdsaCurve"]);
  });
});

describe("certificates", () => {
  it("form a chain that openssl verifies: root, issuer of one step, leaf", async () => {
    const rootKey = await keyPem();
    const anchor = await engine.create(SELF_SIGNED, root(rootKey));
    const request = async (commonName: string) => {
      const privateKeyPem = secret(await keyPem());
      return (
        await engine.create(REQUEST, { privateKeyPem, subject: { commonName }, dnsNames: [commonName] })
      ).outputs.certRequestPem;
    };
    const issuerKey = await keyPem();
    const issuerRequest = await engine.create(REQUEST, {
      privateKeyPem: secret(issuerKey),
      subject: { commonName: "identity.linkerd.cluster.local" },
      dnsNames: ["identity.linkerd.cluster.local"],
    });
    const issuer = await engine.create(SIGNED, {
      caCertPem: anchor.outputs.certPem,
      caPrivateKeyPem: secret(rootKey),
      certRequestPem: issuerRequest.outputs.certRequestPem,
      isCaCertificate: true,
      allowedUses: ["cert_signing", "crl_signing"],
      validityPeriodHours: 24,
    });
    const leaf = await engine.create(SIGNED, {
      caCertPem: issuer.outputs.certPem,
      caPrivateKeyPem: secret(issuerKey),
      certRequestPem: await request("web.shop.serviceaccount.identity.linkerd.cluster.local"),
      allowedUses: ["digital_signature", "server_auth", "client_auth"],
      validityPeriodHours: 1,
    });
    const [anchorCert, issuerCert, leafCert] = [anchor, issuer, leaf].map(({ outputs }) =>
      certificate(outputs),
    );
    expect(issuerCert?.ca).toBe(true);
    expect(issuerCert?.subjectAltName).toBe("DNS:identity.linkerd.cluster.local");
    expect(issuerCert?.checkPrivateKey(createPrivateKey(issuerKey))).toBe(true);
    expect(leafCert?.ca).toBe(false);
    expect(anchorCert?.verify(anchorCert.publicKey)).toBe(true);
    const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-chain-"));
    try {
      const files = [anchorCert, issuerCert, leafCert].map((cert, i) => {
        writeFileSync(join(folder, `${i}.pem`), cert?.toString() ?? "");
        return join(folder, `${i}.pem`);
      });
      const [anchorFile = "", issuerFile = "", leafFile = ""] = files;
      const verified = execFileSync("openssl", [
        "verify",
        "-x509_strict",
        "-purpose",
        "sslserver",
        "-CAfile",
        anchorFile,
        "-untrusted",
        issuerFile,
        leafFile,
      ]);
      expect(verified.toString()).toMatch(/: OK\n$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("hold the PEM with one newline at its end, the validity, and are known only once created", async () => {
    const held = await engine.create(SELF_SIGNED, root(await keyPem()));
    expect(held.outputs.certPem).toMatch(/^-----BEGIN CERTIFICATE-----\n[\s\S]*[^\n]\n$/);
    const { validTo } = certificate(held.outputs);
    expect(Date.parse(validTo)).toBe(Date.parse(text(held.outputs.validityEndTime) ?? ""));
    expect(Date.parse(validTo) - Date.parse(text(held.outputs.validityStartTime) ?? "")).toBe(48 * 3_600_000);
    const preview = await engine.create(SELF_SIGNED, root("a key that is not read"), true);
    expect(preview.outputs.certPem).toBe(UNKNOWN);
  });

  it("take uses in snake case only", async () => {
    await expect(engine.check(SELF_SIGNED, root("", { allowedUses: ["certSigning"] }))).rejects.toThrow(
      /certSigning is not one of .*cert_signing/,
    );
  });

  it("are refused, unlike by the official plugin, with an input that the stand-in lacks", async () => {
    await expect(engine.check(SELF_SIGNED, root("", { privateKeyPemWo: "x" }))).rejects.toThrow(
      "no 'privateKeyPemWo'",
    );
    await expect(engine.check(REQUEST, { subject: { serialNumber: "1" } })).rejects.toThrow(
      "no 'serialNumber'",
    );
  });

  it("drop a path length of zero without a word, and keep any other", async () => {
    const key = await keyPem();
    const lengthOf = async (maxPathLength: number) => {
      const { outputs } = await engine.create(SELF_SIGNED, root(key, { maxPathLength }));
      const shown = execFileSync("openssl", ["x509", "-noout", "-ext", "basicConstraints"], {
        input: text(outputs.certPem) ?? "",
      });
      return /pathlen:(\d+)/.exec(shown.toString())?.[1];
    };
    expect([await lengthOf(0), await lengthOf(1)]).toEqual([undefined, "1"]);
  });

  it("stay when only earlyRenewalHours changes, and are replaced by any other change and inside of that window", async () => {
    const inputs = root(await keyPem());
    const held = await engine.create(SELF_SIGNED, inputs);
    expect(await engine.diff(SELF_SIGNED, held, inputs)).toEqual([]);
    expect(await engine.diff(SELF_SIGNED, held, { ...inputs, earlyRenewalHours: 1 })).toEqual([
      "earlyRenewalHours",
    ]);
    const updated = await engine.update(SELF_SIGNED, held, { ...inputs, earlyRenewalHours: 1 });
    expect(updated.outputs.certPem).toBe(held.outputs.certPem);
    expect(await engine.diff(SELF_SIGNED, held, { ...inputs, validityPeriodHours: 49 })).toEqual([
      "!validityPeriodHours",
    ]);
    expect(await engine.diff(SELF_SIGNED, held, { ...inputs, earlyRenewalHours: 48 })).toContain(
      "!readyForRenewal",
    );
  });

  it("are refused for what is not a private key, without a word of it in the message", async () => {
    const failed = await engine.create(SELF_SIGNED, root("-----BEGIN nonsense-----")).catch((error) => error);
    expect(failed.message).toContain("privateKeyPem");
    expect(failed.message).not.toContain("nonsense");
  });
});

describe("RandomString", () => {
  const strings = new EngineDouble(random);
  const STRING = "random:index/randomString:RandomString";

  it("has its length, only allowed characters and the least of each kind, for any wish that can be met", async () => {
    const wish = fc.record({
      length: fc.integer({ min: 8, max: 64 }),
      upper: fc.boolean(),
      special: fc.boolean(),
      minNumeric: fc.integer({ min: 0, max: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(wish, async (inputs) => {
        const result = text((await strings.create(STRING, inputs)).outputs.result) ?? "";
        expect(result).toHaveLength(inputs.length);
        if (!inputs.upper) expect(result).not.toMatch(/[A-Z]/);
        if (!inputs.special) expect(result).toMatch(/^[A-Za-z0-9]*$/);
        expect(result.replace(/\D/g, "").length).toBeGreaterThanOrEqual(inputs.minNumeric);
      }),
    );
  });

  it("is replaced when its keepers change, and stays otherwise", async () => {
    const held = await strings.create(STRING, { length: 6, keepers: { generation: "1" } });
    expect(held.id).toBe(held.outputs.result);
    expect(await strings.diff(STRING, held, held.inputs)).toEqual([]);
    const news = await strings.check(STRING, { length: 6, keepers: { generation: "2" } });
    expect(await strings.diff(STRING, held, news)).toEqual(["!keepers.generation"]);
    expect(await strings.read(STRING, held)).toEqual(held);
  });

  it("refuses a length that cannot hold what is asked", async () => {
    await expect(strings.check(STRING, { length: 3, minNumeric: 4 })).rejects.toThrow("at least 4");
  });

  it("is secret as a RandomPassword", async () => {
    const { outputs } = await strings.create("random:index/randomPassword:RandomPassword", { length: 12 });
    expect(outputs.result).toEqual(secret((outputs.result as Props).value));
  });
});
