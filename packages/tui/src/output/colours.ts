type Environment = Readonly<Record<string, string | undefined>>;

export interface Colours {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
}

const plain: Colours = {bold: text => text, dim: text => text};
const styled: Colours = {bold: text => `\u001b[1m${text}\u001b[22m`, dim: text => `\u001b[2m${text}\u001b[22m`};

/** Decided per stream: a terminal has colours unless someone said no; a pipe has none unless someone insists. */
export function hasColour(isTty: boolean, env: Environment, isForbidden: boolean): boolean {
  if (isForbidden || env['NO_COLOR'] || env['BOXYARD_NO_COLOR'] || env['TERM'] === 'dumb') return false;
  if ((env['FORCE_COLOR'] ?? '0') !== '0' || (env['CLICOLOR_FORCE'] ?? '0') !== '0') return true;
  return isTty;
}

export const colours = (isOn: boolean): Colours => (isOn ? styled : plain);
