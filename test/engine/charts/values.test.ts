/**
 * The stand-in charts of the lab: the names, values and refusals of the official charts, and no mesh inside.
 * What a real API server makes of them is for the lab tests.
 */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { chartValues, fullClusters } from "../../../testing/chartValues";
import {
  at,
  type ChartName,
  controlPlane,
  link,
  multicluster,
  named,
  ours,
  render,
  template,
  type Values,
  withHelm,
} from "../../../testing/renderedCharts";

withHelm();

describe("values", () => {
  test.each<[ChartName, Values, string]>([
    ["linkerd-crds", { installGatewayApi: true }, "installGatewayApi"],
    ["linkerd-control-plane", { ...ours, controlerReplicas: 3 }, "controlerReplicas"],
    ["linkerd-control-plane", { ...ours, proxy: { ports: { imbound: 1 } } }, "imbound"],
    ["linkerd-control-plane", { ...ours, webhookFailurePolicy: "Maybe" }, "webhookFailurePolicy"],
    ["linkerd-multicluster", { gateway: { sericeType: "NodePort" } }, "sericeType"],
    ["linkerd-multicluster", { controllers: [link("east", { logLevl: "debug" })] }, "logLevl"],
  ])("%s refuses %j", async (chart, values, message) => {
    await expect(render(chart, values)).rejects.toThrow(message);
  });

  test("free-form maps stay free", async () => {
    const rendered = await controlPlane({
      podAnnotations: { "example.com/a": "b" },
      nodeSelector: { zone: "1" },
    });
    const pod = template(rendered, "Deployment/linkerd-destination");
    expect(at(pod, "metadata", "annotations", "example.com/a")).toBe("b");
    expect(at(pod, "spec", "nodeSelector")).toMatchObject({ zone: "1" });
  });

  const webhooks = ["proxyInjector", "profileValidator", "policyValidator"];
  const refused: [string, Values][] = [
    ["needs caBundle", { externalSecret: true }],
    ["cannot be given together", { externalSecret: true, injectCaFrom: "linkerd/a", caBundle: "b" }],
    ["need externalSecret", { injectCaFrom: "linkerd/a" }],
    ["not both", { externalSecret: true, injectCaFrom: "linkerd/a", injectCaFromSecret: "linkerd/b" }],
  ];
  test.each(refused)("a webhook certificate that does not fit is refused: %s", async (message, values) => {
    await Promise.all(
      webhooks.map((webhook) =>
        expect(controlPlane({ [webhook]: values })).rejects.toThrow(new RegExp(`${webhook}.*${message}`)),
      ),
    );
  });

  test("a trust bundle and an issuer are asked for unless the user brings their objects", async () => {
    const issuer = { tls: { crtPEM: "a", keyPEM: "b" } };
    const tries = [
      controlPlane({ identity: { externalCA: true } }),
      controlPlane({ identity: { externalCA: true, issuer: { tls: { crtPEM: "a" } } } }),
      controlPlane({ identity: { issuer }, identityTrustAnchorsPEM: "" }),
    ];
    const messages = ["identity.issuer.tls.crtPEM", "identity.issuer.tls.keyPEM", "identityTrustAnchorsPEM"];
    await Promise.all(messages.map((message, index) => expect(tries[index]).rejects.toThrow(message)));
  });

  test("a controller has to name its Link", async () => {
    await expect(multicluster({ controllers: [{ replicas: 2 }] })).rejects.toThrow("missing property 'link'");
    await expect(multicluster({ controllers: [link("")] })).rejects.toThrow("/controllers/0/link/ref/name");
  });
});

test("every value that the program sets has a name and a type that the charts know", async () => {
  const clusters = fullClusters();
  const rendered = await Promise.all(
    clusters.flatMap((cluster) => {
      const { crds, controlPlane, multicluster, viz } = chartValues(cluster);
      // Only the enterprise chart has it.
      const { licenseSecret, ...known } = controlPlane;
      expect(licenseSecret).toBe("buoyant-license");
      return [
        render("linkerd-crds", crds),
        render("linkerd-control-plane", known),
        render("linkerd-multicluster", multicluster),
        render("linkerd-viz", viz),
      ];
    }),
  );
  const controllers = rendered
    .flat()
    .filter((manifest) => named(manifest).startsWith("Deployment/controller-"));
  expect(controllers).toHaveLength(clusters.length * (clusters.length - 1));
  const taps = rendered.flat().filter((manifest) => named(manifest) === "Deployment/tap");
  expect(taps.map((tap) => at(tap, "spec", "replicas"))).toEqual(clusters.map(() => 3));
});

test("no chart pretends: every container only pauses", async () => {
  const rendered = await Promise.all([controlPlane(), multicluster({ controllers: [link("east")] })]);
  const pods = rendered.flat().flatMap((manifest) => {
    const pod = at(manifest, "spec", "template") ?? at(manifest, "spec", "jobTemplate", "spec", "template");
    return pod === undefined ? [] : [pod];
  });
  expect(pods).toHaveLength(8);
  const containers = pods.flatMap((pod) =>
    z.array(z.object({ image: z.string() })).parse(at(pod, "spec", "containers")),
  );
  for (const { image } of containers) expect(image).toMatch(/\/pause:/);
});
