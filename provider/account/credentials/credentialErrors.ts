/** Why there are no credentials, and what to do: a message that contains no secret. */
export class CredentialsReason extends Error {}

/** What `read` returns, or the reason that it throws. */
export function orReason<T>(read: () => T): T | CredentialsReason {
  try {
    return read();
  } catch (error) {
    if (error instanceof CredentialsReason) {
      return error;
    }
    throw error;
  }
}

/** There are no credentials. The message says where they were expected, and contains no secret. */
export class CredentialsError extends Error {
  override readonly name = "CredentialsError";
}

/** The credentials that are configured are not available. */
export function unavailable(description: string, cause: unknown): CredentialsError {
  const reason =
    cause instanceof CredentialsReason
      ? cause.message
      : `${reasonWithoutSecrets(cause)}. Check that setting.`;
  return new CredentialsError(`There are no credentials from ${description}: ${reason}`);
}

/**
 * No credentials are configured, and the default chain of `@alicloud/credentials` finds none.
 *
 * @param advice what to do
 * @param searched the places that were searched before
 * @param failures why the chain's own places had none, in their order
 */
export function noneFound(
  advice: string,
  searched: readonly string[],
  failures: readonly unknown[],
): CredentialsError {
  const chain = ["~/.alibabacloud/credentials", "the RAM role of this ECS instance"];
  const places = [
    ...searched,
    ...chain.map((place, index) => `${place}: ${reasonWithoutSecrets(failures[index])}`),
  ];
  return new CredentialsError(
    `No Alibaba Cloud credentials were found. ${advice} Searched:` +
      places.map((place) => `\n  - ${place}`).join(""),
  );
}

/** The messages of `@alicloud/credentials` quote whole answers and files: only codes and statuses are taken from them. */
function reasonWithoutSecrets(error: unknown): string {
  const { message, code } = error as { message?: unknown; code?: unknown };
  const text = typeof message === "string" ? message : "";
  const serviceCode = /"Code"\s*:\s*"([\w.]+)"/.exec(text)?.[1];
  const status = /httpStatus: (\d{3})/.exec(text)?.[1];
  if (serviceCode !== undefined || status !== undefined) {
    return [serviceCode, status === undefined ? undefined : `HTTP ${status}`].filter(Boolean).join(", ");
  }
  if (typeof code === "string") {
    return code;
  }
  return /timeout/i.test(text) ? "the request timed out" : "they cannot be read";
}
