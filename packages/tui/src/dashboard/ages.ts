/** `now` for less than half a minute, then `3m`, `2h`, `5d`: what changes every second would be drawn every second. */
export function ageText(time: string | number | undefined, now: number): string {
  if (time === undefined) return '-';
  const seconds = Math.max(0, Math.round((now - (typeof time === 'number' ? time : Date.parse(time))) / 1000));
  if (seconds < 30) return 'now';
  if (seconds < 3_600) return `${Math.max(1, Math.round(seconds / 60))}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
