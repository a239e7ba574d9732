/** The numbers of RFC 6143 (7.7, 7.8) and of the RFB community's list for the rest. */
export const encodings = {
  raw: 0,
  copyRect: 1,
  hextile: 5,
  tight: 7,
  zrle: 16,
  lastRect: -224,
  desktopSize: -223,
  cursor: -239,
  extendedDesktopSize: -308,
} as const;

/** What we ask for, the best first. No quality level stands among them, so Tight sends no JPEG. */
export const asked: readonly number[] = [
  encodings.copyRect,
  encodings.zrle,
  encodings.tight,
  encodings.hextile,
  encodings.raw,
  encodings.cursor,
  encodings.extendedDesktopSize,
  encodings.desktopSize,
  encodings.lastRect,
];
