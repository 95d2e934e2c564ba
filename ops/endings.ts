/** The one table of exit codes: how a verb of `fleet` ends. */
export const ENDINGS = {
  well: { code: 0, meaning: "Everything is as declared, as far as the verb can see." },
  attention: {
    code: 1,
    meaning: "Something needs your attention before the next step. Nothing is known to be broken.",
  },
  broken: { code: 2, meaning: "Something is broken: the fleet is not as declared, or a deployment failed." },
  notBegun: { code: 3, meaning: "The verb could not begin, or refused. Nothing was changed." },
} as const;

export type Ending = keyof typeof ENDINGS;
