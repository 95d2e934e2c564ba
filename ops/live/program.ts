/** The program could not begin: no stack, no stack file, a wrong option. */
const CANNOT_BEGIN = 3;

/** Ends this process with the code that `main` gives, or with the words of its error. */
export function runProgram(main: () => Promise<number>): void {
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : String(error));
      process.exitCode = CANNOT_BEGIN;
    },
  );
}
