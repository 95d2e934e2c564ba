import { createHash, generateKeyPairSync, sign } from "node:crypto";

/** A self-signed certificate and its key, in PEM. */
export interface Certificate {
  readonly pem: string;
  readonly key: string;
}

/**
 * Makes a certificate that no library would let through, too: X.509 v3 in DER (RFC 5280), by hand. `signer` is
 * another certificate of the same type, where it does not sign itself.
 */
export function selfSigned(
  type: { readonly curve: "P-256" | "P-384" } | { readonly rsaBits: number },
  {
    authority = true,
    signer,
    from = 2025,
    to = 2045,
  }: {
    readonly authority?: boolean;
    readonly signer?: Certificate;
    /** Years, from and until January 1st. */
    readonly from?: number;
    readonly to?: number;
  } = {},
): Certificate {
  const { privateKey, publicKey } =
    "curve" in type
      ? generateKeyPairSync("ec", { namedCurve: type.curve })
      : generateKeyPairSync("rsa", { modulusLength: type.rsaBits });
  const algorithm =
    "curve" in type ? sequence(oid("2a8648ce3d040302")) : sequence(oid("2a864886f70d01010b"), der(0x05));
  const name = sequence(
    der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from("root.linkerd.cluster.local")))),
  );
  const publicInfo = publicKey.export({ type: "spki", format: "der" });
  const constraints = sequence(...(authority ? [der(0x01, Buffer.from([0xff]))] : []));
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(
      0x02,
      Buffer.concat([Buffer.from([1]), createHash("sha256").update(publicInfo).digest().subarray(0, 8)]),
    ),
    algorithm,
    name,
    sequence(...[from, to].map((year) => der(0x17, Buffer.from(`${String(year).slice(-2)}0101000000Z`)))),
    name,
    publicInfo,
    der(0xa3, sequence(sequence(oid("551d13"), der(0x01, Buffer.from([0xff])), der(0x04, constraints)))),
  );
  return {
    pem: pem(
      sequence(body, algorithm, der(0x03, Buffer.from([0]), sign("sha256", body, signer?.key ?? privateKey))),
    ),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

function sequence(...content: readonly Buffer[]): Buffer {
  return der(0x30, ...content);
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}

function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}
