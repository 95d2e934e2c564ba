import { describe, expect, it } from "vitest";
import { proxyOf } from "../../../live/proxy";

describe("the proxy of the environment", () => {
  const server = "https://api.eu.example.com:6443";
  it.each([
    ["no variable", server, {}, undefined],
    ["HTTPS_PROXY", server, { HTTPS_PROXY: "http://proxy:3128" }, "http://proxy:3128/"],
    ["its lower case", server, { https_proxy: "proxy:3128" }, "http://proxy:3128/"],
    ["a SOCKS proxy", server, { HTTPS_PROXY: "socks5://proxy" }, "socks5://proxy"],
    ["HTTP_PROXY alone", server, { HTTP_PROXY: "http://proxy" }, undefined],
    ["HTTP_PROXY, for a plain server", "http://api", { HTTP_PROXY: "http://proxy" }, "http://proxy/"],
    ["ALL_PROXY, which Go does not know", server, { ALL_PROXY: "http://proxy" }, undefined],
    ["this machine", "https://127.0.0.1:6443", { HTTPS_PROXY: "http://proxy" }, undefined],
    ["this machine by IPv6", "https://[::1]:6443", { HTTPS_PROXY: "http://proxy" }, undefined],
    ["this machine by name", "https://localhost:6443", { HTTPS_PROXY: "http://proxy" }, undefined],
  ])("is what Go takes: %s", (_, url, env, expected) => {
    expect(proxyOf(new URL(url), env)?.href).toBe(expected);
  });

  it.each([
    [server, "*", false],
    [server, "api.eu.example.com", false],
    [server, " example.org , EXAMPLE.com", false],
    [server, ".example.com", false],
    [server, "*.example.com", false],
    [server, "eu.example.com:6443", false],
    [server, "eu.example.com:443", true],
    [server, "ample.com", true],
    ["https://example.com", ".example.com", true],
    ["https://example.com", "*.example.com", true],
    ["https://10.1.2.3", "10.1.2.3", false],
    ["https://10.1.2.3", "10.1.2.3:443", false],
    ["https://10.1.2.3", "10.0.0.0/8", false],
    ["https://11.1.2.3", "10.0.0.0/8", true],
    ["https://10.1.2.3", "10.1.2", true],
    ["https://[fd00::1]", "fd00::/8", false],
    ["https://[fd00::1]", "[fd00::1]:443", false],
    ["https://[fd00::1]", "fd00::1", false],
    ["https://[fd00::1]", "fd00::2,10.0.0.0/8", true],
    [server, ",,/,10.0.0.0/99,:443", true],
  ])("for %s and NO_PROXY=%s: %s", (url, excluded, isUsed) => {
    const found = proxyOf(new URL(url), { HTTPS_PROXY: "http://proxy", NO_PROXY: excluded });
    expect(found !== undefined).toBe(isUsed);
  });
});
