import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { accessOf, mergeKubeconfigs, parseKubeconfig } from "../../../fleet/clusters/kubeconfig";
import { kubeconfigIn, kubeconfigProblem } from "../../../fleet/clusters/storedKubeconfig";

const SECRET = "planted-secret";
const cluster = { server: "https://eu.example.com" };
const kubeconfig = (parts: { cluster?: object; user?: object; more?: object } = {}) => ({
  clusters: [{ name: "eu", cluster: { ...cluster, ...parts.cluster } }],
  users: [{ name: "admin", user: { token: SECRET, ...parts.user } }],
  contexts: [{ name: "eu", context: { cluster: "eu", user: "admin" } }],
  "current-context": "eu",
  ...parts.more,
});
const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "aws", interactiveMode: "Never" };

describe("a stored kubeconfig", () => {
  it.each([
    ["by a token", {}],
    ["by files that are found wherever it stands", { cluster: { "certificate-authority": "/etc/ca.pem" } }],
    ["by an exec plugin of PATH", { user: { token: undefined, exec } }],
    [
      "by an exec plugin at a path",
      { user: { token: undefined, exec: { ...exec, command: "C:\\bin\\aws.exe" } } },
    ],
    ["beside entries that are not whole", { more: { users: [{ name: "admin", user: {} }, { name: "x" }] } }],
  ])("is good that opens its cluster %s, as YAML and as JSON", (_, parts) => {
    expect(kubeconfigProblem(stringify(kubeconfig(parts)), "eu")).toBeUndefined();
    expect(kubeconfigProblem(JSON.stringify(kubeconfig(parts)), undefined)).toBeUndefined();
  });

  it.each([
    ["is no YAML", `{ token: ${SECRET}`, "cannot be read as YAML"],
    ["is a text", SECRET, "is no kubeconfig: it is no map with clusters"],
    ["is a list", [SECRET], "is no kubeconfig: it is no map with clusters"],
    ["is nothing", "", "is no kubeconfig: it lists no clusters or no contexts"],
    ["is another kind of object", { kind: "Secret", token: SECRET }, "is no kubeconfig: kind cannot be read"],
    [
      "lacks the context",
      kubeconfig({ more: { contexts: [{ name: "a" }, { name: "b" }] } }),
      'no context "eu"; it has "a", "b"',
    ],
    [
      "lacks its cluster",
      kubeconfig({ more: { clusters: [{ name: "us", cluster }] } }),
      'no cluster "eu", which the context "eu" names',
    ],
    ["lacks its user", kubeconfig({ more: { users: [] } }), 'no user "admin", which the context "eu" names'],
    ["lacks the server", kubeconfig({ cluster: { server: "" } }), 'no server for the cluster "eu"'],
    [
      "was printed without --raw",
      kubeconfig({ cluster: { "certificate-authority-data": "DATA+OMITTED" } }),
      "has its secrets left out",
    ],
    [
      "was printed without --raw, by a token",
      kubeconfig({ user: { token: "REDACTED" } }),
      "has its secrets left out",
    ],
    [
      "names a file beside it",
      kubeconfig({ cluster: { "certificate-authority": "ca.pem" } }),
      "by a relative path (ca.pem)",
    ],
    [
      "names a token's file beside it",
      kubeconfig({ user: { tokenFile: "./token" } }),
      "by a relative path (./token)",
    ],
    [
      "names a plugin beside it",
      kubeconfig({ user: { exec: { ...exec, command: "./aws" } } }),
      "exec command by a relative path (./aws)",
    ],
    [
      "has a plugin without a command",
      kubeconfig({ user: { exec: { ...exec, command: "" } } }),
      "exec plugin without a command",
    ],
    [
      "has data that is no base64",
      kubeconfig({ user: { "client-key-data": SECRET } }),
      "users.0.user.client-key-data cannot be read",
    ],
    [
      "has a certificate without a key",
      kubeconfig({ user: { "client-certificate": "/c" } }),
      "without its client-key",
    ],
    [
      "has a server that is no URL",
      kubeconfig({ cluster: { server: "https:/eu.example.com" } }),
      'a server for the cluster "eu" that is no URL',
    ],
    [
      "has a server with a line break",
      kubeconfig({ cluster: { server: "https://eu.example.com\n" } }),
      'a server for the cluster "eu" that is no URL',
    ],
    [
      "has a proxy without a host",
      kubeconfig({ cluster: { "proxy-url": "http://" } }),
      'a proxy-url for the cluster "eu"',
    ],
    [
      "has a token with a line break",
      kubeconfig({ user: { token: `${SECRET}\n` } }),
      "token with a line break",
    ],
    [
      "has an authority that is no certificate",
      kubeconfig({ cluster: { "certificate-authority-data": btoa(SECRET) } }),
      "certificate-authority-data that holds no PEM certificate",
    ],
    [
      "has a certificate and a key that are none",
      kubeconfig({
        user: {
          token: undefined,
          "client-certificate-data": btoa(SECRET),
          "client-key-data": btoa(SECRET),
        },
      }),
      "do not belong together or cannot be read",
    ],
    ["has a token that is no text", kubeconfig({ user: { token: 17 } }), "users.0.user.token cannot be read"],
    [
      "has arguments that are one text",
      kubeconfig({ user: { exec: { ...exec, args: SECRET } } }),
      "users.0.user.exec.args cannot be read",
    ],
  ])("is told that %s, without being quoted", (_, content, words) => {
    const problem = kubeconfigProblem(typeof content === "string" ? content : stringify(content), "eu");
    expect(problem).toContain(words);
    expect(problem).not.toContain(SECRET);
  });

  it("never makes the reader throw, whatever is stored", () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc.anything().map((value) => JSON.stringify(value) ?? ""),
    );
    fc.assert(
      fc.property(anything, fc.option(fc.string(), { nil: undefined }), (content, context) => {
        expect(["string", "undefined"]).toContain(typeof kubeconfigProblem(content, context));
      }),
    );
  });
});

