/**
 * How far charts may move in one deployment. Linkerd supports proxies that are one major release behind their
 * control plane and no more (linkerd.io, "Upgrading Linkerd"), and proxies are renewed only when their pods restart.
 * Major releases are 2.15, 2.16, 2.17 …; in the enterprise channel versions say which (`2.18.1`). Edge versions are
 * dates and say nothing of it, but since 2.16 major releases came at least four months apart: a step of up to four
 * months passes one of them at most. Back never: the proxies injected since would be ahead of their control plane.
 * How far the clusters of a fleet may be apart is no question of a step, and is not judged here.
 */
const EDGE_MONTHS = 4;

interface Version {
  readonly channel: "edge" | "numbered";
  /** Grows with each month or major release. */
  readonly major: number;
  readonly parts: readonly [number, number, number];
}

/** Why a chart cannot go from one exact version to another in one deployment; `undefined` if it can. */
export function versionBlocker(from: string, to: string): string | undefined {
  const [a, b] = [readVersion(from), readVersion(to)];
  if (!a || !b || a.channel !== b.channel) return from === to ? undefined : "cannot be compared";
  if (isBefore(b, a)) return "goes back";
  if (a.channel === "edge") {
    const months = b.major - a.major;
    return months > EDGE_MONTHS
      ? `jumps ${months} months; ${EDGE_MONTHS} are supported in one step`
      : undefined;
  }
  const releases = b.major - a.major;
  return releases > 1 ? "jumps over a major release" : undefined;
}

/** Since which versions something is in Linkerd, in both ways of numbering. */
export interface Since {
  readonly edge: Version["parts"];
  readonly numbered: Version["parts"];
}

/** Whether a version is that one or later. One that cannot be read is not. */
export function isSince(text: string, since: Since): boolean {
  const version = readVersion(text);
  if (!version) return false;
  const parts = since[version.channel];
  return !isBefore(version, { ...version, parts });
}

function readVersion(text: string): Version | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)/.exec(text);
  if (!match) return undefined;
  const parts = [Number(match[1]), Number(match[2]), Number(match[3])] as const;
  const [first, second] = parts;
  return first >= 2000
    ? { channel: "edge", major: first * 12 + second, parts }
    : // No one knows yet which 2.x is the last before 3.0: that step is never a small one.
      { channel: "numbered", major: first * 1000 + second, parts };
}

function isBefore(a: Version, b: Version): boolean {
  for (const at of [0, 1, 2] as const) {
    if (a.parts[at] !== b.parts[at]) return a.parts[at] < b.parts[at];
  }
  return false;
}
