import type { Plugin, Resource } from "./provider";
import { certificates } from "./tls/certificates";
import { privateKey } from "./tls/keys";

const resources: Record<string, Resource> = {
  "tls:index/privateKey:PrivateKey": privateKey,
  ...certificates,
};

/** The `tls` plugin: real keys and real X.509. */
export const plugin: Plugin = { name: "tls", resource: (type) => resources[type] };
