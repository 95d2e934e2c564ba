import "reflect-metadata";
import { randomBytes } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { type Call, CheckFailure, type Created, type Resource } from "../provider";
import { type Change, field, type Props, strings, text, UNKNOWN } from "../values";
import { type CryptoKey, type SigningKey, signingKey, unknown } from "./keys";

const HOUR = 3_600_000;
const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";

const KEY_USAGES: Readonly<Record<string, x509.KeyUsageFlags>> = {
  digital_signature: x509.KeyUsageFlags.digitalSignature,
  key_encipherment: x509.KeyUsageFlags.keyEncipherment,
  cert_signing: x509.KeyUsageFlags.keyCertSign,
  crl_signing: x509.KeyUsageFlags.cRLSign,
};
const EXTENDED_USAGES: Readonly<Record<string, string>> = {
  server_auth: x509.ExtendedKeyUsage.serverAuth,
  client_auth: x509.ExtendedKeyUsage.clientAuth,
};

const COMPUTED = ["certPem", "readyForRenewal", "validityStartTime", "validityEndTime"];

const ABOUT = ["privateKeyPem", "subject", "dnsNames"];
const COMMON = "allowedUses validityPeriodHours earlyRenewalHours isCaCertificate maxPathLength";
const SIGNED = [...COMMON.split(" "), "caCertPem", "caPrivateKeyPem", "certRequestPem"];

const certRequest: Resource = {
  check: (news) => checked(news, ABOUT),
  async create(inputs, call): Promise<Created> {
    if (call.preview) return unknown(inputs, ["certRequestPem", "keyAlgorithm"]);
    const key = signingKey(text(inputs.privateKeyPem) ?? "", "privateKeyPem");
    const request = await x509.Pkcs10CertificateRequestGenerator.create({
      name: subjectOf(inputs),
      keys: key,
      signingAlgorithm: key.algorithm,
      extensions: alternativeNames(inputs),
    });
    return {
      id: randomId(),
      outputs: { ...inputs, certRequestPem: withNewline(request.toString("pem")), keyAlgorithm: key.kind },
    };
  },
};

const selfSignedCert: Resource = {
  check: (news) => checked(news, [...ABOUT, ...COMMON.split(" ")]),
  diff: renewalDiff,
  update: sameCertificate,
  async create(inputs, call): Promise<Created> {
    if (call.preview) return unknown(inputs, [...COMPUTED, "keyAlgorithm"]);
    const key = signingKey(text(inputs.privateKeyPem) ?? "", "privateKeyPem");
    const name = subjectOf(inputs);
    return issue(inputs, { subject: name, issuer: name, publicKey: key.publicKey, signer: key }, [
      ...alternativeNames(inputs),
      ...(inputs.isCaCertificate === true
        ? [await x509.SubjectKeyIdentifierExtension.create(key.publicKey)]
        : []),
    ]);
  },
};

const locallySignedCert: Resource = {
  check: (news) => checked(news, SIGNED),
  diff: renewalDiff,
  update: sameCertificate,
  async create(inputs, call): Promise<Created> {
    if (call.preview) return unknown(inputs, [...COMPUTED, "caKeyAlgorithm"]);
    const request = new x509.Pkcs10CertificateRequest(text(inputs.certRequestPem) ?? "");
    const ca = new x509.X509Certificate(text(inputs.caCertPem) ?? "");
    const signer = signingKey(text(inputs.caPrivateKeyPem) ?? "", "caPrivateKeyPem");
    const names = request.extensions.find((extension) => extension.type === SUBJECT_ALTERNATIVE_NAME);
    const authority = ca.getExtension(x509.SubjectKeyIdentifierExtension);
    const created = await issue(
      inputs,
      { subject: request.subject, issuer: ca.subject, publicKey: request.publicKey, signer },
      [
        ...(names ? [names] : []),
        ...(inputs.isCaCertificate === true
          ? [await x509.SubjectKeyIdentifierExtension.create(request.publicKey)]
          : []),
        ...(authority ? [new x509.AuthorityKeyIdentifierExtension(authority.keyId)] : []),
      ],
    );
    return { ...created, outputs: { ...created.outputs, caKeyAlgorithm: signer.kind } };
  },
};

