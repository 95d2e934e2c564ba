/**
 * The text of a file that Go's YAML reads: UTF-8 or, with a byte order mark, the UTF-16 that Windows PowerShell
 * writes. `undefined`: it is neither.
 */
export function decodeText(content: Buffer): string | undefined {
  const encoding = { fffe: "utf-16le", feff: "utf-16be" }[content.subarray(0, 2).toString("hex")] ?? "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(content);
  } catch {
    return undefined;
  }
}
