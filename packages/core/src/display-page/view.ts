export interface Ending {
  readonly what: string;
  readonly why: string;
  readonly devbox?: string | undefined;
}

/** What the page shows around the picture. Foreign text (names, clipboards) only ever becomes text. */
export interface View {
  readonly screen: HTMLElement;
  state(text: string): void;
  devbox(name: string): void;
  desktop(name: string): void;
  controls(state: {readonly controls: boolean; readonly mayControl: boolean}): void;
  copied(text: string): void;
  over(ending: Ending): void;
  onTake(act: () => void): void;
  onSize(act: (isFitted: boolean) => void): void;
  onPaste(act: (text: string) => void): void;
}

/** Enough to see what it is. */
const MOST_SHOWN = 65_536;
/** What the server passes on. */
const MOST_PASTED = 65_536;

export function openView(): View {
  const at = <T extends HTMLElement = HTMLElement>(id: string) => document.getElementById(id) as T;
  const [copied, text] = [at<HTMLTextAreaElement>('copied'), at<HTMLTextAreaElement>('text')];
  const state = (words: string) => void (at('state').textContent = words);
  at('copy').addEventListener('click', () => void copy(copied, state));
  return {
    screen: at('screen'),
    state,
    devbox(name) {
      at('devbox').textContent = name;
      document.title = `${name} · Boxyard`;
    },
    desktop: name => void (at('desktop').textContent = name.slice(0, 200)),
    controls({controls, mayControl}) {
      at('take').hidden = controls || !mayControl;
      at('clipboard').hidden = !controls;
      at('size').hidden = false;
      state(controls ? 'You control it.' : mayControl ? 'Another viewer controls it.' : 'Looking on.');
    },
    copied(words) {
      copied.value = words.slice(0, MOST_SHOWN);
      if (words.length > MOST_SHOWN) state(`Of what was copied only the first ${MOST_SHOWN} letters are shown.`);
    },
    over({what, why, devbox}) {
      state('');
      for (const id of ['take', 'size', 'clipboard', 'screen']) at(id).hidden = true;
      at('what').textContent = what;
      at('why').textContent = why;
      at('again').textContent = `boxyard display ${devbox ?? 'DEVBOX'} --browser`;
      at('over').hidden = false;
    },
    onTake: act => at('take').addEventListener('click', act),
    onSize(act) {
      let isFitted = true;
      at('size').addEventListener('click', () => {
        isFitted = !isFitted;
        at('size').textContent = isFitted ? '1:1' : 'Fit';
        act(isFitted);
      });
    },
    onPaste: act =>
      at('paste').addEventListener('click', () => {
        if (text.value.length > MOST_PASTED) return state(`More than ${MOST_PASTED} letters do not fit into its clipboard.`);
        act(text.value);
        state('It is in the desktop’s clipboard.');
      }),
  };
}

async function copy(copied: HTMLTextAreaElement, state: (words: string) => void): Promise<void> {
  try {
    await navigator.clipboard.writeText(copied.value);
    state('Copied.');
  } catch {
    copied.select();
    state('The browser does not let this page copy: the text is selected.');
  }
}
