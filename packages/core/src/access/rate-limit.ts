/** Counts events per key in fixed windows; forgets keys of past windows. */
export interface RateLimit {
  isOver(key: string): boolean;
  count(key: string): void;
}

export function createRateLimit({most, perMs}: {readonly most: number; readonly perMs: number}): RateLimit {
  let counts = new Map<string, number>();
  let began = performance.now();
  const turn = () => {
    if (performance.now() - began < perMs) return;
    counts = new Map();
    began = performance.now();
  };
  return {
    isOver(key) {
      turn();
      return (counts.get(key) ?? 0) >= most;
    },
    count(key) {
      turn();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    },
  };
}
