/** Why there are no credentials, and what to do: a message that contains no secret. */
export class CredentialsReason extends Error {}

/** The configured credentials are not available. */
export class CredentialsError extends Error {
  constructor(source: string, cause: unknown) {
    const reason =
      cause instanceof CredentialsReason
        ? cause.message
        : `${reasonWithoutSecrets(cause)}. Check that setting.`;
    super(`There are no credentials from ${source}: ${reason}`);
    this.name = "CredentialsError";
  }
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

/** No credentials were found. The message lists every place that was searched. */
export class MissingCredentialsError extends Error {
  /**
   * @param choice what to do, and the places that were searched first
   * @param failures why the last places had none, in their order
   */
  constructor(
    { advice, searched }: { advice: string; searched: readonly string[] },
    failures: readonly unknown[],
  ) {
    const last = ["~/.alibabacloud/credentials", "the RAM role of this ECS instance"];
    const reasons = failures.map((failure) => `: ${reasonWithoutSecrets(failure)}`);
    const places = [...searched, ...last.map((place, index) => place + (reasons[index] ?? ""))];
    super(
      `No Alibaba Cloud credentials were found. ${advice} Searched:` +
        places.map((place) => `\n  - ${place}`).join(""),
    );
    this.name = "MissingCredentialsError";
  }
}
