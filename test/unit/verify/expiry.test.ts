import { describe, expect, it } from "vitest";
import { openFleet } from "../../../live/fleet";
import { expiring, prometheus } from "../../../ops/expiry/expiry";
import { linkedGateways } from "../../../ops/gateways/gateways";
import { readFleet } from "../../../ops/verify/read";
import type { Stored } from "../../../testing/stored";
import { VerifiedFleet } from "../../../testing/verifiedFleet";

const fleet = new VerifiedFleet();

describe("what expires", () => {
  it("is listed soonest first, with the names that the alert rules use", async () => {
    const { plan, outputs, clusters } = await openFleet(fleet.options());
    const { members } = await readFleet(plan, outputs, clusters);
    const { items, unread } = expiring({ plan, outputs }, members);
    expect(unread).toEqual([]);
    expect(items).toHaveLength(1 + 2 * (1 + 3 + 1));
    expect(items.map(({ ends }) => ends)).toEqual(items.map(({ ends }) => ends).sort((a, b) => +a - +b));
    const ends = new Date("2027-01-01T00:00:00Z");
    const item = {
      kind: "issuer",
      cluster: "us",
      name: "linkerd-identity-issuer",
      ends,
      renewal: "",
    } as const;
    expect(prometheus([item]).split("\n").slice(1)).toEqual([
      "# TYPE linkerd_fleet_expiry_timestamp_seconds gauge",
      'linkerd_fleet_expiry_timestamp_seconds{kind="issuer",cluster="us",name="linkerd-identity-issuer"} 1798761600',
      "",
    ]);
  });
});

describe("the gateways", () => {
  const reports = ["us", "/api/v1/endpoints", "reports-eu"] as const;
  const seen = async () => {
    const { plan, outputs, clusters } = await openFleet(fleet.options());
    const { members } = await readFleet(plan, outputs, clusters);
    return linkedGateways(plan, members).map(({ source, target, address, alive, services }) => [
      `${source} → ${target}`,
      ...[address, alive, services.join()],
    ]);
  };

  it("are known to be alive by the services that go through them, else it is not known", async () => {
    expect(await seen()).toEqual([
      ["eu → us", "198.51.100.1:4143", true, "bi/reports"],
      ["us → eu", "198.51.100.1:4143", true, "bi/reports"],
    ]);
    const dead = (mirror: Stored) => ({ ...mirror, subsets: [{ notReadyAddresses: [{}] }] });
    await fleet.with(...reports, dead, async () => expect((await seen())[1]?.[2]).toBe(false));
    await fleet.with(
      ...reports,
      () => undefined,
      async () => expect((await seen())[1]?.[2]).toBeUndefined(),
    );
  });
});
