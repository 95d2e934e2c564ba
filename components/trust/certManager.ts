import * as pulumi from "@pulumi/pulumi";
import { type CertManagerInputs, certManagerObjects } from "../../fleet/trust/objects";
import { type Inputs, renderObjects } from "../objects/render";

/**
 * The issuer and the trust bundle of one cluster, made and renewed in it by cert-manager and trust-manager: no key of
 * either is in the state.
 */
export class CertManager extends pulumi.ComponentResource {
  /** Both settle when what Linkerd mounts is there. */
  readonly resources: readonly pulumi.Resource[];

  constructor(name: string, args: CertManagerInputs<Inputs>, opts?: pulumi.ComponentResourceOptions) {
    const { clusterIssuer, lifetime, trustDomain } = args;
    super("linkerd-fleet:trust:CertManager", name, { clusterIssuer, lifetime, trustDomain }, opts);
    this.resources = renderObjects(name, certManagerObjects<Inputs>(args), { parent: this }).all;
    this.registerOutputs({});
  }
}
