export interface CompletedCommand {
  /** `jobs list` */
  readonly words: string;
  readonly summary: string;
  readonly flags: readonly string[];
}

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** A script for the shell; names of objects are asked for at the time, from the hidden command `__complete`. */
export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  if (shell === 'fish') return fish(commands);
  return shell === 'zsh' ? `#compdef boxyard\nautoload -U +X bashcompinit && bashcompinit\n${bash(commands)}` : bash(commands);
}

const firstWords = (commands: readonly CompletedCommand[]) => [...new Set(commands.map(command => command.words.split(' ')[0]!))];

const verbsOf = (commands: readonly CompletedCommand[], noun: string) =>
  commands.filter(command => command.words.startsWith(`${noun} `)).map(command => command.words.slice(noun.length + 1));

function bash(commands: readonly CompletedCommand[]): string {
  const nouns = firstWords(commands);
  const verbs = nouns.filter(noun => verbsOf(commands, noun).length > 0);
  return `# boxyard completion for bash
_boxyard() {
  local cur=\${COMP_WORDS[COMP_CWORD]} one=\${COMP_WORDS[1]} two=\${COMP_WORDS[2]} words=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='${nouns.join(' ')}'
  else
    case "$one" in
${verbs.map(noun => `      ${noun}) [ "$COMP_CWORD" -eq 2 ] && words='${verbsOf(commands, noun).join(' ')}' ;;`).join('\n')}
    esac
    case "$one $two" in
${commands.map(({words, flags}) => `      '${words}'${words.includes(' ') ? '' : "' '*"}) case "$cur" in -*) words='${flags.join(' ')}' ;; esac ;;`).join('\n')}
    esac
    case "$cur" in -*) ;; *) [ -z "$words" ] && words=$(boxyard __complete "$one" "$two" 2>/dev/null) ;; esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _boxyard boxyard
`;
}

const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function fish(commands: readonly CompletedCommand[]): string {
  const lines = ['# boxyard completion for fish', 'complete -c boxyard -f'];
  for (const noun of firstWords(commands)) {
    const own = commands.find(command => command.words === noun);
    lines.push(`complete -c boxyard -n __fish_use_subcommand -a ${noun} -d ${quote(own?.summary ?? '')}`);
    for (const verb of verbsOf(commands, noun)) {
      const {summary} = commands.find(command => command.words === `${noun} ${verb}`)!;
      lines.push(
        `complete -c boxyard -n 'test (count (commandline -opc)) -eq 2; and __fish_seen_subcommand_from ${noun}' -a ${verb} -d ${quote(summary)}`,
      );
    }
  }
  for (const {words, flags} of commands) {
    const seen = words
      .split(' ')
      .map(word => `__fish_seen_subcommand_from ${word}`)
      .join('; and ');
    for (const flag of flags) lines.push(`complete -c boxyard -n '${seen}' -l ${flag.replace(/^--/, '')}`);
  }
  lines.push(
    `complete -c boxyard -n 'test (count (commandline -opc)) -ge 2' -a '(set -l w (commandline -opc); boxyard __complete $w[2] $w[3] 2>/dev/null)'`,
  );
  return `${lines.join('\n')}\n`;
}
