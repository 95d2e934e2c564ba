import { selfSigned } from "../certificates";
import type { Mistake } from "./sound";

export const good = selfSigned({ curve: "P-256" });
export const other = selfSigned({ curve: "P-256" });
export const rsa = selfSigned({ rsaBits: 2048 });
const curve = selfSigned({ curve: "P-384" });
const short = selfSigned({ rsaBits: 1024 });
const leaf = selfSigned({ curve: "P-256" }, { authority: false });

const restart = (...workloads: object[]) => ({ workloads });
const web = { namespace: "shop", deployment: "web" };

export const TRUST: readonly Mistake[] = [
  [
    "the control plane among what restarts with the anchors",
    (f) => (f.trust.restart = restart({ ...web, namespace: "linkerd" })),
    "trust.restart.workloads[0]",
    "remove",
  ],
  [
    "the extension among what restarts with the anchors",
    (f) => (f.trust.restart = restart({ ...web, namespace: "linkerd-multicluster" })),
    "trust.restart.workloads[0]",
    "trust.restart.extension",
  ],
  [
    "a workload that restarts twice",
    (f) => (f.trust.restart = restart(web, { ...web, in: ["eu"] })),
    "trust.restart.workloads[1]",
    "one entry",
  ],
  [
    "a workload that restarts in an unknown cluster",
    (f) => (f.trust.restart = restart({ ...web, in: ["us", "euu"] })),
    "trust.restart.workloads[0].in[1]",
    "eu",
  ],
  ["no anchor", (f) => (f.trust.anchors = []), "trust.anchors", "fill"],
  ["no active anchor", (f) => (f.trust.anchors[0].state = "staged"), "trust.anchors", "active"],
  [
    "two active anchors",
    (f) => f.trust.anchors.push({ id: "2027", state: "active" }),
    "trust.anchors[1].state",
    "staged",
  ],
  [
    "an anchor id used twice",
    (f) => f.trust.anchors.push({ id: "2026", state: "staged" }),
    "trust.anchors[1].id",
    "own",
  ],
  [
    "an active anchor without its key",
    (f) => (f.trust.anchors[0].certificate = good.pem),
    "trust.anchors[0].privateKey",
    "secret",
  ],
  [
    "a key without certificate",
    (f) => (f.trust.anchors[0].privateKey = { secret: "stored" }),
    "trust.anchors[0].privateKey",
    "certificate",
  ],
  [
    "a certificate given twice",
    (f) => {
      for (const id of ["a", "b"]) f.trust.anchors.push({ id, state: "staged", certificate: good.pem });
    },
    "trust.anchors[2].certificate",
    "own",
  ],
  [
    "an anchor that is no PEM",
    (f) => f.trust.anchors.push({ id: "a", state: "staged", certificate: "AAAA" }),
    "trust.anchors[1].certificate",
    "BEGIN CERTIFICATE",
  ],
  [
    "an anchor that is no certificate",
    (f) => f.trust.anchors.push({ id: "a", state: "staged", certificate: good.pem.replace("\nM", "\nA") }),
    "trust.anchors[1].certificate",
    "again",
  ],
  [
    "two certificates in one anchor",
    (f) =>
      f.trust.anchors.push({
        id: "a",
        state: "staged",
        certificate: `${good.pem}\n${other.pem}`,
      }),
    "trust.anchors[1].certificate",
    "one anchor for each",
  ],
  [
    "an anchor that is no authority",
    (f) => f.trust.anchors.push({ id: "a", state: "staged", certificate: leaf.pem }),
    "trust.anchors[1].certificate",
    "CA:TRUE",
  ],
  [
    "an anchor on another curve",
    (f) => f.trust.anchors.push({ id: "a", state: "staged", certificate: curve.pem }),
    "trust.anchors[1].certificate",
    "P-256",
  ],
  [
    "an anchor with a short RSA key",
    (f) => f.trust.anchors.push({ id: "a", state: "staged", certificate: short.pem }),
    "trust.anchors[1].certificate",
    "2048",
  ],
  [
    "a stored key that is none",
    (f) => Object.assign(f.trust.anchors[0], { certificate: good.pem, privateKey: { secret: "stored" } }),
    "trust.anchors[0].privateKey",
    "openssl",
  ],
  [
    "an issuer renewed at every run",
    (f) => (f.trust.issuer = { lifetimeHours: 720 }),
    "trust.issuer.renewBeforeHours",
    "later",
  ],
  [
    "webhook certificates renewed at every run",
    (f) => (f.trust.webhooks = { renewBeforeHours: 8_760 }),
    "trust.webhooks.renewBeforeHours",
    "later",
  ],
  [
    "an anchor that its issuers outlive",
    (f) => (f.trust.anchors[0].lifetimeHours = 8_000),
    "trust.anchors[0].lifetimeHours",
    "longer",
  ],
];
