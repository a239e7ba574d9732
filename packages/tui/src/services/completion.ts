export const shells = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof shells)[number];

/**
 * A script for the shell. It knows nothing itself: at each tab it asks the hidden command `__complete`, whose lines are words
 * with a tab and what they mean behind, or `:files`.
 */
export const completionScript = (shell: Shell): string => scripts[shell];

// Bash parts words at colons, which names of images have: the line is parted at spaces instead, and what stands before the
// last colon is taken off again.
const bash = `# boxyard completion for bash
_boxyard() {
  local line=\${COMP_LINE:0:COMP_POINT} words=() cur= reply= IFS=$' \\t\\n'
  read -ra words <<<"$line"
  case $line in *[[:space:]]) words+=('') ;; esac
  cur=\${words[\${#words[@]}-1]}
  COMPREPLY=()
  while IFS=$'\\t' read -r reply _; do
    if [ "$reply" = ':files' ]; then
      compopt -o default -o bashdefault 2>/dev/null
      COMPREPLY=()
      return 0
    fi
    case $reply in "$cur"*) COMPREPLY+=("$reply") ;; esac
  done < <(boxyard __complete -- "\${words[@]:1}" 2>/dev/null)
  case $COMP_WORDBREAKS$cur in
    *:*:*) COMPREPLY=("\${COMPREPLY[@]#"\${cur%"\${cur##*:}"}"}") ;;
  esac
}
complete -F _boxyard boxyard
`;

const zsh = `#compdef boxyard
_boxyard() {
  local -a lines shown
  lines=("\${(@f)$(boxyard __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ $lines[1] == ':files' ]]; then
    _files
    return
  fi
  lines=("\${(@)lines:#}")
  (( $#lines )) || return 1
  shown=("\${(@)lines//$'\\t'/  -- }")
  compadd -l -d shown -- "\${(@)lines%%$'\\t'*}"
}
if [[ \${funcstack[1]} == _boxyard ]]; then _boxyard "$@"; else compdef _boxyard boxyard; fi
`;

const fish = `# boxyard completion for fish
function __boxyard_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l lines (boxyard __complete -- $words[2..-1] 2>/dev/null)
  if test "$lines[1]" = ':files'
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $lines
  end
end
complete -c boxyard -f -a '(__boxyard_complete)'
`;

// PowerShell before 7.3 drops an empty argument on the way to a program, so that one is said to be there.
const powershell = `# boxyard completion for PowerShell
Register-ArgumentCompleter -Native -CommandName boxyard -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  $lines = if ($wordToComplete -eq '') { @(& boxyard __complete --next -- @words 2>$null) } else { @(& boxyard __complete -- @words $wordToComplete 2>$null) }
  if ($lines.Count -gt 0 -and $lines[0] -eq ':files') {
    [System.Management.Automation.CompletionCompleters]::CompleteFilename($wordToComplete)
    return
  }
  foreach ($line in $lines) {
    $word, $about = $line -split "\`t", 2
    if ($word -eq '' -or -not $word.StartsWith($wordToComplete)) { continue }
    if (-not $about) { $about = $word }
    [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $about)
  }
}
`;

const scripts: Readonly<Record<Shell, string>> = {bash, zsh, fish, powershell};
