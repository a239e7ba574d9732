import {boolean, string} from '@oclif/core/flags';
import {defineCommand} from '../cli/define-command.ts';
import {logFormat, repeated} from '../cli/flags.ts';
import {passedOn} from '../cli/passed-on.ts';
import {runProgram} from '../services/run-program.ts';

const flags = {
  listen: repeated({
    description: 'where to listen; beyond loopback with TLS; may be repeated (default 127.0.0.1:4240)',
    helpValue: 'HOST:PORT',
  }),
  'tls-cert': string({description: 'certificate', helpValue: 'FILE', dependsOn: ['tls-key']}),
  'tls-key': string({description: 'its key', helpValue: 'FILE', dependsOn: ['tls-cert']}),
  'public-url': string({description: 'where people reach it through a proxy', helpValue: 'URL'}),
  'log-format': logFormat,
  'insecure-behind-proxy': boolean({description: 'plain text beyond loopback, for a proxy that speaks TLS', dependsOn: ['public-url']}),
  'trusted-proxy': repeated({
    description: 'proxy whose X-Forwarded-For is believed; may be repeated (default none)',
    helpValue: 'ADDRESS',
  }),
  'webhook-allow': repeated({
    description: 'what webhooks may reach beyond public https: a host, an address or a network, with or without a port; may be repeated',
    helpValue: 'HOST[:PORT]',
  }),
  'webhook-ca': string({description: 'certificates that webhooks trust too, as PEM', helpValue: 'FILE'}),
};

export default defineCommand({
  summary: 'Run a server in the foreground',
  description: 'The server alone, without a worker; its log goes to stderr. It brings its own Redis unless REDIS_URL names one.',
  examples: [
    {does: 'For this machine', line: 'server'},
    {does: 'For other machines too', line: 'server --listen 0.0.0.0:4240'},
    {
      does: 'Behind a proxy that speaks TLS',
      line: 'server --listen 0.0.0.0:4240 --insecure-behind-proxy --public-url https://boxyard.example',
    },
  ],
  flags,
  run: (context, {flags: given}) => runProgram('server', passedOn(given, Object.keys(flags)), context.program),
});