export const certificates: Record<string, Resource> = {
  "tls:index/certRequest:CertRequest": certRequest,
  "tls:index/selfSignedCert:SelfSignedCert": selfSignedCert,
  "tls:index/locallySignedCert:LocallySignedCert": locallySignedCert,
};

interface Parties {
  readonly subject: string | x509.JsonName;
  readonly issuer: string | x509.JsonName;
  readonly publicKey: CryptoKey | x509.PublicKey;
  readonly signer: SigningKey;
}

async function issue(inputs: Props, parties: Parties, extensions: x509.Extension[]): Promise<Created> {
  const notBefore = new Date(Math.floor(Date.now() / 1000) * 1000);
  const notAfter = new Date(notBefore.getTime() + Number(inputs.validityPeriodHours) * HOUR);
  const usages = strings(inputs.allowedUses);
  const flags = usages.reduce((sum, usage) => sum | (KEY_USAGES[usage] ?? 0), 0);
  const extended = usages.flatMap((usage) => EXTENDED_USAGES[usage] ?? []);
  const isCa = inputs.isCaCertificate === true;
  // A path length of zero is dropped without a word, as by the official plugin.
  const pathLength =
    isCa && Number(inputs.maxPathLength ?? -1) > 0 ? Number(inputs.maxPathLength) : undefined;
  // Positive, and without a leading zero byte.
  const serialNumber = Buffer.concat([Buffer.from([1]), randomBytes(15)]).toString("hex");
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber,
    subject: parties.subject,
    issuer: parties.issuer,
    notBefore,
    notAfter,
    publicKey: parties.publicKey,
    signingKey: parties.signer.privateKey,
    signingAlgorithm: parties.signer.algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(isCa, pathLength, true),
      ...(flags === 0 ? [] : [new x509.KeyUsagesExtension(flags, true)]),
      ...(extended.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(extended)]),
      ...extensions,
    ],
  });
  return {
    id: BigInt(`0x${serialNumber}`).toString(),
    outputs: {
      ...inputs,
      certPem: withNewline(certificate.toString("pem")),
      keyAlgorithm: parties.signer.kind,
      readyForRenewal: false,
      validityStartTime: notBefore.toISOString(),
      validityEndTime: notAfter.toISOString(),
    },
  };
}

function checked(inputs: Props, known: readonly string[]): Props {
  const lacking = Object.keys(inputs).filter((key) => !known.includes(key));
  lacking.push(...Object.keys(field(inputs, "subject") ?? {}).filter((key) => key !== "commonName"));
  const failures = lacking.map((property) => ({
    property,
    reason: `the lab's stand-in for tls has no '${property}'; it needs the official plugin`,
  }));
  const usages = [...Object.keys(KEY_USAGES), ...Object.keys(EXTENDED_USAGES)];
  const wrong = strings(inputs.allowedUses).filter((usage) => usage !== UNKNOWN && !usages.includes(usage));
  const reason = `allowedUses: ${wrong.join(", ")} is not one of ${usages.join(", ")}`;
  if (wrong.length > 0) failures.push({ property: "allowedUses", reason });
  if (failures.length > 0) throw new CheckFailure(failures);
  return inputs;
}

/** Everything replaces but the renewal window; inside of it every run does. */
function renewalDiff(changes: Change[], news: Props, state: Props): Change[] {
  const marked = changes.map((change) => ({ ...change, replace: change.path !== "earlyRenewalHours" }));
  const end = Date.parse(text(state.validityEndTime) ?? "");
  const due = Date.now() >= end - Number(news.earlyRenewalHours ?? 0) * HOUR;
  const renewal: Change = { path: "readyForRenewal", kind: "update", replace: true };
  return due ? [...marked, renewal] : marked;
}

async function sameCertificate(news: Props, state: Props, call: Call): Promise<Created> {
  return { id: call.id, outputs: { ...state, ...news } };
}

function subjectOf(inputs: Props): x509.JsonName {
  const commonName = text(field(inputs, "subject", "commonName"));
  return commonName === undefined ? [] : [{ CN: [commonName] }];
}

function alternativeNames(inputs: Props): x509.Extension[] {
  const names = strings(inputs.dnsNames).map((value): x509.JsonGeneralName => ({ type: "dns", value }));
  return names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)];
}

function withNewline(pem: string): string {
  return `${pem.trim()}\n`;
}

function randomId(): string {
  return BigInt(`0x${randomBytes(16).toString("hex")}`).toString();
}
