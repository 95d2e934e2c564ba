import { describe, expect, it } from "vitest";
import { planFleet } from "../../../fleet/plan";
import { certificateNotes } from "../../../fleet/trust/dates";
import { selfSigned } from "../../../testing/certificates";
import { cluster, fleetOf } from "../../../testing/fleets";

const P256 = { curve: "P-256" } as const;
const NOW = new Date("2026-08-01T00:00:00Z");

/** What a preview on that day warns of. */
function notes(
  anchor: Parameters<typeof selfSigned>[1],
  more: { issuer?: Parameters<typeof selfSigned>[1]; ca?: string; state?: string; hours?: number } = {},
): string[] {
  const root = selfSigned(P256, anchor);
  const issuer = more.issuer && {
    certificate: selfSigned(P256, { ...more.issuer, signer: root }).pem,
    privateKey: { secret: "issuer" },
  };
  const state = more.state ?? "active";
  const anchors = [
    { id: "given", state, certificate: root.pem, privateKey: { secret: "root" } },
    ...(state === "active" ? [] : [{ id: "own", state: "active" }]),
  ];
  const settings = { ...(issuer && { issuer }), ...(more.ca !== undefined && { ca: more.ca }) };
  const config = fleetOf(
    { us: cluster("us", settings), eu: cluster("eu") },
    { trust: { anchors, ...(more.hours && { issuer: { lifetimeHours: more.hours } }) } },
  );
  return certificateNotes(planFleet(config), NOW);
}

describe("the dates of given certificates", () => {
  it("that cover what they sign are no matter", () => {
    expect(notes({ from: 2025, to: 2045 }, { issuer: { from: 2025, to: 2030 } })).toEqual([]);
    expect(notes({ from: 2025, to: 2027 }, { hours: 2_000 })).toEqual([]);
    expect(notes({ from: 2025, to: 2027 }, { state: "retiring" })).toEqual([]);
    expect(notes({}, { ca: selfSigned(P256).pem })).toEqual([]);
  });

  it.each([
    [
      "an anchor that expired",
      { from: 2015, to: 2020 },
      {},
      /^trust\.anchors\[0\]\.certificate expired on 2020-01-01/,
    ],
    [
      "a retiring anchor that expired",
      { from: 2015, to: 2020 },
      { state: "retiring" },
      /^trust\.anchors\[0\]\.certificate expired on 2020-01-01/,
    ],
    [
      "an anchor of the future",
      { from: 2030, to: 2040 },
      {},
      /^trust\.anchors\[0\]\.certificate is not valid before 2030-01-01/,
    ],
    [
      "an anchor that ends before its issuers",
      { from: 2025, to: 2027 },
      {},
      /^trust\.anchors\[0\]\.certificate ends on 2027-01-01, before the issuers that it signs now \(trust\.issuer\.lifetimeHours: 8760\)/,
    ],
    [
      "an issuer that expired",
      {},
      { issuer: { from: 2025, to: 2026 } },
      /^clusters\.us\.issuer\.certificate expired on 2026-01-01/,
    ],
    [
      "an issuer of the future",
      {},
      { issuer: { from: 2027, to: 2028 } },
      /^clusters\.us\.issuer\.certificate is not valid before 2027-01-01/,
    ],
    [
      "an issuer that outlives its anchor",
      { from: 2025, to: 2030 },
      { issuer: { from: 2025, to: 2031 } },
      /^clusters\.us\.issuer\.certificate is valid until 2031-01-01, longer than .* \(2030-01-01\)/,
    ],
    [
      "an API server's authority that expired",
      {},
      { ca: `${selfSigned(P256).pem}${selfSigned(P256, { from: 2015, to: 2020 }).pem}` },
      /^clusters\.us\.ca expired on 2020-01-01/,
    ],
  ] as const)("are told with their place: %s", (_, anchor, more, words) => {
    expect(notes(anchor, more)).toEqual([expect.stringMatching(words)]);
    expect(notes(anchor, more)[0]).toContain(" → ");
  });
});
