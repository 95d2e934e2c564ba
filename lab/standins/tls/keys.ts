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
    const inputs: Props = { ecdsaCurve: "P224", ...news };
    const lacking = (property: string, known: string[]) =>
      inputs[property] === UNKNOWN || known.includes(text(inputs[property]) ?? "")
        ? []
        : [
            {
              property,
              reason: `${property} ${inputs[property]} is not in the lab's stand-in; choose ${known.join(", ")}`,
            },
          ];
    const failures = [...lacking("algorithm", ["ECDSA"]), ...lacking("ecdsaCurve", Object.keys(CURVES))];
    if (failures.length > 0) throw new CheckFailure(failures);
    return inputs;
  },
  async create(inputs, call): Promise<Created> {
    if (call.preview) return unknown(inputs, [...SECRET, "publicKeyPem"], SECRET);
    const { privateKey: key } = generateKeyPairSync("ec", {
      namedCurve: CURVES[text(inputs.ecdsaCurve) ?? ""] ?? "",
    });
    const publicKey = createPublicKey(key);
    const outputs = {
      ...inputs,
      privateKeyPem: String(key.export({ type: "sec1", format: "pem" })),
      privateKeyPemPkcs8: String(key.export({ type: "pkcs8", format: "pem" })),
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
