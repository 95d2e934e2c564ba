import { beforeAll, expect, it } from "vitest";
import { ownValues } from "../../../fleet/config/fleetFile";
import { parseFleetConfig } from "../../../fleet/config/parse";
import { planFleet } from "../../../fleet/plan";
import { parseOutputs } from "../../../live/outputs";
import { judge } from "../../../ops/verify/judge";
import { readFleet } from "../../../ops/verify/read";
import { LiveFleet, meshStackFile } from "../../../testing/liveFleet";
import type { Stored } from "../../../testing/stored";

let fleet: LiveFleet;
beforeAll(async () => {
  const { config: sections } = meshStackFile(["us", "eu"]);
  const [checkout, ...others] = sections["linkerd-fleet:services"];
  const services = [{ ...checkout, pods: { part: "shop" } }, ...others];
  const { config } = parseFleetConfig({
    values: ownValues({ ...sections, "linkerd-fleet:services": services }),
    secretKeys: new Set(),
  });
  if (!config) throw new Error("no stack file");
  fleet = await LiveFleet.of(planFleet(config));
});

const isCheckout = (kind: string) => (object: Stored) =>
  object.collection === `/api/v1/${kind}` &&
  object.metadata.namespace === "shop" &&
  object.metadata.name === "checkout";

/** What `verify` says when these objects of `eu` are there instead of, or besides, what is as planned. */
async function said(change: (pod: Stored, service: Stored) => readonly Stored[]): Promise<string[]> {
  const objects = fleet.objects.get("eu") ?? [];
  const before = [...objects];
  const [pod, service] = ["pods", "services"].map((kind) => objects.find(isCheckout(kind)));
  if (!pod || !service) throw new Error("no checkout");
  const others = objects.filter((object) => object !== pod && object !== service);
  objects.splice(0, objects.length, ...others, ...change(pod, service));
  try {
    const outputs = parseOutputs(JSON.stringify(fleet.outputs()));
    return judge(await readFleet(fleet.plan, outputs, fleet.clusters())).flatMap(({ subject, findings }) =>
      findings.map(({ severity, message, remedy }) => `${severity} ${subject}: ${message} → ${remedy}`),
    );
  } finally {
    objects.splice(0, objects.length, ...before);
  }
}

const labelled = (pod: Stored, name: string, labels: Readonly<Record<string, string>>): Stored => ({
  ...pod,
  metadata: { ...pod.metadata, name, labels },
});
const selecting = (service: Stored, selector: object): Stored => ({
  ...service,
  spec: { ...(service.spec as object), selector },
});

it("a service whose `pods` are its own is well", async () => {
  expect(await said((pod, service) => [pod, service])).toEqual([]);
});

it("pods that its Servers close and that are not its own are warned of", async () => {
  const found = await said((pod, service) => [
    labelled(pod, "checkout", { part: "shop", app: "checkout" }),
    labelled(pod, "other", { part: "shop", app: "other" }),
    selecting(service, { app: "checkout" }),
  ]);
  expect(found).toEqual([
    expect.stringMatching(
      /^warning shop\/checkout in eu: the Servers of the Service shop\/checkout of eu also close the pod other, .* → in `pods` of its entry/,
    ),
  ]);
});

it("pods that are its own and that its Servers leave out are open, with what to write", async () => {
  const found = await said((pod, service) => [
    pod,
    labelled(pod, "other", { app: "checkout" }),
    labelled(pod, "checkout", { part: "shop", app: "checkout" }),
    selecting(service, { app: "checkout" }),
  ]);
  expect(found).toContainEqual(
    expect.stringMatching(
      /^error shop\/checkout in eu: port http lets in .* → let `pods` of shop\/checkout select Pod shop\/other;/,
    ),
  );
});

it("a pod without a proxy is open, with what to do", async () => {
  const unmeshed = (pod: Stored): Stored => {
    const spec = pod.spec as { containers: { name: string }[] };
    const containers = spec.containers.filter(({ name }) => name !== "linkerd-proxy");
    return { ...pod, spec: { ...spec, containers } };
  };
  expect(await said((pod, service) => [unmeshed(pod), service])).toContainEqual(
    expect.stringMatching(/port http lets in .* → let Pod shop\/checkout have a proxy .*, then restart it$/),
  );
});
