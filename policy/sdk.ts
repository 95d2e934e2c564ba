/** Every contact with parts of the policy SDK that are not documented. */
import type { Policies, ReportViolation, Severity } from "@pulumi/policy";
import { type Analyze, makeAnalyzeRpcFun, makeAnalyzeStackRpcFun } from "@pulumi/policy/server";
import type * as proto from "@pulumi/pulumi/proto/analyzer_pb";
import type { Level } from "./profile";

export type { Analyze };
export { makeAnalyzeRpcFun, makeAnalyzeStackRpcFun };

// The SDK exports it; its types do not.
declare module "@pulumi/policy/server" {
  type Analyze<Request> = (
    call: { readonly request: Request },
    answer: (error: Error | undefined, response: proto.AnalyzeResponse) => void,
  ) => Promise<void>;
  type Make<Request> = (pack: string, version: string, level: string, policies: Policies) => Analyze<Request>;
  export const makeAnalyzeRpcFun: Make<proto.AnalyzeRequest>;
  export const makeAnalyzeStackRpcFun: Make<proto.AnalyzeStackRequest>;
}

/** The SDK's mark of a text that a preview does not know (`@pulumi/policy/proxy.js`). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/**
 * What the SDK takes in place of a message (`@pulumi/policy/server.js`, `makeReportViolationFun`); its types do not
 * tell. It gives each rule its own name and level.
 */
export interface Violation {
  readonly name: string;
  readonly message: string;
  readonly description: string;
  readonly severity: Severity;
  readonly enforcementLevel?: Exclude<Level, "disabled">;
  readonly urn?: string;
}

export function reportViolation(report: ReportViolation, violation: Violation): void {
  (report as unknown as (violation: Violation) => void)(violation);
}
