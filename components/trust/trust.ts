import * as pulumi from "@pulumi/pulumi";
import type { CrossStackOutputs, SignedIssuer } from "../../fleet/stacks/crossStack";
import type { OthersIssuer } from "../../fleet/stacks/issuers";
import { joinBundle } from "../../fleet/trust/bundle";
import type { TrustPlan } from "../../fleet/trust/plan";
import type { KeyPair } from "./certificates";
import { Issuer, type IssuerArgs } from "./issuer";
import { TrustAnchor } from "./trustAnchor";

export interface TrustArgs {
  readonly trust: TrustPlan;
  /** The anchors and issuers of the stack that owns the anchors, where that is another one. */
  readonly given: Pick<CrossStackOutputs, "anchors" | "issuers"> | undefined;
  /** Clusters of other stacks whose issuers this one signs. */
  readonly othersIssuers: readonly OthersIssuer[];
  /** A secret configuration value of this stack. */
  readonly secret: (key: string) => pulumi.Output<string>;
}

/** All trust anchors of the fleet, generated or given, and the bundle every cluster trusts. */
export class Trust extends pulumi.ComponentResource {
  /** PEM of all anchors, in the order of the stack file. Public. */
  readonly bundle: pulumi.Output<string>;
  /** PEM of the anchor that signs the issuers. */
  readonly activePem: pulumi.Input<string>;
  /** The same with its key, in the stack that owns the anchors. */
  readonly signer: KeyPair | undefined;
  /** By cluster: the issuers that the stack of the anchors signed, where that is another one. */
  readonly givenIssuers: Readonly<Record<string, SignedIssuer>>;
  /** For the other stacks of the fleet: the certificates of the anchors, by id, and the issuers. */
  readonly anchors: pulumi.Output<CrossStackOutputs["anchors"]>;
  readonly issuers: readonly (readonly [OthersIssuer, Issuer])[];

  constructor(name: string, args: TrustArgs, opts?: pulumi.ComponentResourceOptions) {
    const { trust, given } = args;
    const states = Object.fromEntries(trust.anchors.map(({ id, state }) => [id, state]));
    super("linkerd-fleet:trust:Trust", name, { anchors: states }, opts);

    const anchors = trust.anchors.map((anchor): Pick<KeyPair, "certificatePem"> & Partial<KeyPair> => {
      const { certificatePem = anchor.certificate } = given?.anchors[anchor.id] ?? {};
      if (certificatePem === undefined) {
        return new TrustAnchor(
          `${name}-${anchor.id}`,
          {
            commonName: "root.linkerd.cluster.local",
            lifetimeHours: anchor.lifetimeHours,
            protect: anchor.state !== "retiring",
          },
          { parent: this },
        );
      }
      return given || !anchor.privateKey
        ? { certificatePem }
        : { certificatePem, privateKeyPem: args.secret(anchor.privateKey.secret) };
    });
    const active = anchors[trust.anchors.findIndex((anchor) => anchor.id === trust.active)];
    if (!active) throw new pulumi.RunError("trust.anchors: none is active");
    const { certificatePem, privateKeyPem } = active;
    this.activePem = certificatePem;
    this.signer = privateKeyPem === undefined ? undefined : { certificatePem, privateKeyPem };
    this.givenIssuers = given?.issuers ?? {};
    this.bundle = pulumi.all(anchors.map((anchor) => anchor.certificatePem)).apply(joinBundle);
    const certificates = trust.anchors.map(({ id }, at) => {
      const { certificatePem = "" } = anchors[at] ?? {};
      return [id, { certificatePem }] as const;
    });
    this.anchors = pulumi.output(Object.fromEntries(certificates));
    this.issuers = args.othersIssuers.map((issuer) => [
      issuer,
      this.issuer(`${issuer.cluster}-issuer`, { ...issuer, lifetime: trust.issuer }, { parent: this }),
    ]);
    this.registerOutputs({ bundle: this.bundle });
  }

  /** An issuer of the active anchor. */
  issuer(name: string, args: Omit<IssuerArgs, "anchor">, opts: pulumi.ComponentResourceOptions): Issuer {
    // The planner asks for one only in the stack that owns the anchors.
    if (!this.signer) throw new Error(`the plan has ${name} signed by a stack that does not own the anchors`);
    const { trustDomain, lifetime, generation } = args;
    return new Issuer(name, { trustDomain, lifetime, generation, anchor: this.signer }, opts);
  }
}
