import * as pulumi from "@pulumi/pulumi";
import { afterEach, expect, test, vi } from "vitest";
import { tell } from "../../../components/tell";

afterEach(() => vi.restoreAllMocks());

test("a person is told notes and warnings of a step, also of a refused one, which then ends the program", () => {
  const told: string[] = [];
  const hear = (kind: string) => (text: string) => {
    told.push(`${kind}: ${text}`);
    return Promise.resolve();
  };
  vi.spyOn(pulumi.log, "info").mockImplementation(hear("info"));
  vi.spyOn(pulumi.log, "warn").mockImplementation(hear("warning"));
  const step = { notes: ["a note"], warnings: ["a warning"] };

  expect(() => tell({ ...step, refusal: undefined })).not.toThrow();
  expect(() => tell({ ...step, refusal: "not safe" })).toThrow(new pulumi.RunError("not safe"));
  expect(told).toEqual(["info: a note", "warning: a warning", "info: a note", "warning: a warning"]);
});
