/**
 * One PEM text of all anchors, each trimmed and ended by one newline: a bundle that differs in white space only
 * would restart every control plane.
 */
export function joinBundle(anchors: readonly string[]): string {
  return anchors.map((pem) => `${pem.replaceAll("\r\n", "\n").trim()}\n`).join("");
}
