import { createPrivateKey } from "node:crypto";
import { judged } from "../config/common";
import type { Told } from "../config/hosts";
import { certificateBlocks, readCertificate } from "./certificates";

const AGAIN =
  "paste the whole file again, with its line breaks, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----, " +
  "below `certificate: |`";
const STORE =
  "store it as `openssl pkey -in <file>` writes it: `pulumi config set --secret linkerd-fleet:<key> < file`";

/** The fault of a certificate's PEM text, before its contents are read. */
export function certificateProblem(text: string): Told | undefined {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    return [
      "holds a private key, in plain text",
      "write the certificate alone, and replace the key: it was exposed. A key is stored with " +
        "`pulumi config set --secret linkerd-fleet:<key> < file`",
    ];
  }
  const mistake = formProblem(text, "certificate", AGAIN);
  if (mistake) return mistake;
  const other = labelsOf(text).find((label) => label !== "CERTIFICATE");
  if (other !== undefined) return notA(other, "certificate");
  if (!text.trimStart().startsWith("-----BEGIN ") || !text.trimEnd().endsWith("-----")) {
    return [
      "has text beside the certificate",
      "keep only the lines from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----, as `openssl x509 -in <file>` writes them",
    ];
  }
  const isRead = certificateBlocks(text).every((block) => readCertificate(block) !== undefined);
  return isRead ? undefined : ["cannot be read as a certificate", AGAIN];
}

/** One certificate or several, in PEM. */
export const certificatePem = judged(certificateProblem, "-----BEGIN CERTIFICATE-----");

/** The fault of a private key's PEM text, as Linkerd and the tls provider read it: the first block counts. */
export function privateKeyProblem(text: string): Told | undefined {
  const mistake = formProblem(text, "private key", STORE);
  if (mistake) return mistake;
  const [first = ""] = labelsOf(text);
  if (first === "EC PARAMETERS") {
    return [
      "begins with a block EC PARAMETERS, which Linkerd refuses",
      "store it as `openssl pkey -in <file>` writes it",
    ];
  }
  if (first === "ENCRYPTED PRIVATE KEY" || /^Proc-Type:.*ENCRYPTED/m.test(text)) {
    return ["is encrypted with a password", "store it without one, as `openssl pkey -in <file>` writes it"];
  }
  // linkerd2 `pkg/tls/codec.go`, `DecodePEMKey`.
  if (!["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"].includes(first))
    return notA(first, "private key");
  try {
    createPrivateKey(text);
    return undefined;
  } catch {
    return ["cannot be read as a private key", "store it again, as `openssl pkey -in <file>` writes it"];
  }
}

function blocksOf(text: string): string[] {
  return text.match(/-----BEGIN [\s\S]*?(?:-----END [^\n]*|$)/g) ?? [];
}

function labelsOf(text: string): string[] {
  return [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map(([, label = ""]) => label);
}

const KINDS: Readonly<Record<string, Told>> = {
  CERTIFICATE: ["a certificate", ""],
  "CERTIFICATE REQUEST": ["a request for a certificate", "use what the authority answered with"],
  "NEW CERTIFICATE REQUEST": ["a request for a certificate", "use what the authority answered with"],
  "TRUSTED CERTIFICATE": [
    "a certificate in a form of OpenSSL's own",
    "use what `openssl x509 -in <file>` writes",
  ],
  "X509 CERTIFICATE": ["a certificate in an old form", "use what `openssl x509 -in <file>` writes"],
  PKCS7: ["a PKCS#7 container", "use what `openssl pkcs7 -print_certs -in <file>` writes"],
  CMS: ["a CMS container", "use what `openssl cms -cmsout -print -in <file>` shows"],
  "X509 CRL": ["a list of revoked certificates", ""],
  "PUBLIC KEY": ["a public key", ""],
  "RSA PUBLIC KEY": ["a public key", ""],
  "OPENSSH PRIVATE KEY": ["a key in OpenSSH's form", "use what `ssh-keygen -p -m PKCS8 -f <file>` writes"],
};

function notA(label: string, wanted: string): Told {
  const [found = `a block ${label}`, fix = ""] = KINDS[label] ?? [];
  return [
    `is ${found}, not a ${wanted}`,
    fix || `use the ${wanted}, which begins with -----BEGIN ${wanted.toUpperCase()}-----`,
  ];
}

/** Common changes to PEM texts on their way into a file. */
function formProblem(text: string, wanted: string, again: string): Told | undefined {
  if (text.trim() === "") return ["is empty", again];
  if (/^\s*LS0tLS1CRUdJTi/.test(text)) {
    return [
      "is base64 of a PEM text, as it stands in a Secret",
      `decode it first: \`base64 -d\`. Then ${again}`,
    ];
  }
  if (/\\r|\\n/.test(text)) return ["has \\n where line breaks belong", again];
  if (!text.includes("-----BEGIN ")) {
    return /^[A-Za-z0-9+/=\s]{60,}$/.test(text)
      ? [`has no lines -----BEGIN and -----END`, again]
      : [`is not a ${wanted} in PEM, which begins with -----BEGIN ${wanted.toUpperCase()}-----`, again];
  }
  if (/-----(BEGIN|END) [A-Z0-9 ]+-----[^\S\n]*\S/.test(text) || /\S[^\S\n]*-----END /.test(text)) {
    return ["has lost its line breaks", again];
  }
  if (/^[ \t]+-----(BEGIN|END) /m.test(text)) return ["has spaces before its lines", again];
  // Go finds a block at the beginning of a line, and takes no line with other characters in it.
  if (/[^\n]-----BEGIN /.test(text)) {
    return ["has characters before -----BEGIN on its line, such as a byte order mark", again];
  }
  if (blocksOf(text).some((block) => /[^\t\r\n\x20-\x7e]/.test(block))) {
    return ["holds characters that no PEM text has, such as a no-break space", again];
  }
  const begun = labelsOf(text);
  const ended = [...text.matchAll(/-----END ([A-Z0-9 ]+)-----/g)].map(([, label = ""]) => label);
  if (begun.join() !== ended.join()) {
    return begun.length > ended.length
      ? ["is cut off: its -----END line is missing", again]
      : ["has -----BEGIN and -----END lines that do not belong together", again];
  }
  return undefined;
}
