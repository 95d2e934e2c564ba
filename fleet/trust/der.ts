import type { X509Certificate } from "node:crypto";

/** What Node.js does not say of a certificate (RFC 5280). */
export interface Details {
  readonly isAuthority: boolean;
  /** Whether it may sign certificates, if its key usage says it. */
  readonly maySign?: boolean;
  /** Object identifier of the signature, as bytes in hexadecimal digits. */
  readonly signature: string;
  readonly names: { readonly permitted: readonly string[]; readonly excluded: readonly string[] };
}

interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

/** Reads elements one after the other (DER: tag, length, content). */
function elements(der: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at + 1 < der.length; ) {
    const first = der[at + 1] ?? 0;
    const size = first < 0x80 ? 0 : first & 0x7f;
    const length = size === 0 ? first : der.readUIntBE(at + 2, Math.min(size, 6));
    const start = at + 2 + size;
    found.push({ tag: der[at] ?? 0, content: der.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}

const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const BASIC_CONSTRAINTS = "551d13";
const KEY_USAGE = "551d0f";
const NAME_CONSTRAINTS = "551d1e";
const KEY_CERT_SIGN = 0x04;

/** A certificate that Node.js has read is whole. */
export function detailsOf({ raw }: X509Certificate): Details {
  const [certificate] = elements(raw);
  const [signed, algorithm] = elements(certificate?.content ?? Buffer.alloc(0));
  const [signature] = elements(algorithm?.content ?? Buffer.alloc(0));
  const block = elements(signed?.content ?? Buffer.alloc(0)).find(({ tag }) => tag === EXTENSIONS);
  const extensions = new Map(
    elements(elements(block?.content ?? Buffer.alloc(0))[0]?.content ?? Buffer.alloc(0)).map(
      ({ content }) => {
        const parts = elements(content);
        return [parts[0]?.content.toString("hex"), parts.at(-1)?.content ?? Buffer.alloc(0)] as const;
      },
    ),
  );
  const inner = (id: string) =>
    elements(elements(extensions.get(id) ?? Buffer.alloc(0))[0]?.content ?? Buffer.alloc(0));
  const subtrees = inner(NAME_CONSTRAINTS);
  const namesOf = (tag: number) =>
    subtrees
      .filter((one) => one.tag === tag)
      .flatMap(({ content }) => elements(content))
      .flatMap(({ content }) => elements(content).slice(0, 1))
      .flatMap((name) => (name.tag === DNS_NAME ? [name.content.toString("latin1").toLowerCase()] : []));
  const usage = elements(extensions.get(KEY_USAGE) ?? Buffer.alloc(0))[0]?.content;
  return {
    isAuthority: inner(BASIC_CONSTRAINTS).some(({ tag, content }) => tag === 1 && content[0] !== 0),
    ...(usage ? { maySign: ((usage[1] ?? 0) & KEY_CERT_SIGN) !== 0 } : {}),
    signature: signature?.content.toString("hex") ?? "",
    names: { permitted: namesOf(0xa0), excluded: namesOf(0xa1) },
  };
}
