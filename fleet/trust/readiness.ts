import type { X509Certificate } from "node:crypto";
import { authorityAbove } from "./authorities";
import { bundleHash, joinBundle } from "./bundle";
import { certificateBlocks, readCertificate } from "./certificates";
import { describePods, type MeshedPod } from "./pods";

/**
 * Whether clusters are ready for a step of an anchor's rotation, judged from what they hold. A proxy reads the bundle
 * when it starts and keeps its identity for a day, so that the pods decide, and not what was deployed.
 */

/** PEM of certificates, and when a cluster was given it, if the cluster says so. */
export interface Held {
  readonly pem: string;
  readonly written: Date | undefined;
}

/** What a cluster holds of the fleet's trust. */
export interface ClusterTrust {
  readonly bundle: Held;
  /** Its issuer; `undefined` where it was not asked for. */
  readonly issuer: Held | undefined;
  readonly pods: readonly MeshedPod[];
}

export type SeenTrust = ClusterTrust | { readonly unread: string };

/** An anchor as the last deployment made it. */
export interface KnownAnchor {
  readonly id: string;
  readonly pem: string;
}

/** What has to be true of every cluster. */
export interface Need {
  /** Ids of anchors that every proxy has to trust. */
  readonly trusted: readonly string[];
  /** Ids of anchors of which no proxy may have an identity any more. */
  readonly gone: readonly string[];
  /** Whether every cluster's bundle has to be that of the known anchors, and no more. */
  readonly whole: boolean;
}

/** Why a cluster holds the fleet back, and what helps. */
export interface Blocker {
  readonly cluster: string;
  readonly what: string;
  readonly fix: string;
}

/** How far a cluster is. */
export interface Progress {
  /** The anchor its issuer chains to, and its meshed pods, for a person. */
  readonly seen: string;
  /** Meshed pods that are ready, of how many; `undefined` where they could not be read. */
  readonly pods: { readonly ready: number; readonly of: number } | undefined;
}

export interface Readiness {
  readonly progress: Readonly<Record<string, Progress>>;
  readonly blockers: readonly Blocker[];
}

/** Linkerd's `identity.issuer.issuanceLifetime`: by then each proxy has an identity of the issuer there is now. */
const IDENTITY_MS = 24 * 3_600_000;
/** What kubelets and the identity controller may take to see a changed Secret (sync period 60 s, and some). */
const SEEN_BY_IDENTITY_MS = 120_000;

