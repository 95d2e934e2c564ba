import { expect, it } from "vitest";
import { endpoints } from "../../../live/shapes";
import { isAlive } from "../../../ops/verify/checks/gateways";

const mirror = (name: string, subset: object) =>
  endpoints.parse({
    metadata: { name, labels: { "mirror.linkerd.io/cluster-name": "eu" } },
    subsets: [subset],
  });
const served = mirror("reports-eu", { addresses: [{ ip: "192.0.2.1" }] });
const dead = mirror("reports-eu", { notReadyAddresses: [{ ip: "192.0.2.1" }] });
const headless = mirror("db-eu", { addresses: [{ ip: "10.0.0.7", hostname: "db-0" }] });

it("a gateway is alive by the addresses that its service mirror checks, and not by those of headless mirrors", () => {
  expect(isAlive("eu", [served, headless])).toBe(true);
  expect(isAlive("eu", [dead, headless])).toBe(false);
  expect(isAlive("eu", [headless])).toBeUndefined();
  expect(isAlive("apac", [served])).toBeUndefined();
});
