import type { Plugin, Resource } from "../provider";
import { certificates } from "./certificates";
import { privateKey } from "./keys";

const resources: Record<string, Resource> = {
  "tls:index/privateKey:PrivateKey": privateKey,
  ...certificates,
};

/** The `tls` plugin: real keys and real X.509. */
export const plugin: Plugin = { name: "tls", resource: (type) => resources[type] };
