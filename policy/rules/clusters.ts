import { z } from "zod";
import { chartOf, PROVIDER, RELEASE } from "../resource";
import { NONE, type ResourceRule } from "../rule";

const highAvailabilitySettings = z.strictObject({
  replicas: z.int().min(2).default(3).describe("Replicas of the control plane"),
});

export const highAvailability: ResourceRule<z.infer<typeof highAvailabilitySettings>> = {
  name: "high-availability",
  description: "The control plane survives the loss of a node.",
  severity: "medium",
  remediation: "Set `linkerd.ha: true`.",
  level: "advisory",
  settings: highAvailabilitySettings,
  types: RELEASE,
  *judge(release, { replicas }) {
    if (chartOf(release) !== "control-plane") return;
    const values = release.properties.at("values");
    const found = values.at("controllerReplicas");
    if (!found.isUnknown && (found.number ?? 1) < replicas) {
      yield `controllerReplicas is ${found.number ?? 1}, not ${replicas}`;
    }
  },
};

export const providerIdentifier: ResourceRule = {
  name: "provider-identifier",
  description:
    "A cluster's provider has an identifier of its own, so that a new address or CA replaces nothing.",
  severity: "critical",
  remediation: "Set `clusterIdentifier` to the cluster's name.",
  settings: NONE,
  types: PROVIDER,
  *judge({ name, properties }) {
    const identifier = properties.at("clusterIdentifier");
    if (identifier.isNot(name)) yield `clusterIdentifier is ${identifier.text ?? "missing"}, not ${name}`;
  },
};

export const providerMutable: ResourceRule = {
  name: "provider-mutable",
  description:
    "Secrets and ConfigMaps are updated in place. A replacement would leave them missing in between.",
  severity: "critical",
  remediation: "Set `enableSecretMutable` and `enableConfigMapMutable`.",
  settings: NONE,
  types: PROVIDER,
  *judge({ properties }) {
    // The inputs of a provider are texts.
    for (const setting of ["enableSecretMutable", "enableConfigMapMutable"]) {
      if (properties.at(setting).isNot("true", true)) yield `${setting} is not true`;
    }
  },
};
