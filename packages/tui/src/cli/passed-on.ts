/** Flags as the line another of our programs takes: `--name value`, once for each value; switches without one. */
export const passedOn = (flags: Readonly<Record<string, unknown>>, names: readonly string[]): readonly string[] =>
  names.flatMap(name => {
    const value = flags[name];
    if (value === undefined || value === false) return [];
    if (value === true) return [`--${name}`];
    return (Array.isArray(value) ? value : [value]).flatMap(each => [`--${name}`, String(each)]);
  });
