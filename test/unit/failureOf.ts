import { expect } from "vitest";

type Kind<E extends Error> = abstract new (...args: never[]) => E;

/** The error of a call that must fail, and with this kind of error. */
export async function failureOf<E extends Error = Error>(
  call: Promise<unknown>,
  kind: Kind<E> = Error as unknown as Kind<E>,
): Promise<E> {
  const error: unknown = await call.then(
    (result) => expect.fail(`The call succeeded: ${JSON.stringify(result)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(kind);
  return error as E;
}