/** Judges every cluster, also by what the others hold. */
export function judgeReadiness(
  anchors: readonly KnownAnchor[],
  need: Need,
  clusters: ReadonlyMap<string, SeenTrust>,
  now: Date,
): Readiness {
  const known = anchors.flatMap(({ id, pem }) =>
    certificates(pem).map((certificate) => ({ id, certificate })),
  );
  const trusted = known.filter(({ id }) => need.trusted.includes(id));
  const staying = known.filter(({ id }) => !need.gone.includes(id));
  const idOf = (certificate: X509Certificate | undefined) =>
    known.find((anchor) => anchor.certificate.fingerprint256 === certificate?.fingerprint256)?.id;
  const sufficient = sufficientBundles(anchors, need.trusted);
  const bundles = new Map(
    [...clusters].flatMap(([name, seen]) =>
      "unread" in seen ? [] : [[name, certificates(seen.bundle.pem)] as const],
    ),
  );

  const progress: Record<string, Progress> = {};
  const blockers = [...clusters].flatMap(([cluster, seen]): Blocker[] => {
    if ("unread" in seen) {
      progress[cluster] = { seen: "not read", pods: undefined };
      return [{ cluster, what: `it cannot be read: ${seen.unread}`, fix: "try again when it answers" }];
    }
    const found: Blocker[] = [];
    const add = (what: string, fix: string) => found.push({ cluster, what, fix });
    const { bundle, pods } = seen;
    const chain = certificates(seen.issuer?.pem ?? "");
    const [issuer] = chain;
    const own = bundles.get(cluster) ?? [];
    const late = new Set<MeshedPod>();

    const lacking = trusted.filter(({ certificate }) => !has(own, certificate)).map(({ id }) => id);
    const wanted = known.map(({ certificate }) => certificate);
    const another = need.whole && (own.length !== wanted.length || !wanted.every((one) => has(own, one)));
    if (another) add("its bundle is not the fleet's", "run `pulumi up` until nothing fails");
    else if (lacking.length > 0) {
      add(
        `its bundle lacks ${lacking.join(", ")}`,
        "leave the anchors as they were, and run `pulumi up --refresh`",
      );
    }
    if (!pods.some(({ isControlPlane }) => isControlPlane)) {
      add("no pod of its control plane is there", "run `linkerd check` there");
    }
    const ownHash = lacking.length === 0 ? [bundleHash(bundle.pem)] : [];
    const outdated = pods.filter(
      ({ trustRoot }) =>
        trustRoot === undefined || !(sufficient.has(trustRoot) || ownHash.includes(trustRoot)),
    );
    if (outdated.length > 0) {
      add(
        `${describePods(outdated, pods)} started with another bundle${after(bundle.written, now)}`,
        RESTART,
      );
      for (const pod of outdated) late.add(pod);
    }

    if (seen.issuer && !issuer)
      add("its issuer cannot be read as a certificate", "run `pulumi up --refresh`");
    const signer = authorityAbove(chain, wanted);
    if (issuer) {
      for (const [other, trusts] of bundles) {
        if (!authorityAbove(chain, trusts)) {
          add(`its issuer chains to no anchor that ${other} trusts`, "run `pulumi up` until nothing fails");
        }
      }
    }
    if (issuer && need.gone.length > 0) {
      if (
        !authorityAbove(
          chain,
          staying.map(({ certificate }) => certificate),
        )
      ) {
        const fix =
          "run `pulumi up` until nothing fails; an issuer that the stack file gives has to leave it";
        add(`its issuer is of ${idOf(signer) ?? "no anchor of the fleet"}`, fix);
      }
      const given = Math.max(issuer.validFromDate.getTime(), seen.issuer?.written?.getTime() ?? 0);
      const since = given + SEEN_BY_IDENTITY_MS;
      const waiting =
        now.getTime() < since + IDENTITY_MS
          ? pods.filter(({ started }) => started === undefined || started.getTime() < since)
          : [];
      if (waiting.length > 0) {
        add(
          `${describePods(waiting, pods)} may have an identity of the issuer before${after(new Date(given), now)}`,
          `restart them after ${instant(since)}, or wait until ${instant(since + IDENTITY_MS)}`,
        );
      }
      for (const pod of waiting) late.add(pod);
    }
    const of = seen.issuer ? `issuer of ${idOf(signer) ?? "no anchor of the fleet"}, ` : "";
    progress[cluster] = {
      seen: `${of}${pods.length} meshed pod${pods.length === 1 ? "" : "s"}`,
      pods: { ready: pods.length - late.size, of: pods.length },
    };
    return found;
  });
  return { progress, blockers };
}

/** By cluster: the percentage of its meshed pods that are ready. 100 where nothing is in the way, and only there. */
export function percentages({ progress, blockers }: Readiness): Record<string, number | undefined> {
  return Object.fromEntries(
    Object.entries(progress).map(([cluster, { pods }]) => {
      if (pods === undefined) return [cluster, undefined];
      const percent = pods.of === 0 ? 100 : Math.floor((100 * pods.ready) / pods.of);
      return [cluster, blockers.some((one) => one.cluster === cluster) ? Math.min(percent, 99) : percent];
    }),
  );
}

/** More combinations than that are not tried. A bundle of so many anchors has to be the whole one. */
const MOST_ANCHORS = 10;

/** The hashes of all bundles of the known anchors, in their order, that have the needed ones. */
function sufficientBundles(anchors: readonly KnownAnchor[], needed: readonly string[]): ReadonlySet<string> {
  const whole = bundleHash(joinBundle(anchors.map(({ pem }) => pem)));
  if (anchors.length > MOST_ANCHORS) return new Set([whole]);
  const bundles = anchors.reduce<string[]>(
    (before, { id, pem }) => [
      ...(needed.includes(id) ? [] : before),
      ...before.map((bundle) => bundle + joinBundle([pem])),
    ],
    [""],
  );
  return new Set([whole, ...bundles.filter((bundle) => bundle !== "").map(bundleHash)]);
}

function certificates(pem: string): X509Certificate[] {
  return certificateBlocks(pem).flatMap((block) => readCertificate(block) ?? []);
}

function has(bundle: readonly X509Certificate[], certificate: X509Certificate): boolean {
  return bundle.some(({ fingerprint256 }) => fingerprint256 === certificate.fingerprint256);
}

const RESTART =
  "restart them; with the anchors as they were, `pulumi up` restarts those that `restart.workloads` selects";

/** How long it took so far. */
function after(written: Date | undefined, now: Date): string {
  if (written === undefined) return "";
  const minutes = Math.max(Math.floor((now.getTime() - written.getTime()) / 60_000), 0);
  const hours = Math.floor(minutes / 60);
  return `, ${hours > 0 ? `${hours} h ` : ""}${minutes % 60} min after the change`;
}

function instant(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
