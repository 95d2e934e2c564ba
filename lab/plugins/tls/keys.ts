import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import { CheckFailure, type Created, type Resource } from "../provider";
import { type Props, text, UNKNOWN } from "../values";

/** OpenSSL's names. P-224 is missing: WebCrypto, which signs here, has none. */
const CURVES: Readonly<Record<string, string>> = { P256: "prime256v1", P384: "secp384r1", P521: "secp521r1" };

const SECRET = ["privateKeyPem", "privateKeyPemPkcs8"];

export const privateKey: Resource = {
  check(news) {
    const inputs: Props = { ecdsaCurve: "P224", rsaBits: 2048, ...news };
    const lacking = (key: string, known: string[]) =>
      inputs[key] === UNKNOWN || known.includes(text(inputs[key]) ?? "")
        ? []
        : [
            {
              property: key,
              reason: `${key} ${inputs[key]} is not in the lab's stand-in; choose ${known.join(", ")}`,
            },
          ];
    const curves = inputs.algorithm === "ECDSA" ? lacking("ecdsaCurve", Object.keys(CURVES)) : [];
    const failures = [...lacking("algorithm", ["ECDSA", "RSA", "ED25519"]), ...curves];
    if (failures.length > 0) throw new CheckFailure(failures);
    return inputs;
  },
  async create(inputs, call): Promise<Created> {
    if (call.preview) return unknown(inputs, [...SECRET, "publicKeyPem"], SECRET);
    const key = generate(inputs);
    const publicKey = createPublicKey(key);
    const type = inputs.algorithm === "ECDSA" ? "sec1" : inputs.algorithm === "RSA" ? "pkcs1" : "pkcs8";
    const outputs = {
      ...inputs,
      privateKeyPem: pem(key, type),
      privateKeyPemPkcs8: pem(key, "pkcs8"),
      publicKeyPem: String(publicKey.export({ type: "spki", format: "pem" })),
    };
    const id = createHash("sha1").update(publicKey.export({ type: "spki", format: "der" }));
    return { id: id.digest("hex"), outputs, secret: SECRET };
  },
};

/** What a preview says of outputs that are there only after the create. */
export function unknown(inputs: Props, keys: string[], secret: string[] = []): Created {
  return { id: "", outputs: { ...inputs, ...Object.fromEntries(keys.map((key) => [key, UNKNOWN])) }, secret };
}

function generate(inputs: Props): KeyObject {
  if (inputs.algorithm === "ED25519") return generateKeyPairSync("ed25519").privateKey;
  if (inputs.algorithm === "RSA")
    return generateKeyPairSync("rsa", { modulusLength: Number(inputs.rsaBits) }).privateKey;
  return generateKeyPairSync("ec", { namedCurve: CURVES[text(inputs.ecdsaCurve) ?? ""] ?? "" }).privateKey;
}

function pem(key: KeyObject, type: "sec1" | "pkcs1" | "pkcs8"): string {
  return String(key.export({ type, format: "pem" } as { type: "pkcs8"; format: "pem" }));
}

export type CryptoKey = ReturnType<KeyObject["toCryptoKey"]>;

/** A private key as WebCrypto signs with it. */
export interface SigningKey {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly algorithm: { name: string; hash: string };
  /** The plugin's name for it. */
  readonly kind: "ECDSA" | "RSA" | "ED25519";
}

/** Reads a PEM private key; the message never repeats it. */
export function signingKey(pemText: string, property: string): SigningKey {
  let key: KeyObject;
  try {
    key = createPrivateKey(pemText);
  } catch {
    throw new Error(`${property} is not a private key in PEM`);
  }
  const kind = key.asymmetricKeyType === "ec" ? "ECDSA" : key.asymmetricKeyType === "rsa" ? "RSA" : "ED25519";
  const name = kind === "RSA" ? "RSASSA-PKCS1-v1_5" : kind === "ECDSA" ? "ECDSA" : "Ed25519";
  const curves: Readonly<Record<string, string>> = {
    prime256v1: "P-256",
    secp384r1: "P-384",
    secp521r1: "P-521",
  };
  const namedCurve = curves[key.asymmetricKeyDetails?.namedCurve ?? ""] ?? "";
  const algorithm = { name, hash: "SHA-256", namedCurve };
  return {
    privateKey: key.toCryptoKey(algorithm, true, ["sign"]),
    publicKey: createPublicKey(key).toCryptoKey(algorithm, true, ["verify"]),
    algorithm: { name, hash: "SHA-256" },
    kind,
  };
}
