import { createPrivateKey, type X509Certificate } from "node:crypto";
import type { Told } from "../config/hosts";
import { list, map, storedText } from "../config/json";
import { CONTROL_PLANE_NAMESPACE } from "../config/names";
import { type Problem, pathOf } from "../config/problems";
import type { RawConfig, Readable } from "../config/readable";
import { authorityProblem, identityOf } from "./authorities";
import { certificateBlocks, readCertificate } from "./certificates";
import { privateKeyProblem } from "./pem";
import { type AnchorConfig, anchorConfig } from "./schema";

/** One anchor signs, what is given is fit for it, and nothing outlives what it hangs on or renews at every run. */
export function trustRules(fleet: Readable): Problem[] {
  const identities = identitiesOf(fleet);
  return [
    ...activeAnchor(fleet),
    ...anchorsOnce(fleet),
    ...fleet.anchors.flatMap(({ path, value }) => judgeAnchor(fleet, path, value, identities)),
    ...renewal(fleet),
  ];
}

/** One of each trust domain, whose clusters all trust every anchor. */
function identitiesOf({ linkerd, trust, clusters }: Readable): string[] {
  const names = [...clusters.values()].flatMap(({ trustDomain, linkerd: own }) => {
    const domain = trustDomain ?? trust?.domain;
    return domain === undefined
      ? []
      : [identityOf(domain, own.namespace ?? linkerd?.namespace ?? CONTROL_PLANE_NAMESPACE)];
  });
  return [...new Set(names)];
}

/** Counts as the file says it, so that another mistake in an anchor does not make it look absent. */
function activeAnchor({ raw }: Readable): Problem[] {
  const states = list(map(raw.values.trust).anchors).map((anchor) => map(anchor).state);
  const active = states.flatMap((state, at) => (state === "active" ? [at] : []));
  const allRead =
    states.length > 0 && states.every((state) => anchorConfig.shape.state.safeParse(state).success);
  if (active.length === 0 && allRead) {
    const fix = "make one anchor `state: active`: it signs the issuers";
    return [{ path: "trust.anchors", problem: "has no active anchor", fix }];
  }
  return active.slice(1).map((at) => ({
    path: pathOf(["trust", "anchors", at, "state"]),
    problem: `is active, and so is trust.anchors[${active[0]}]`,
    fix: "leave one active; make this one `staged` (signs later) or `retiring` (signed before)",
  }));
}

function anchorsOnce({ anchors }: Readable): Problem[] {
  return anchors.flatMap(({ path, value: { id, certificate } }, at) => {
    const before = anchors.slice(0, at).map(({ value }) => value);
    const fingerprint = certificate && readCertificate(certificate)?.fingerprint256;
    const problems: Problem[] = [];
    if (before.some((other) => other.id === id)) {
      const fix = "give every anchor an id of its own, never used before";
      problems.push({ path: pathOf([...path, "id"]), problem: "is the id of an earlier anchor", fix });
    }
    if (
      fingerprint &&
      before.some(
        (other) => other.certificate && readCertificate(other.certificate)?.fingerprint256 === fingerprint,
      )
    ) {
      const fix = "remove this anchor, or paste its own certificate";
      problems.push({
        path: pathOf([...path, "certificate"]),
        problem: "is the certificate of an earlier anchor",
        fix,
      });
    }
    return problems;
  });
}

function judgeAnchor(
  { raw, trust, isUnread }: Readable,
  path: readonly PropertyKey[],
  anchor: AnchorConfig,
  identities: readonly string[],
): Problem[] {
  const problems: Problem[] = [];
  const add = (key: string, problem: string, fix: string) =>
    problems.push({ path: pathOf([...path, key]), problem, fix });
  const { certificate, privateKey, state, lifetimeHours } = anchor;
  if (certificate === undefined) {
    if (isUnread([...path, "certificate"])) return problems;
    if (privateKey)
      add("privateKey", "is given without its certificate", "add the certificate, or remove the key");
    if (trust && lifetimeHours < trust.issuer.lifetimeHours) {
      add(
        "lifetimeHours",
        "is less than trust.issuer.lifetimeHours",
        "let the anchor live longer than its issuers",
      );
    }
    return problems;
  }
  const signsHere = trust?.provider !== "cert-manager";
  if (state === "active" && !privateKey && signsHere && !isUnread([...path, "privateKey"])) {
    add("privateKey", "is missing: an active anchor signs the issuers", "name the secret that holds the key");
  }
  const parsed = readCertificate(certificate);
  const unfit = parsed && authorityProblem(parsed, identities);
  if (certificateBlocks(certificate).length > 1) {
    add("certificate", "holds more than one certificate", "write one anchor for each");
  } else if (!parsed) {
    // Told by the schema.
    return problems;
  } else if (unfit) {
    add("certificate", ...unfit);
  } else if (!fitsAnchor(parsed)) {
    add("certificate", "has a key Linkerd does not take", "use ECDSA P-256, or RSA with 2048 bits or more");
  } else if (privateKey && signsHere) {
    const mistake = keyMistake(raw, privateKey.secret, parsed);
    if (mistake) add("privateKey", ...mistake);
  }
  return problems;
}

/** linkerd2 `pkg/tls`: what a trust anchor's key may be. */
function fitsAnchor({ publicKey }: X509Certificate): boolean {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  return (
    (type === "ec" && details?.namedCurve === "prime256v1") ||
    (type === "rsa" && (details?.modulusLength ?? 0) >= 2048)
  );
}

/** The fault of a secret that should hold the key of a certificate, and its remedy. */
export function keyMistake(
  { values }: RawConfig,
  key: string,
  certificate: X509Certificate,
): Told | undefined {
  const pem = storedText(values[key]);
  // Whether the key is there at all is judged with the other secrets.
  if (pem === undefined) return undefined;
  const problem = privateKeyProblem(pem);
  if (problem) return problem;
  return certificate.checkPrivateKey(createPrivateKey(pem))
    ? undefined
    : ["is not the key of this certificate", "store the key that belongs to it"];
}

/** A certificate whose renewal time is not shorter than its lifetime would be renewed by every run. */
function renewal({ trust }: Readable): Problem[] {
  if (!trust) return [];
  return (["issuer", "webhooks"] as const)
    .filter((part) => trust[part].renewBeforeHours >= trust[part].lifetimeHours)
    .map((part) => ({
      path: `trust.${part}.renewBeforeHours`,
      problem: `is not less than trust.${part}.lifetimeHours (${trust[part].lifetimeHours}): every run would renew it`,
      fix: "renew later, for example in the last third of the lifetime",
    }));
}
