/** Promise: each rule that keeps secrets out of messages works alone: a message may show a secret in one form only. */
import { expect, test } from "vitest";
import { Redaction } from "../../provider/ecs/http/redaction.ts";

/** The text without the secrets. */
const redacted = (text: string, ...secrets: (string | undefined)[]): string => {
  const redaction = new Redaction();
  redaction.add(...secrets);
  return redaction.redact(text);
};

test("a secret goes as it is, and encoded once or twice", () => {
  const secret = "a/b+c=";
  const forms = [secret, "a%2Fb%2Bc%3D", "a%252Fb%252Bc%253D"];
  expect(redacted(`one ${forms.join(" two ")} one ${secret}`, secret)).toBe(
    "one [redacted] two [redacted] two [redacted] one [redacted]",
  );
});

test("a secret of fewer than four characters would remove words, and stays", () => {
  expect(redacted("the key is abc, not abcd", "abc", undefined)).toBe("the key is abc, not abcd");
  expect(redacted("the key is abcd", "abcd")).toBe("the key is [redacted]");
});

test.each([
  // The string to sign goes, to the end of the text.
  ["Not matched. server string to sign is:POST&%2F&x", "Not matched."],
  ["Not matched ,;: Server String To Sign Is\nPOST\n&x\n", "Not matched."],
  ["server string to sign is:x", "."],
  ["Not matched. server string to sign", "Not matched. server string to sign"],
  // A value of a signed request goes, and nothing after it.
  ["SecurityToken=CAIS+x/y==&Action=Create", "SecurityToken=[redacted]&Action=Create"],
  ["AccessKeyId%3DSTS.x%26Action%3DCreate", "AccessKeyId%3D[redacted]%26Action%3DCreate"],
  ["SignatureNonce%253Dnonce%2526Action", "SignatureNonce%253D[redacted]%2526Action"],
  ['{"accesskeyid" : "LTAIx","Name":"a"}', '{"accesskeyid" : "[redacted]","Name":"a"}'],
  ["Signature=x 'Signature=y' next", "Signature=[redacted] 'Signature=[redacted]' next"],
  ["Signature= and AccessKeyId", "Signature= and AccessKeyId"],
])("what looks like a part of a signed request goes: %j", (text, expected) => {
  expect(redacted(text)).toBe(expected);
});

test("a signature without its name goes", () => {
  expect(redacted("Expected OeaHnVXzu0HtEkE0+j/Q0bFIY9A= here")).toBe("Expected [redacted] here");
  expect(redacted("not a signature: OeaHnVXzu0HtEkE0= here")).toBe("not a signature: OeaHnVXzu0HtEkE0= here");
});
