/** Ids of a tenant’s stream are two numbers: incarnation, and place in it. */
export function isAfter(a: string, b: string): boolean {
  const [aLife = 0, aNumber = 0] = a.split('-').map(Number);
  const [bLife = 0, bNumber = 0] = b.split('-').map(Number);
  return aLife === bLife ? aNumber > bNumber : aLife > bLife;
}