describe("another stack's output", () => {
  const from = { stack: "acme/infra/eu", output: "kubeconfig" };
  const content = stringify(kubeconfig());

  it("is a kubeconfig as a text, or as the map that some programs make", () => {
    expect(kubeconfigIn({ kubeconfig: content }, from, "eu")).toEqual({ value: content });
    expect(kubeconfigIn({ kubeconfig: kubeconfig() }, from, "eu")).toEqual({
      value: JSON.stringify(kubeconfig()),
    });
  });

  it.each([
    ["there is no such stack", undefined, "there is no stack acme/infra/eu"],
    ["it has no outputs", {}, "stack acme/infra/eu has no output kubeconfig; it has none"],
    ["it has others", { a: 1, b: SECRET }, "stack acme/infra/eu has no output kubeconfig; it has a, b"],
    [
      "it is something else",
      { kubeconfig: [SECRET] },
      "the output kubeconfig of stack acme/infra/eu is no kubeconfig",
    ],
    [
      "it lacks the context",
      { kubeconfig: kubeconfig({ more: { contexts: [{ name: "x" }] } }) },
      'has no context "eu"; it has "x"',
    ],
  ])("is told where %s, without being quoted", (_, outputs, words) => {
    const found = kubeconfigIn(outputs, from, "eu");
    expect(found).toEqual({ problem: expect.stringContaining(words) });
    expect(JSON.stringify(found)).not.toContain(SECRET);
  });
});

describe("several kubeconfigs", () => {
  const names = fc.constantFrom("a", "b", "c");
  const file = fc.record({
    "current-context": fc.option(names, { nil: "" }),
    clusters: fc.uniqueArray(
      names.map((name) => ({ name })),
      { selector: ({ name }) => name },
    ),
  });

  it("are one, in which the first wins, entry by entry", () => {
    fc.assert(
      fc.property(fc.array(file), (files) => {
        const numbered = files.map((one, at) => ({
          ...one,
          clusters: one.clusters.map(({ name }) => ({ name, cluster: { server: `https://${at}` } })),
        }));
        const configs = numbered.map((one) => {
          const parsed = parseKubeconfig(JSON.stringify(one));
          if ("problem" in parsed) throw new Error(parsed.problem);
          return parsed.value;
        });
        const merged = mergeKubeconfigs(configs);
        expect(merged.currentContext).toBe(files.map((one) => one["current-context"]).find(Boolean) ?? "");
        for (const name of ["a", "b", "c"]) {
          const first = numbered.flatMap(({ clusters }) => clusters).find((one) => one.name === name);
          expect(merged.clusters.get(name)?.server).toBe(first?.cluster.server);
        }
      }),
    );
  });

  it("that have no context in common with what is asked for are told with what they have", () => {
    const parsed = parseKubeconfig(JSON.stringify(kubeconfig()));
    if ("problem" in parsed) throw new Error(parsed.problem);
    expect(accessOf(parsed.value, "us")).toEqual({ problem: 'has no context "us"; it has "eu"' });
    expect(accessOf(mergeKubeconfigs([]), "us")).toEqual({ problem: 'has no context "us"; it has none' });
  });
});
