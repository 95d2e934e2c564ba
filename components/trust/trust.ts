import * as pulumi from "@pulumi/pulumi";
import type { CrossStackOutputs } from "../../fleet/stacks/crossStack";
import { joinBundle } from "../../fleet/trust/bundle";
import type { TrustPlan } from "../../fleet/trust/plan";
import type { KeyPair } from "./certificates";
import { TrustAnchor } from "./trustAnchor";

export interface TrustArgs {
  readonly trust: TrustPlan;
  /** The anchors that another stack owns, where it does. */
  readonly given: CrossStackOutputs["anchors"] | undefined;
  /** A secret configuration value of this stack. */
  readonly secret: (key: string) => pulumi.Output<string>;
}

/** All trust anchors of the fleet, generated or given, and the bundle every cluster trusts. */
export class Trust extends pulumi.ComponentResource {
  /** PEM of all anchors, in the order of the stack file. Public. */
  readonly bundle: pulumi.Output<string>;
  /** The anchor that signs the issuers. */
  readonly active: KeyPair;
  /** The anchors for the other stacks of the fleet: all certificates, and the key that signs. Secret. */
  readonly handover: pulumi.Output<CrossStackOutputs["anchors"]>;

  constructor(name: string, args: TrustArgs, opts?: pulumi.ComponentResourceOptions) {
    const { trust } = args;
    const states = Object.fromEntries(trust.anchors.map(({ id, state }) => [id, state]));
    super("linkerd-fleet:trust:Trust", name, { anchors: states }, opts);

    const anchors = trust.anchors.map((anchor): KeyPair => {
      const given = args.given?.[anchor.id];
      if (given) {
        return {
          certificatePem: given.certificatePem,
          privateKeyPem: pulumi.secret(given.privateKeyPem ?? ""),
        };
      }
      if (anchor.certificate === undefined) {
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
      return {
        certificatePem: anchor.certificate,
        privateKeyPem: anchor.privateKey ? args.secret(anchor.privateKey.secret) : "",
      };
    });
    const active = anchors[trust.anchors.findIndex((anchor) => anchor.id === trust.active)];
    if (!active) throw new pulumi.RunError("trust.anchors: none is active");
    this.active = active;
    this.bundle = pulumi.all(anchors.map((anchor) => anchor.certificatePem)).apply(joinBundle);
    const handed = trust.anchors.map(({ id }, at) => {
      const { certificatePem = "", privateKeyPem = "" } = anchors[at] ?? {};
      return [id, id === trust.active ? { certificatePem, privateKeyPem } : { certificatePem }] as const;
    });
    this.handover = pulumi.secret(pulumi.output(Object.fromEntries(handed)));
    this.registerOutputs({ bundle: this.bundle });
  }
}
