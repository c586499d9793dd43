/** Removes secrets from texts: the credentials that have been used so far, and what looks like a part of a signed request. */
export class Redaction {
  private readonly secrets = new Set<string>();

  /** Values to remove from now on. */
  add(...values: (string | undefined)[]): void {
    for (const value of values) {
      // A very short value would remove ordinary words too.
      if (value !== undefined && value.length >= 4) {
        this.secrets
          .add(value)
          .add(encodeURIComponent(value))
          .add(encodeURIComponent(encodeURIComponent(value)));
      }
    }
  }

  redact(text: string): string {
    // SignatureDoesNotMatch repeats the whole string to sign, which contains access key id, nonce and token.
    let redacted = text.replace(/[\s,;:.]*server string to sign is[\s\S]*$/i, ".");
    for (const value of this.secrets) {
      redacted = redacted.replaceAll(value, "[redacted]");
    }
    return (
      redacted
        // Name and value as in a form (also encoded once or twice) or in JSON.
        .replace(
          /(AccessKeyId|SignatureNonce|Signature|SecurityToken)("\s*:\s*"|=|%(?:25)*3D)(?:(?!%(?:25)*26)[^&\s"'])+/gi,
          "$1$2[redacted]",
        )
        // A signature without its name: 20 bytes in base64.
        .replace(/[A-Za-z0-9+/]{27}=/g, "[redacted]")
    );
  }
}
