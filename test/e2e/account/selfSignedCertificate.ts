/** A certificate for https servers on the loopback interface, made anew for each run: no key lies in the repository. */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** Both in PEM. */
export interface Certificate {
  key: string;
  cert: string;
}

// ASN.1's tags, of X.509 (RFC 5280) those that a minimal certificate needs.
const [boolean, integer, bits, octets, oid, utf8, time, sequence, set] = [
  0x01, 0x02, 0x03, 0x04, 0x06, 0x0c, 0x17, 0x30, 0x31,
];

/** For 127.0.0.1, localhost and these other names, valid from yesterday until tomorrow. */
export function selfSignedCertificate(...names: string[]): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = der(sequence, objectId("2a8648ce3d040302")); // ecdsa-with-SHA256
  const name = der(sequence, der(set, der(sequence, objectId("550403"), der(utf8, Buffer.from("loopback")))));
  const extensions = der(
    sequence,
    der(sequence, objectId("551d13"), der(boolean, [0xff]), der(octets, der(sequence, der(boolean, [0xff])))), // a CA
    der(
      sequence,
      objectId("551d11"), // the alternative names
      der(
        octets,
        der(
          sequence,
          der(0x87, [127, 0, 0, 1]),
          ...["localhost", ...names].map((each) => der(0x82, Buffer.from(each))),
        ),
      ),
    ),
  );
  const content = der(
    sequence,
    der(0xa0, der(integer, [2])), // version 3
    der(integer, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name,
    der(sequence, utcTime(-1), utcTime(1)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, extensions),
  );
  const signature = sign("sha256", content, privateKey);
  const certificate = der(sequence, content, algorithm, der(bits, [0], signature));
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"),
  };
}

function der(tag: number, ...parts: (Uint8Array | readonly number[])[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const length =
    body.length < 0x80
      ? [body.length]
      : body.length < 0x100
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

function objectId(encoded: string): Buffer {
  return der(oid, Buffer.from(encoded, "hex"));
}

function utcTime(daysFromNow: number): Buffer {
  const date = new Date(Date.now() + daysFromNow * 86_400_000).toISOString();
  return der(time, Buffer.from(`${date.replace(/\D/g, "").slice(2, 14)}Z`));
}
