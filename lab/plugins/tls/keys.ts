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
const COMPUTED = [...SECRET, "publicKeyPem", "publicKeyFingerprintSha256"];

export const privateKey: Resource = {
  check(news) {
    const inputs: Props = { ecdsaCurve: "P224", rsaBits: 2048, ...news };
    const { algorithm, ecdsaCurve } = inputs;
    if (algorithm === "ECDSA" && ecdsaCurve !== UNKNOWN && CURVES[String(ecdsaCurve)] === undefined) {
      const reason = `ecdsaCurve ${ecdsaCurve} (the default is P224) is not in the lab's stand-in; choose P256, P384 or P521`;
      throw new CheckFailure([{ property: "ecdsaCurve", reason }]);
    }
    if (algorithm !== UNKNOWN && !["ECDSA", "RSA", "ED25519"].includes(String(algorithm))) {
      throw new CheckFailure([{ property: "algorithm", reason: "algorithm must be RSA, ECDSA or ED25519" }]);
    }
    return inputs;
  },
  async create(inputs, call): Promise<Created> {
    if (call.preview) {
      return {
        id: "",
        outputs: { ...inputs, ...Object.fromEntries(COMPUTED.map((k) => [k, UNKNOWN])) },
        secret: SECRET,
      };
    }
    const key = generate(inputs);
    const ecdsa = inputs.algorithm === "ECDSA";
    const publicDer = createPublicKey(key).export({ type: "spki", format: "der" });
    return {
      id: createHash("sha1").update(publicDer).digest("hex"),
      outputs: {
        ...inputs,
        privateKeyPem: pem(key, ecdsa ? "sec1" : inputs.algorithm === "RSA" ? "pkcs1" : "pkcs8"),
        privateKeyPemPkcs8: pem(key, "pkcs8"),
        publicKeyPem: String(createPublicKey(key).export({ type: "spki", format: "pem" })),
        publicKeyFingerprintSha256: `SHA256:${createHash("sha256").update(publicDer).digest("base64")}`,
      },
      secret: SECRET,
    };
  },
};

function generate(inputs: Props): KeyObject {
  switch (inputs.algorithm) {
    case "RSA":
      return generateKeyPairSync("rsa", { modulusLength: Number(inputs.rsaBits) }).privateKey;
    case "ED25519":
      return generateKeyPairSync("ed25519").privateKey;
    default: {
      const namedCurve = CURVES[text(inputs.ecdsaCurve) ?? ""] ?? "prime256v1";
      return generateKeyPairSync("ec", { namedCurve }).privateKey;
    }
  }
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
