import {basename} from 'node:path';
import {addressOf, repository} from './addresses.ts';
import {folderProblem, importProblem} from './check-import.ts';

/** House rules that no stock rule covers, for oxlint's `jsPlugins`. Each message says what to do instead. */

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}
interface Context {
  readonly filename: string;
  report(problem: {readonly message: string; readonly node?: Node; readonly loc?: object}): void;
}
type Visitor = Readonly<Record<string, (node: Node) => void>>;
/** For what is wrong with a file as a whole. */
const firstLine = {start: {line: 1, column: 0}, end: {line: 1, column: 1}};
const rule = (create: (context: Context) => Visitor) => ({create});

const importTable = rule(context => {
  const check = (node: Node, isTypeOnly: boolean) => {
    const source = node['source'] as {readonly value?: unknown} | null;
    if (typeof source?.value !== 'string') return;
    const message = importProblem({importer: context.filename, specifier: source.value, isTypeOnly});
    if (message !== undefined) context.report({message, node});
  };
  return {
    Program: () => {
      const message = folderProblem(context.filename);
      if (message !== undefined) context.report({message, loc: firstLine});
    },
    ImportDeclaration: node => check(node, node['importKind'] === 'type'),
    ExportNamedDeclaration: node => check(node, node['exportKind'] === 'type'),
    ImportExpression: node => check(node, false),
  };
});

const noExportStar = rule(context => ({
  ExportAllDeclaration: node =>
    context.report({message: 'List what is exported: `export *` hides what a package offers and invites cycles.', node}),
}));

const forbiddenNames = /(?:^|[-.])(?:utils?|helpers?|common|misc|lib|manager)(?:[-.]|$)/;
const kebabCase = /^_*[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*\.(?:ts|js|mjs)$/;
const componentCase = /^(?:[A-Z][A-Za-z0-9]*|[a-z0-9]+(?:-[a-z0-9]+)*)(?:\.test)?\.tsx$/;

const fileNames = rule(context => ({
  Program: () => {
    const path = context.filename.slice(repository.length + 1);
    const bad = path.split('/').find(name => forbiddenNames.test(name));
    if (bad !== undefined) context.report({message: `Name ${bad} after what it does: backoff.ts, deferred.ts, once.ts.`, loc: firstLine});
    const name = basename(path);
    if (!kebabCase.test(name) && !componentCase.test(name))
      context.report({message: `${name}: files are kebab-case.ts, components PascalCase.tsx.`, loc: firstLine});
  },
}));

/** Only these read the environment and may end the process: the programs' first files. */
const compositions = [
  /^core\/server-main\.ts$/,
  /^core\/config\//,
  /^agent\/agent-main\.ts$/,
  /^agent\/session-host\/main\.ts$/,
  // A plugin's definition is its own composition: nothing but `host` and its config is handed to it.
  /^plugins\/(?:engines|displays|reporters)\/[^/]+\/index\.ts$/,
  /^tui\/(?:run|verify-main)\.ts$/,
  /^tui\/commands\/(?:up|server|worker)(?:\.ts|\/)/,
];

const compositionOnly = rule(context => {
  const address = addressOf(context.filename);
  if (address === undefined || compositions.some(pattern => pattern.test(address))) return {};
  return {
    MemberExpression: node => {
      const object = node['object'] as Node & {readonly name?: string};
      const property = node['property'] as Node & {readonly name?: string};
      if (object.type !== 'Identifier' || object.name !== 'process') return;
      if (property.name === 'env')
        context.report({message: 'Take what you need of the environment as an argument; only composition files read process.env.', node});
      if (property.name === 'exit') context.report({message: 'Return or throw; only composition files end the process.', node});
    },
  };
});

export default {
  meta: {name: 'boxyard'},
  rules: {'import-table': importTable, 'no-export-star': noExportStar, 'file-names': fileNames, 'composition-only': compositionOnly},
};
