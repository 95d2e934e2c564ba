import { expect, it } from "vitest";
import { fleetsIn, outputsOf } from "../../../fleet/outputs/find";
import { describeFleet } from "../../../fleet/outputs/write";
import { parseOutputs } from "../../../live/outputs";
import { JudgedFleet } from "../../../policy/fleet";
import { PreviewValue } from "../../../policy/previewValue";
import { meshPlan } from "../../../testing/fleets";

const made = { gatewayAddresses: {}, sourcesOfTruth: [], trustBundle: "PEM" };
const outputs = describeFleet(meshPlan(2), made, { complete: true, last: {} });
const other = describeFleet(meshPlan(3), made, { complete: true, last: {} });

it("a fleet finds its own outputs: at the root if it has the name that this program gives, else under its name", () => {
  expect(outputsOf("fleet", outputs)).toBe(outputs);
  expect(outputsOf("fleet", { fleet: outputs, plan: "something else" })).toBe(outputs);
  expect(outputsOf("blue", { blue: outputs, green: other })).toBe(outputs);
  expect(outputsOf("blue", outputs)).toEqual({});
});

it("verbs read the one fleet of a stack wherever it stands, and name several", () => {
  const read = (stack: object) => parseOutputs(JSON.stringify(stack));
  expect(read({ endpoint: "x", mesh: outputs })).toEqual(read(outputs));
  expect([...fleetsIn({ blue: outputs, green: other, plan: {} }).keys()]).toEqual(["blue", "green"]);
  expect(() => read({ blue: outputs, green: other })).toThrow("several fleets (blue, green)");
  expect(() => read({ endpoint: "x" })).toThrow("The stack has no fleet yet");
});

it("policies read the declarations of every fleet of a stack", () => {
  const judged = (stack: object) => {
    const properties = PreviewValue.of(stack, () => {});
    const urn = "urn:pulumi:test::acme::pulumi:pulumi:Stack::test";
    return new JudgedFleet([
      { type: "pulumi:pulumi:Stack", name: "test", urn, cluster: undefined, isProtected: false, properties },
    ]);
  };
  expect(judged({ mesh: outputs, endpoint: "x" }).links).toEqual(judged(outputs).links);
  expect(judged({ blue: outputs, green: other }).links).toHaveLength(2 + 6);
  expect(judged({ blue: outputs, green: other }).anchors).toHaveLength(2);
  expect(judged({ endpoint: "x" }).links).toEqual([]);
});
