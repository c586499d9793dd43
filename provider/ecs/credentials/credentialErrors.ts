/** The configured credentials are not available. */
export class CredentialsError extends Error {
  constructor(source: string, cause: unknown) {
    super(`There are no credentials from ${source}: ${reasonWithoutSecrets(cause)}. Check that setting.`);
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
  constructor(searched: readonly string[]) {
    const places = [
      ...searched,
      "environment variables ALIBABA_CLOUD_ROLE_ARN with ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE",
      "~/.aliyun/config.json (the profile of the Alibaba Cloud CLI)",
      "~/.alibabacloud/credentials",
      "the RAM role of this ECS instance",
      "environment variable ALIBABA_CLOUD_CREDENTIALS_URI",
    ];
    super(
      "No Alibaba Cloud credentials were found. Set them with `pulumi config set --secret alicloud:accessKey …` and " +
        "`pulumi config set --secret alicloud:secretKey …`, or in the environment. Searched:" +
        places.map((place) => `\n  - ${place}`).join(""),
    );
    this.name = "MissingCredentialsError";
  }
}
