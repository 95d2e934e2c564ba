import { createHash, type X509Certificate } from "node:crypto";
import type { FleetOutputs } from "../../fleet/outputs/schema";
import { certificateBlocks, chainsTo, readCertificate } from "../../fleet/trust/certificates";
import type { Read } from "../../live/cluster";

/** What a cluster holds of the fleet's trust. */
export interface ClusterTrust {
  /** PEM of the anchors it trusts. */
  readonly bundle: string;
  /** PEM of its issuer. */
  readonly issuer: string;
  readonly pods: readonly MeshedPod[];
}

export interface MeshedPod {
  readonly namespace: string;
  readonly name: string;
  /** SHA-256 of the bundle it was started with. */
  readonly trustRoot: string;
  /** `undefined` while it waits for a node. */
  readonly started: Date | undefined;
}

/** Why a cluster holds the fleet back, and what helps. */
export interface Blocker {
  readonly cluster: string;
  readonly what: string;
  readonly fix: string;
}

export interface RotationStatus {
  /** By cluster: the anchor its issuer chains to, and its meshed pods. */
  readonly seen: Readonly<Record<string, string>>;
  readonly blockers: readonly Blocker[];
  /** The next change in the stack file; `undefined` when no anchor is staged or retiring. */
  readonly next: string | undefined;
}

type Anchors = FleetOutputs["plan"]["anchors"];

/** Linkerd's `identity.issuer.issuanceLifetime`: by then each proxy has an identity of the issuer there is now. */
const IDENTITY_MS = 24 * 3_600_000;
/** What kubelets and the identity controller may take to see a changed Secret (sync period 60 s, and some). */
const SEEN_BY_IDENTITY_MS = 120_000;

/** Whether every cluster is ready for the next step of an anchor's rotation. Pure. */
export function judgeRotation(
  anchors: Anchors,
  trustBundle: string,
  clusters: ReadonlyMap<string, Read<ClusterTrust>>,
  now: Date,
): RotationStatus {
  const wanted = certificates(trustBundle);
  const named = new Map(wanted.map((anchor, at) => [anchor.fingerprint256, anchors[at]?.id ?? `#${at + 1}`]));
  const active = anchors.find(({ state }) => state === "active")?.id;
  const retiring = anchors.filter(({ state }) => state === "retiring").map(({ id }) => id);
  const staged = anchors.filter(({ state }) => state === "staged").map(({ id }) => id);
  const bundles = new Map(
    [...clusters].flatMap(([name, read]) =>
      read.state === "found" ? [[name, certificates(read.value.bundle)] as const] : [],
    ),
  );

  const seen: Record<string, string> = {};
  const blockers = [...clusters].flatMap(([cluster, read]): Blocker[] => {
    if (read.state !== "found") {
      const why = read.state === "failed" ? read.message : "no bundle or issuer there";
      seen[cluster] = "not read";
      return [{ cluster, what: `it cannot be read: ${why}`, fix: "try again when it answers" }];
    }
    const trust = read.value;
    const found: Blocker[] = [];
    const add = (what: string, fix: string) => found.push({ cluster, what, fix });
    const [issuer] = certificates(trust.issuer);
    const signer = issuer && signerOf(issuer, wanted);
    const signedBy = signer && named.get(signer.fingerprint256);
    seen[cluster] = `issuer of ${signedBy ?? "no anchor of the fleet"}, ${trust.pods.length} meshed pods`;

    if (!sameSet(bundles.get(cluster) ?? [], wanted)) {
      add("its bundle is not the fleet's", "run `pulumi up` until nothing fails");
    }
    if (!issuer) {
      add("its issuer cannot be read as a certificate", "run `pulumi up --refresh`");
      return found;
    }
    for (const [other, bundle] of bundles) {
      if (!signerOf(issuer, bundle)) {
        add(`its issuer chains to no anchor that ${other} trusts`, "run `pulumi up` until nothing fails");
      }
    }
    const bundleHashes = [trust.bundle, trustBundle].map((text) =>
      createHash("sha256").update(text).digest("hex"),
    );
    const outdated = trust.pods.filter(({ trustRoot }) => !bundleHashes.includes(trustRoot));
    if (outdated.length > 0) {
      add(`${told(outdated)} started with another bundle`, "restart them");
    }
    if (retiring.length > 0 && signedBy !== active) {
      const fix = "run `pulumi up` until nothing fails; an issuer that the stack file gives has to leave it";
      add(`its issuer is not of ${active}`, fix);
    }
    const since = issuer.validFromDate.getTime() + SEEN_BY_IDENTITY_MS;
    const waiting = trust.pods.filter(({ started }) => started === undefined || started.getTime() < since);
    if (retiring.length > 0 && waiting.length > 0 && now.getTime() < since + IDENTITY_MS) {
      add(
        `${told(waiting)} may have an identity of the issuer before`,
        `restart them after ${instant(since)}, or wait until ${instant(since + IDENTITY_MS)}`,
      );
    }
    return found;
  });
  return { seen, blockers, next: nextStep(active, staged, retiring) };
}

function nextStep(
  active: string | undefined,
  staged: readonly string[],
  retiring: readonly string[],
): string | undefined {
  if (retiring.length > 0) return `remove ${retiring.join(" and ")} from trust.anchors`;
  if (staged.length === 0) return undefined;
  return `make ${staged.join(" or ")} \`state: active\` and ${active} \`state: retiring\``;
}

/** The anchor that signed an issuer. */
function signerOf(issuer: X509Certificate, anchors: readonly X509Certificate[]): X509Certificate | undefined {
  return anchors.find((anchor) => chainsTo(issuer, anchor));
}

function certificates(pem: string): X509Certificate[] {
  return certificateBlocks(pem).flatMap((block) => readCertificate(block) ?? []);
}

function sameSet(a: readonly X509Certificate[], b: readonly X509Certificate[]): boolean {
  const prints = (of: readonly X509Certificate[]) =>
    of
      .map(({ fingerprint256 }) => fingerprint256)
      .sort()
      .join();
  return prints(a) === prints(b);
}

/** `3 pods in shop (web-1, web-2, …), 1 pod in bi (reports-1)` */
function told(pods: readonly MeshedPod[]): string {
  return [...Map.groupBy(pods, ({ namespace }) => namespace)]
    .map(([namespace, group]) => {
      const names = group.slice(0, SHOWN).map(({ name }) => name);
      const more = group.length > SHOWN ? ", …" : "";
      return `${group.length} pod${group.length === 1 ? "" : "s"} in ${namespace} (${names.join(", ")}${more})`;
    })
    .join(", ");
}

const SHOWN = 3;

function instant(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
