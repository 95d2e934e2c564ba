import { closes, opens, ours, type Planted, SERVER, server } from "./objects";

const checkout = { podSelector: { matchLabels: { app: "checkout" } }, port: "http" };
const open = { ...checkout, accessPolicy: "all-unauthenticated" };

export const SERVERS: readonly Planted[] = [
  { what: "an older open Server", create: [server(open)], older: true, found: opens("Server shop/planted") },
  {
    what: "an older Server for every pod that audits",
    create: [server({ podSelector: {}, port: "http", accessPolicy: "audit" })],
    older: true,
    found: opens("Server shop/planted"),
  },
  {
    what: "an older closed Server",
    create: [server({ ...checkout, accessPolicy: "deny" })],
    older: true,
    found: closes("Server shop/planted"),
  },
  { what: "a younger open Server", create: [server(open)], found: { harmless: "the older one counts" } },
  {
    what: "an open Server of another namespace",
    create: [server(open, { namespace: "bi" })],
    older: true,
    found: { harmless: "it selects pods of its namespace" },
  },
  {
    what: "our Server, opened",
    edit: [{ of: ours, change: { spec: { accessPolicy: "all-unauthenticated" } } }],
    found: opens(`accessPolicy of the Server shop/${SERVER}`),
  },
  {
    what: "our Server, audited only",
    edit: [{ of: ours, change: { spec: { accessPolicy: "audit" } } }],
    found: opens(`accessPolicy of the Server shop/${SERVER}`),
  },
  {
    what: "our Server for other pods",
    edit: [{ of: ours, change: { spec: { podSelector: { matchLabels: { app: "nobody" } } } } }],
    found: opens("the default policy"),
  },
  {
    what: "our Server for opaque bytes",
    edit: [{ of: ours, change: { spec: { proxyProtocol: "opaque" } } }],
    found: closes(`Server shop/${SERVER}`),
  },
];
