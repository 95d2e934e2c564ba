import { describe, expect, it } from "vitest";
import { toldAfter } from "../../../testing/mistakes/sound";

describe("a chart repository with a password", () => {
  const source = (more: object) => ({
    url: "https://charts.example.com",
    username: "fleet",
    password: { secret: "charts" },
    ...more,
  });
  const secrets = { charts: "PLANTED" };

  it("has it by a secret, for all charts or for one, in one cluster or in all", () => {
    expect(toldAfter((f) => (f.linkerd.source = source({})), secrets)).toEqual([]);
    expect(toldAfter((f) => (f.linkerd.charts = { crds: { source: source({}) } }), secrets)).toEqual([]);
    expect(
      toldAfter((f) => (f.clusters.eu.linkerd = { charts: { crds: { source: source({}) } } }), secrets),
    ).toEqual([]);
    expect(
      toldAfter(
        (f) => (f.linkerd.charts = { crds: { source: source({ url: "https://x.example.com/a.tgz" }) } }),
        secrets,
      ),
    ).toEqual([]);
    expect(
      toldAfter((f) => (f.linkerd.source = source({ url: "oci://docker.io.example.com:5000/x" })), secrets),
    ).toEqual([]);
  });

  it.each([
    ["password in plain text", { password: "PLANTED" }, "linkerd.source.password", "--secret"],
    ["secret that is not set", { password: { secret: "none" } }, "linkerd.source.password.secret", "not set"],
    ["password without a user", { username: undefined }, "linkerd.source.username", "add it"],
    [
      "Docker Hub",
      { url: "oci://registry-1.docker.io/x" },
      "linkerd.source.password",
      "helm registry login registry-1.docker.io",
    ],
    [
      "Docker Hub by its short name",
      { url: "oci://docker.io/x" },
      "linkerd.source.password",
      "helm registry",
    ],
    ["path", { url: "./charts" }, "linkerd.source.password", "path as text"],
    [
      "URL with another password",
      { url: "https://a:PLANTED@charts.example.com" },
      "linkerd.source.url",
      "username",
    ],
    ["misspelt key", { user: "x" }, "linkerd.source.user", "username"],
  ])("is told of a %s", (_, more, path, word) => {
    const used = JSON.stringify(source(more)).includes('"charts"') ? secrets : {};
    const messages = toldAfter((f) => (f.linkerd.source = source(more)), used);
    expect(messages).toHaveLength(1);
    expect(messages[0]?.startsWith(`${path}: `)).toBe(true);
    expect(messages[0]).toContain(word);
    expect(messages[0]).not.toContain("PLANTED");
  });

  it("in the values of a chart is told as a secret in plain text", () => {
    const values = { proxy: { from: "https://fleet:PLANTED@charts.example.com/x" } };
    expect(toldAfter((f) => (f.linkerd.charts = { controlPlane: { values } }))).toEqual([
      expect.stringMatching(/^linkerd\.charts\.controlPlane\.values\.proxy\.from: looks like a secret/),
    ]);
  });
});
