/** A text as it is, and as it stands within base64, wherever it begins there. */
export function disguises(text: string): string[] {
  const within = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), Buffer.from(text)])
      .toString("base64")
      // Without the characters that the neighbours share.
      .slice(before === 0 ? 0 : 4, -4),
  );
  return [text, ...within];
}

/** The line of a private key in PEM that no other key shares. */
export function bodyOf(pem = ""): string {
  return pem.split("\n")[2] ?? "";
}
