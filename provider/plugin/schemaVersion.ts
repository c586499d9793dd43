/**
 * The version of the schema, and what the plugin says it is. SDKs send it, and it becomes part of the default provider's name,
 * whose id is the salt of the ClientTokens: so it stays the same when the package is upgraded.
 */
export const SCHEMA_VERSION = "1.0.0";
