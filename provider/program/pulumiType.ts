/**
 * Whether a value has that type in the engine, of this or of another copy of this package, and of a policy pack too: as in the
 * SDK's generated packages, nothing else is compared.
 */
export function isOfType(type: string, value: unknown): boolean {
  return (value as { __pulumiType?: unknown } | null | undefined)?.__pulumiType === type;
}
