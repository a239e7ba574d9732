import {Box, Text} from 'ink';
import {clip} from '../output/width.ts';
import {keymap} from './keymap.ts';

/** Drawn from the keymap, so it cannot say what the keys do not do. */
export function HelpPane({width, height}: {readonly width: number; readonly height: number}) {
  const lines = [
    ...keymap.map(binding => `  ${binding.keys.join(', ').padEnd(20)}${binding.title}`),
    '',
    '  :workers :devboxes :jobs :log   one of them on the whole screen',
    '  :run COMMAND                    the same as boxyard run -- COMMAND',
  ];
  return (
    <Box flexDirection="column" height={height}>
      {lines.slice(0, height).map((line, i) => (
        <Text key={i} wrap="truncate">
          {clip(line, width) || ' '}
        </Text>
      ))}
    </Box>
  );
}
