import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admits } from "../../../ops/poc/admits";

const object = (name: string, spec: Record<string, unknown>) => ({
  metadata: { name, namespace: "shop", labels: {}, annotations: {} },
  spec,
});
const CALLERS = { kind: "MeshTLSAuthentication", name: "callers" };
const TO_SERVER = { kind: "Server", name: "http" };

/** A closed Server, opened to `identities` by one policy. */
function granted(identities: string[], change: { server?: object; policy?: object } = {}) {
  return {
    servers: [object("http", { accessPolicy: "deny", ...change.server })],
    policies: [
      object("open", { targetRef: TO_SERVER, requiredAuthenticationRefs: [CALLERS], ...change.policy }),
    ],
    meshTls: [object("callers", { identities })],
  };
}

const label = fc.stringMatching(/^[a-z]{1,8}$/);
const identity = fc.tuple(label, label).map(([account, namespace]) => `${account}.${namespace}.id.local`);

describe("whom policy objects let in", () => {
  it("exactly the identities that are named", () => {
    fc.assert(
      fc.property(fc.array(identity), identity, (named, caller) => {
        expect(admits(caller, "http", granted(named)).length > 0).toBe(named.includes(caller));
      }),
    );
  });

  it("everybody for `*`, whoever ends so for `*.suffix`, and nobody else", () => {
    fc.assert(
      fc.property(identity, label, (caller, other) => {
        const suffix = caller.slice(caller.indexOf("."));
        expect(admits(caller, "http", granted(["*"]))).toEqual(["AuthorizationPolicy open"]);
        expect(admits(caller, "http", granted([`*${suffix}`]))).toEqual(["AuthorizationPolicy open"]);
        expect(admits(caller, "http", granted([`*.${other}${caller}`]))).toEqual([]);
      }),
    );
  });

  it.each([
    ["no Server", { ...granted([]), servers: [] }],
    ["an open Server", granted([], { server: { accessPolicy: "all-unauthenticated" } })],
    [
      "a policy of the namespace",
      granted(["a"], { policy: { targetRef: { kind: "Namespace", name: "shop" } } }),
    ],
    ["a policy that asks for nothing", granted([], { policy: { requiredAuthenticationRefs: [] } })],
  ])("lets in by %s", (_, objects) => {
    expect(admits("a", "http", objects)).toHaveLength(1);
  });

  it.each([
    [
      "a policy of another Server",
      granted(["a"], { policy: { targetRef: { kind: "Server", name: "admin" } } }),
    ],
    ["an authentication that is missing", { ...granted([]), meshTls: [] }],
    [
      "a policy that asks for a network of the cluster too",
      granted(["a"], {
        policy: { requiredAuthenticationRefs: [CALLERS, { kind: "NetworkAuthentication", name: "local" }] },
      }),
    ],
  ])("does not let in by %s", (_, objects) => {
    expect(admits("a", "http", objects)).toEqual([]);
  });
});
