import { z } from "zod";
import type { Judged } from "./analyze";
import { UNKNOWN } from "./sdk";

const exported = z.object({
  deployment: z.object({
    resources: z.array(
      z.object({
        urn: z.string(),
        type: z.string(),
        inputs: z.record(z.string(), z.unknown()).default({}),
        outputs: z.record(z.string(), z.unknown()).default({}),
        protect: z.boolean().default(false),
        provider: z.string().optional(),
        delete: z.boolean().default(false),
      }),
    ),
  }),
});

/** The resources of `pulumi stack export`. What is encrypted there is as good as unknown. */
export function readState(json: unknown): Judged[] {
  const resources = exported
    .parse(json)
    .deployment.resources.filter((resource) => !resource.delete)
    .map(({ urn, type, inputs, outputs, protect, provider }) => ({
      urn,
      type,
      name: urn.split("::").at(-1) ?? "",
      inputs: veiled(inputs),
      outputs: veiled(outputs),
      protect,
      provider,
    }));
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  return resources.map(({ provider, ...resource }) => {
    // `<urn>::<id>`
    const of = byUrn.get(provider?.slice(0, provider.lastIndexOf("::")) ?? "");
    if (!of) return resource;
    return { ...resource, provider: { urn: of.urn, type: of.type, name: of.name, inputs: of.inputs } };
  });
}

/** The engine's mark of a secret (`resource.SigKey`). */
const SECRET = "4dabf18193072939515e22adb298388d";

function veiled(properties: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, maskSecrets(value)]));
}

function maskSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskSecrets);
  if (typeof value !== "object" || value === null) return value;
  return SECRET in value ? UNKNOWN : veiled({ ...value });
}
