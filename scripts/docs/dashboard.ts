import {keyText, actions} from '../../packages/tui/src/dashboard/actions/registry.ts';
import type {Context} from '../../packages/tui/src/dashboard/actions/action.ts';

const places: readonly (readonly [Context, string])[] = [
  ['home', 'Home'],
  ['list', 'Every table'],
  ['devboxes', 'DevBoxes'],
  ['jobs', 'Jobs'],
  ['sessions', 'Sessions'],
  ['workers', 'Workers'],
  ['images', 'Images'],
  ['clusters', 'Clusters'],
  ['roles', 'Roles'],
  ['webhooks', 'Webhooks'],
  ['plugins', 'Plugins'],
  ['settings', 'Settings'],
  ['displays', 'Displays: desktops side by side'],
  ['grid', 'Live terminals side by side'],
  ['job', 'One job, or one session'],
  ['devbox', 'One DevBox'],
  ['worker', 'One worker'],
  ['cluster', 'One cluster'],
  ['role', 'One role'],
  ['webhook', 'One webhook'],
  ['log', 'Where a log is shown'],
  ['any', 'Everywhere'],
];

/** The page about the dashboard; its keys come from the table that obeys them. */
export function renderDashboard(): string {
  return `# The dashboard

Generated from \`packages/tui/src/dashboard/actions\` by \`npm run docs\`.

\`boxyard\` on a terminal opens it. It opens at Home: what asks for you, then what failed, runs, is quiet or is stopped, worker by worker; on
the right what the cursor is on, live. \`enter\` takes the keyboard of a session, \`ctrl-q d\` gives it back, \`space\` goes to the next that asks.
Every change shows the command that does the same; \`@\` lists them, \`y\` copies. \`z\` takes back what can be taken back.

While a session has the keyboard: \`ctrl-q d\` leaves it, \`ctrl-q space\` goes on to the next that asks, \`ctrl-q z\` gives it the whole screen,
\`ctrl-q t\` takes it from another viewer, \`ctrl-q ctrl-q\` sends ctrl-q. When it ends, \`enter\` goes back to the keys of the dashboard; what is still typed does nothing.

\`o\` on a DevBox gives the whole terminal to its desktop, as \`boxyard display\` does; \`ctrl-q d\` comes back. \`V\` has those that are open side by
side ([displays](displays.md)). What ends or switches something off is a capital: \`O\` stops a DevBox, which \`u\` starts again.

\`boxyard dashboard --read-only\` changes nothing, \`--ascii\` draws with ASCII alone, \`--screen-reader\` (or \`ACCESSIBLE=1\`) has one pane, words
for marks and nothing drawn over. Settings: \`theme\` (terminal, dark, light, mono; unset, a light terminal has light), \`mouse\`, \`bell\`, \`leader\`; \`NO_COLOR\` is honoured. If the
terminal was left in disorder by \`kill -9\`, \`reset\` puts it right. \`boxyard watch\` prints events where there is no terminal.

${places.map(([context, title]) => section(context, title)).join('\n')}`;
}

function section(context: Context, title: string): string {
  const rows = actions
    .filter(action => action.on.includes(context))
    .map(({id, keys, title: does, danger}) => [keys.map(key => `\`${keyText(key)}\``).join(' '), does + dangerText(danger), `\`:${id}\``]);
  const widths = [0, 1, 2].map(i => Math.max(['key', 'what', 'by name'][i]!.length, ...rows.map(row => row[i]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const rule = `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`;
  return `## ${title}\n\n${[line(['key', 'what', 'by name']), rule, ...rows.map(line)].join('\n')}\n`;
}

const dangerText = (danger: 'undo' | 'ask' | 'name' | undefined): string =>
  danger === 'ask' ? ' (asks first)' : danger === 'name' ? ' (takes the name)' : '';
