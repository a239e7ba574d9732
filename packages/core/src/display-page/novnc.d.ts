/** What the page uses of noVNC, which brings no types. */
declare module '@novnc/novnc' {
  interface Events {
    readonly connect: Event;
    readonly disconnect: CustomEvent<{readonly clean: boolean}>;
    readonly desktopname: CustomEvent<{readonly name: string}>;
    readonly clipboard: CustomEvent<{readonly text: string}>;
    readonly securityfailure: CustomEvent<{readonly reason?: string}>;
    readonly credentialsrequired: Event;
  }
  export default class RFB {
    constructor(target: HTMLElement, channel: object, options?: {readonly shared?: boolean});
    viewOnly: boolean;
    scaleViewport: boolean;
    qualityLevel: number;
    addEventListener<K extends keyof Events>(type: K, listener: (event: Events[K]) => void): void;
    clipboardPasteFrom(text: string): void;
    focus(): void;
    disconnect(): void;
  }
}
