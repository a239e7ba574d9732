import {Box} from 'ink';
import {countOf, formatSpan} from '../../output/amounts.ts';
import {textWidth} from '../../output/width.ts';
import {terminalName} from '../../output/views/terminals.ts';
import {tables, isTable} from '../pages/tables.ts';
import {asks} from '../pages/facts.ts';
import type {PageName, Place} from '../places.ts';
import {colourOf} from '../theme.ts';
import {gridPage, isTiled} from '../panes.ts';
import {targetOf, thingOf} from '../rows.ts';
import {memoryOf, placeOf, type State} from '../state.ts';
import {Line} from './Lines.tsx';

/** Where one is, and how the server is; on the right what there is. */
export function Header({state}: {readonly state: State}) {
  const {columns, look} = state;
  const right = ` ${totals(state)} `;
  const left = ` Boxyard  ${crumbs(state)}  ${linkText(state)}`;
  const isOff = state.link.status === 'offline';
  const width = Math.max(0, columns - textWidth(right));
  // Side by side they would be one line and a space: more than there is room for.
  if (look.isLinear) return <Line text={`${left} ${right}`} width={columns} />;
  return (
    <Box width={columns}>
      <Line text={left} width={width} isInverse isBold colour={isOff ? colourOf(look.theme, 'bad') : undefined} />
      <Line text={right} width={columns - width} isInverse />
    </Box>
  );
}

const crumbs = (state: State): string => state.places.map(place => crumb(state, place)).join(' › ');

function crumb(state: State, {page, subject}: Place): string {
  const {data} = state;
  const filter = memoryOf(state, page).filter;
  if (subject === undefined)
    return (
      (page === 'home' ? 'Home' : page === 'grid' ? gridText(state, 'Grid') : pageText(state, page)) + (filter === '' ? '' : ` /${filter}`)
    );
  const job = data.jobs.get(subject);
  if (job !== undefined) return job.devbox !== undefined && job.name !== undefined ? terminalName(job) : subject.slice(0, 10);
  const target = targetOf(state, subject);
  return target.is === 'none' || target.is === 'image' ? subject : ((thingOf(target) as {readonly name?: string}).name ?? subject);
}

function pageText(state: State, page: PageName): string {
  if (!isTable(page)) return page;
  const {title} = tables[page];
  return isTiled(state) && placeOf(state).page === page ? gridText(state, title) : title;
}

function gridText(state: State, title: string): string {
  const {from, to, of} = gridPage(state);
  return to - from === of ? title : `${title} ${from + 1}–${to} of ${of}`;
}

function linkText({link, unread, now, isReadOnly, server, look}: State): string {
  const mark = (shape: string) => (look.isLinear ? '' : `${shape} `);
  const reading = isReadOnly ? '  read-only' : '';
  if (link.status === 'online' && unread !== undefined)
    return `${mark('▲')}not read for ${formatSpan(now - unread.since)}: what you see may be old${reading}`;
  if (link.status === 'online') return `${mark('●')}${server.replace(/^https?:\/\//, '')}${reading}`;
  if (link.status === 'connecting') return `${mark('○')}connecting${reading}`;
  return `${mark('▲')}offline for ${formatSpan(now - link.since)}: what you see is as old${reading}`;
}

function totals({data, columns, look}: State): string {
  const jobs = [...data.jobs.values()];
  const asking = jobs.filter(asks).length;
  const active = jobs.filter(job => job.state !== 'ended').length;
  const parts = [
    asking === 0 ? '' : `${look.isLinear ? '' : '◆ '}${asking} ${asking === 1 ? 'asks' : 'ask'}`,
    columns < 80 ? '' : countOf(data.workers.size, 'worker'),
    countOf(data.devboxes.size, 'DevBox', 'DevBoxes'),
    columns < 80 ? '' : countOf(active, 'job'),
  ];
  return parts.filter(Boolean).join('  ');
}
