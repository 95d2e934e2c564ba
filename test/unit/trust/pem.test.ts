import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { selfSigned } from "../../../testing/certificates";
import { type Sections, soundFleet, told } from "../../../testing/mistakes/sound";

const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-pem-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What OpenSSL writes. */
function openssl(...args: readonly string[]): string {
  return execFileSync("openssl", args, {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}
function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return name;
}

// As most people make an anchor by hand.
openssl("ecparam", "-name", "prime256v1", "-genkey", "-out", "parameters.key");
const subject = ["-subj", "/CN=root.linkerd.cluster.local"];
openssl("req", "-x509", "-new", "-key", "parameters.key", "-days", "3650", ...subject, "-out", "ca.crt");
const read = (name: string) => readFileSync(join(folder, name), "utf8");
const withParameters = read("parameters.key");
const anchor = read("ca.crt");
const sec1 = openssl("ec", "-in", "parameters.key");
const pkcs8 = openssl("pkey", "-in", "parameters.key");
const other = openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout");
const encrypted = openssl("pkcs8", "-topk8", "-in", "parameters.key", "-passout", "pass:x");
const oldEncrypted = openssl("ec", "-in", "parameters.key", "-aes128", "-passout", "pass:x");
const publicKey = openssl("pkey", "-in", "parameters.key", "-pubout");
const request = openssl("req", "-new", "-key", "parameters.key", ...subject);
const asText = openssl("x509", "-in", "ca.crt", "-text");
const trusted = openssl("x509", "-in", "ca.crt", "-trustout");
const pkcs7 = openssl("crl2pkcs7", "-nocrl", "-certfile", "ca.crt");
const second = selfSigned({ curve: "P-256" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const pkcs1 = rsa.export({ type: "pkcs1", format: "pem" }).toString();
openssl("req", "-x509", "-new", "-key", file("rsa.key", pkcs1), "-days", "9", ...subject, "-out", "rsa.crt");

const base64 = (text: string) => Buffer.from(text).toString("base64");
const bare = (text: string) => text.replace(/-----.*-----\n/g, "");
const lines = (text: string, change: (line: string) => string) => text.split("\n").map(change).join("\n");

/** Each with a word of what is said; without one it is good. */
interface Case {
  readonly what: string;
  readonly pem: string;
  readonly word: string | undefined;
}
const table = (rows: readonly (readonly [what: string, pem: string, word?: string])[]): Case[] =>
  rows.map(([what, pem, word]) => ({ what, pem, word }));

/** The point of an ECDSA key begins with 4: OpenSSL reads the certificate, and fails when it is asked for the key. */
function damagedKey(pem: string): string {
  const der = Buffer.from(bare(pem), "base64");
  const point = der.indexOf(Buffer.from([0x03, 0x42, 0x00, 0x04]));
  der[point + 3] = 0x09;
  const body = der.toString("base64").replace(/.{64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
}

const CERTIFICATES = table([
  ["as it is", anchor],
  ["with Windows' line ends", anchor.replaceAll("\n", "\r\n")],
  ["without a line break at its end", anchor.trim()],
  ["with empty lines around it", `\n\n${anchor}\n\n`],
  ["with spaces at the end of its lines", lines(anchor, (line) => (line === "" ? "" : `${line}  `))],
  ["with \\n for line breaks", anchor.replaceAll("\n", "\\n"), "\\n"],
  ["with \\r\\n for line breaks", anchor.replaceAll("\n", "\\r\\n"), "\\n"],
  ["with spaces for line breaks", anchor.replaceAll("\n", " "), "line breaks"],
  ["in one line", anchor.replaceAll("\n", ""), "line breaks"],
  ["indented", lines(anchor, (line) => `  ${line}`), "spaces before"],
  ["cut off", anchor.slice(0, 300), "cut off"],
  ["without its end", anchor.replace(/-----END.*\n/, ""), "cut off"],
  [
    "cut short inside",
    lines(anchor, (line) => line).replace(/(\n[^-\n]+){3}\n-----END/, "\n-----END"),
    "read",
  ],
  ["with a letter changed", anchor.replace("\nM", "\nA"), "read"],
  ["whose public key is damaged", damagedKey(anchor), "read"],
  ["with a byte order mark", `\ufeff${anchor}`, "byte order mark"],
  ["with no-break spaces", anchor.replaceAll("\n", "\u00a0\n"), "no-break space"],
  ["with its first line indented", ` ${anchor}`, "spaces before"],
  ["with an ellipsis", anchor.replace(/(\n[^-\n]+){3}\n-----END/, "\n...\n-----END"), "read"],
  ["as openssl x509 -text writes it", asText, "beside the certificate"],
  ["with text behind it", `${anchor}subject=CN = root\n`, "beside the certificate"],
  ["without its first and last line", bare(anchor), "-----BEGIN"],
  ["in base64 once more", base64(anchor), "base64 -d"],
  ["that is a word", "AAAA", "not a certificate"],
  ["that is white space", " \n", "empty"],
  ["twice", `${anchor}${second.pem}`, "more than one"],
  ["twice in one line", `${anchor.trim()}${second.pem}`, "line breaks"],
  ["that is a request", request, "request"],
  ["that is a public key", publicKey, "public key"],
  ["in OpenSSL's own form", trusted, "OpenSSL's own"],
  ["that is a PKCS#7 container", pkcs7, "PKCS#7"],
  ["that is its key", pkcs8, "private key"],
  ["with its key", `${anchor}${pkcs8}`, "private key"],
  ["with end and begin of two kinds", anchor.replace("END CERTIFICATE", "END PUBLIC KEY"), "belong together"],
]);

const KEYS = table([
  ["in SEC 1", sec1],
  ["in PKCS#8", pkcs8],
  ["with Windows' line ends", pkcs8.replaceAll("\n", "\r\n")],
  ["with spaces at the end of its lines", lines(pkcs8, (line) => (line === "" ? "" : `${line} `))],
  ["with its certificate behind it", `${pkcs8}${anchor}`],
  ["behind what OpenSSL says of it", `Bag Attributes\n    friendlyName: Jörg\n${pkcs8}`],
  ["with a byte order mark", `\ufeff${pkcs8}`, "byte order mark"],
  ["with a no-break space", pkcs8.replace(/\n$/, "\u00a0\n"), "no-break space"],
  ["as openssl ecparam -genkey writes it", withParameters, "EC PARAMETERS"],
  ["behind its certificate", `${anchor}${pkcs8}`, "certificate, not a private key"],
  ["that is its certificate", anchor, "certificate, not a private key"],
  ["that is a public key", publicKey, "public key"],
  ["that is another", other, "not the key of this certificate"],
  ["that is an RSA key", pkcs1, "not the key of this certificate"],
  ["with a password", encrypted, "password"],
  ["with a password, as OpenSSL wrote it before", oldEncrypted, "password"],
  ["with \\n for line breaks", pkcs8.replaceAll("\n", "\\n"), "\\n"],
  ["with spaces for line breaks", pkcs8.replaceAll("\n", " "), "line breaks"],
  ["cut off", pkcs8.slice(0, 100), "cut off"],
  ["with a letter changed", pkcs8.replace("\nM", "\nA"), "read"],
  ["without its first and last line", bare(pkcs8), "-----BEGIN"],
  ["in base64 once more", base64(pkcs8), "base64 -d"],
  ["that is a request", request, "request"],
  ["that is a word", "hunter2", "not a private key"],
]);

function fleetWith(certificate: string): Sections {
  const sections = soundFleet();
  sections.trust.anchors = [{ id: "own", state: "active", certificate, privateKey: { secret: "root" } }];
  return sections;
}

function judge(messages: readonly string[], path: string, word: string | undefined): void {
  if (word === undefined) {
    expect(messages).toEqual([]);
    return;
  }
  expect(messages).toHaveLength(1);
  expect(messages[0]?.startsWith(`${path}: `)).toBe(true);
  expect(messages[0]).toContain(word);
}

describe("an anchor's certificate is taken, or refused with one true message,", () => {
  it.each(CERTIFICATES)("$what", ({ pem, word }) => {
    judge(told(fleetWith(pem), { root: pkcs8 }), "trust.anchors[0].certificate", word);
  });
});

describe("the key of an anchor is taken, or refused with one true message,", () => {
  it.each(KEYS)("$what", ({ pem: key, word }) => {
    const messages = told(fleetWith(anchor), { root: key });
    judge(messages, "trust.anchors[0].privateKey", word);
    const body = bare(key).split("\n")[0] ?? "";
    expect(messages.join()).not.toContain(body === "" ? "\0" : body);
  });

  it("in PKCS#1, of an RSA anchor", () => {
    expect(told(fleetWith(read("rsa.crt")), { root: pkcs1 })).toEqual([]);
  });
});

describe("an issuer that is given, of an adopted cluster, is taken or refused with one true message,", () => {
  const issuer = (certificate: string) => {
    const sections = soundFleet();
    sections.trust.anchors.push({ id: "own", state: "retiring", certificate: anchor });
    sections.clusters.eu.adopt = true;
    for (const name of ["us", "eu", "apac"]) {
      sections.clusters[name].issuer = { certificate: anchor, privateKey: { secret: "key" } };
    }
    sections.clusters.eu.issuer.certificate = certificate;
    return sections;
  };
  it.each(CERTIFICATES.filter(({ what }) => what !== "twice"))("$what", ({ pem, word }) => {
    judge(told(issuer(pem), { key: sec1 }), "clusters.eu.issuer.certificate", word);
  });
  it.each(KEYS.filter(({ word }) => word !== undefined))("its key $what", ({ pem: key }) => {
    const messages = told(issuer(anchor), { key });
    expect(messages).toHaveLength(3);
    expect(messages[0]).toMatch(/^clusters\.apac\.issuer\.privateKey: /);
  });
});

describe("the authority of an API server is taken or refused with one true message,", () => {
  it.each(CERTIFICATES)("$what", ({ what, pem: ca, word }) => {
    const sections = soundFleet();
    sections.clusters.eu.ca = ca;
    judge(told(sections), "clusters.eu.ca", what === "twice" ? undefined : word);
  });
});
