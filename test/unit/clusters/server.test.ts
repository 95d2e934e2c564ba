import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { serverAddress } from "../../../fleet/clusters/serverAddress";

describe("a server's address, as Go reads it", () => {
  it.each([
    ["https://eu.example.com", "https://eu.example.com/"],
    ["HTTPS://eu.example.com:6443//k8s/../x/?q#f", "https://eu.example.com:6443/x"],
    ["https://[2001:db8::1]", "https://[2001:db8::1]/"],
    ["https://2001:db8::1:6443", "https://[2001:db8::1]:6443/"],
    ["10.0.0.1:8080", "http://10.0.0.1:8080/"],
    ["eu", "http://eu/"],
    ["https://eu/a%2Fb%25c d", "https://eu/a/b%25c%20d"],
  ])("%s", (server, url) => {
    expect(serverAddress(server)).toMatchObject({ url: new URL(url) });
  });

  it.each([
    "",
    "https://",
    "https:///eu",
    "https:/eu",
    "eu/path",
    " https://eu",
    "https://eu ",
    "https://e u",
    "https://%31",
  ])("%j is no URL", (server) => {
    expect(serverAddress(server)).toBe("is no URL");
  });

  it("takes any text, or says what it is, and never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.ipV4Extended()), (server) => {
        expect(["object", "string"]).toContain(typeof serverAddress(server));
        expect(["object", "string"]).toContain(typeof serverAddress(`https://${server}`));
      }),
    );
  });
});
