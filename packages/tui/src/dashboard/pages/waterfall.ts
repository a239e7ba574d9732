import type {JobView} from '@boxyard/core/api';

const barColumns = 30;

/** The phases of a start under each other, each where it began and as long as it took. */
export function waterfall({phases, createdAt}: JobView, now: number, hasBars = true): readonly string[] {
  if (phases.length === 0) return [];
  const begin = Date.parse(createdAt);
  const spans = phases.map(phase => ({
    name: phase.name,
    from: Date.parse(phase.startedAt) - begin,
    to: (phase.endedAt === undefined ? now : Date.parse(phase.endedAt)) - begin,
    isOpen: phase.endedAt === undefined,
    detail: phase.detail,
  }));
  const whole = Math.max(1, ...spans.map(({to}) => to));
  const nameWidth = Math.max(...spans.map(({name}) => name.length));
  return spans.map(({name, from, to, isOpen, detail}) => {
    const before = Math.min(barColumns - 1, Math.round((Math.max(0, from) / whole) * barColumns));
    const long = Math.max(1, Math.min(barColumns - before, Math.round(((to - from) / whole) * barColumns)));
    const bar = `${' '.repeat(before)}${'█'.repeat(long)}`.padEnd(barColumns);
    return `  ${name.padEnd(nameWidth)}  ${hasBars ? `${bar}  ` : ''}${((to - from) / 1000).toFixed(1)} s${isOpen ? ' so far' : ''}${detail === undefined ? '' : `  ${detail}`}`;
  });
}
