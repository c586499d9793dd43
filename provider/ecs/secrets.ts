/** The secrets of the credentials used so far, to be kept out of messages. */
export class Secrets {
  private readonly values = new Set<string>();

  add(...values: (string | undefined)[]): void {
    for (const value of values) {
      // Very short values would blot out ordinary words.
      if (value !== undefined && value.length >= 4) {
        this.values
          .add(value)
          .add(encodeURIComponent(value))
          .add(encodeURIComponent(encodeURIComponent(value)));
      }
    }
  }

  redact(text: string): string {
    // SignatureDoesNotMatch repeats the whole string to sign, which contains access key id, nonce and token.
    let redacted = text.replace(/[\s,;:.]*server string to sign is[\s\S]*$/i, ".");
    for (const value of this.values) {
      redacted = redacted.replaceAll(value, "[redacted]");
    }
    return (
      redacted
        // Name and value as in a form (also encoded once or twice) or in JSON.
        .replace(
          /(AccessKeyId|SignatureNonce|Signature|SecurityToken)("\s*:\s*"|=|%(?:25)*3D)(?:(?!%(?:25)*26)[^&\s"'])+/gi,
          "$1$2[redacted]",
        )
        // A signature by itself: 20 bytes in base64.
        .replace(/[A-Za-z0-9+/]{27}=/g, "[redacted]")
    );
  }
}
