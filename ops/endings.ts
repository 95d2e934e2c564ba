/** The one table of exit codes: how a verb of `fleet` ends. */
export const ENDINGS = {
  well: { code: 0, meaning: "All is well, as far as it can be seen from here." },
  attention: { code: 1, meaning: "Something needs you before the next step; nothing is known to be broken." },
  broken: { code: 2, meaning: "Something is broken: the fleet is not as declared, or a deployment failed." },
  notBegun: { code: 3, meaning: "It could not begin, or refused: nothing was changed." },
} as const;

export type Ending = keyof typeof ENDINGS;
