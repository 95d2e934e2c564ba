import { createHash } from "node:crypto";
import { certificateBlocks } from "./certificates";

/**
 * One PEM text of all anchors, each trimmed and ended by one newline: a bundle that differs in white space only
 * would restart every control plane.
 */
export function joinBundle(anchors: readonly string[]): string {
  return anchors.map((pem) => `${pem.replaceAll("\r\n", "\n").trim()}\n`).join("");
}

/** The certificates of a bundle, each as `joinBundle` writes it. */
export function splitBundle(bundle: string): string[] {
  return certificateBlocks(bundle).map((pem) => joinBundle([pem]));
}

/** SHA-256 of a bundle, as a proxy's pod bears it. */
export function bundleHash(pem: string): string {
  return createHash("sha256").update(pem).digest("hex");
}
