/**
 * Whether a value is a resource of that type. As in the SDK's generated packages, nothing else is compared: the resource may be of
 * another copy of this package, and a policy pack asks with an object that has only a type.
 */
export function isOfType(type: string, value: unknown): boolean {
  return (value as { __pulumiType?: unknown } | null | undefined)?.__pulumiType === type;
}
