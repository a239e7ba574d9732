import type {Deed} from './deeds.ts';
import type {Line} from './line.ts';

/** Who gets the keys. */
export type Mode =
  | {readonly is: 'normal'}
  | {readonly is: 'prompt'; readonly prompt: Prompt; readonly line: Line}
  /** What cannot be undone is asked about; where `name` is given it is to be typed. */
  | {readonly is: 'confirm'; readonly text: string; readonly deeds: readonly Deed[]; readonly name?: string; readonly line: Line}
  | {readonly is: 'form'; readonly form: Form}
  | {readonly is: 'menu'; readonly title: string; readonly choices: readonly Choice[]; readonly at: number}
  | {readonly is: 'palette'; readonly line: Line; readonly at: number}
  | {readonly is: 'help'; readonly line: Line; readonly top: number}
  /** Every key goes to the session until the leader. */
  | {
      readonly is: 'capture';
      readonly job: string;
      /** Another viewer took it: what is typed here does not count. */ readonly isTaken?: boolean;
    }
  /** The session that had the keys has ended: what is still typed into it is meant for nobody here. */
  | {readonly is: 'over'}
  /** Whatever is no text is away, for selecting with the mouse. */
  | {readonly is: 'copy'};

export type Prompt =
  | {readonly asks: 'command' | 'filter' | 'search' | 'run' | 'pull'}
  | {readonly asks: 'exec' | 'snapshot'; readonly devbox: string}
  | {readonly asks: 'label'; readonly worker: string}
  | {readonly asks: 'role'; readonly cluster: string; readonly role: string}
  | {readonly asks: 'setting'; readonly key: string};

export interface Choice {
  readonly key: string;
  readonly title: string;
  /** What is copied, or why it cannot be done now. */
  readonly text: string;
  readonly does: 'copy' | {readonly action: string};
}

export interface Form {
  readonly title: string;
  readonly fields: readonly Field[];
  readonly at: number;
}

export interface Field {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly line: Line;
  /** Turned through with left and right; looked up as it is turned. */
  readonly choices?: 'workers' | 'engines' | 'profiles';
  readonly issue?: string | undefined;
}
