/** What `{{NAME}}` stands for in the texts of clusters and roles; the rest of a value's characters never reach a shell. */
export interface TemplateValues {
  readonly role: string;
  readonly job: string;
  /** Paths of shared folders, relative to the workspace. */
  readonly folders: readonly string[];
  /** RFC 3339. */
  readonly at: string;
  /** JSON that came with the trigger. */
  readonly payload?: string | undefined;
  /** The folder a job works in; `.` where only the job itself can say which that is. */
  readonly workspace: string;
}

/** Of letters, digits and `. _ / : -` alone, whatever they stand for: words of a command, shell scripts too, may hold them. */
const plain = [
  'CLUSTER_HOME',
  'CLUSTER_SHARED_DIR',
  'SELF_ROLE_NAME',
  'SELF_WORKER_ID',
  'SELF_WORK_DIR',
  'SELF_TMP_DIR',
  'DATETIME',
] as const;
/** JSON, for prompts alone. */
const json = ['CLUSTER_SHARED_FOLDERS', 'WORKSPACE', 'WEBHOOK_PAYLOAD'] as const;
type Name = (typeof plain)[number] | (typeof json)[number];

const variable = /\{\{\s*([A-Za-z_]+)\s*\}\}/g;
const isOf = (names: readonly string[], name: string): boolean => names.includes(name.toUpperCase());

/** Once, so that nothing that is put in is looked at again; in whatever case; what is no name of ours stays as it is. */
export const expandPrompt = (text: string, values: TemplateValues): string => expand(text, values, [...plain, ...json]);

/** The same with values that no shell takes for anything but themselves. */
export const expandWord = (word: string, values: TemplateValues): string => expand(word, values, plain);

/** A name whose value may hold anything, in a word of a command; undefined where there is none. */
export const unsafeName = (word: string): string | undefined =>
  [...word.matchAll(variable)].map(match => match[1]!).find(name => isOf(json, name));

function expand(text: string, values: TemplateValues, names: readonly string[]): string {
  if (!text.includes('{{')) return text;
  const all = valuesOf(values);
  return text.replaceAll(variable, (whole, name: string) => (isOf(names, name) ? all[name.toUpperCase() as Name] : whole));
}

function valuesOf({role, job, folders, at, payload, workspace}: TemplateValues): Readonly<Record<Name, string>> {
  const below = (path: string) => (workspace === '.' ? path : `${workspace}/${path}`);
  const cluster = {HOME: workspace, SHARED_DIR: below('shared'), SHARED_FOLDERS: folders.map(below)};
  const self = {ROLE_NAME: role, WORKER_ID: job, WORK_DIR: workspace, TMP_DIR: '/tmp'};
  return {
    CLUSTER_HOME: cluster.HOME,
    CLUSTER_SHARED_DIR: cluster.SHARED_DIR,
    CLUSTER_SHARED_FOLDERS: JSON.stringify(cluster.SHARED_FOLDERS),
    SELF_ROLE_NAME: self.ROLE_NAME,
    SELF_WORKER_ID: self.WORKER_ID,
    SELF_WORK_DIR: self.WORK_DIR,
    SELF_TMP_DIR: self.TMP_DIR,
    DATETIME: at,
    WORKSPACE: JSON.stringify({CLUSTER: cluster, SELF: self}),
    WEBHOOK_PAYLOAD: payload ?? '',
  };
}
