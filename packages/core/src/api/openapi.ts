import {z} from 'zod';
import {contracts, type Contract, type RouteName} from './contracts.ts';
import {ErrorBody} from './resources.ts';
import {routes, type Route} from './routes.ts';

type Json = Record<string, unknown>;

/** OpenAPI 3.1 of /v1, made from the schemas the server checks with. WebSocket routes are described as the GET that upgrades. */
export function openApi(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const name of Object.keys(routes) as RouteName[]) {
    const {method, path} = routes[name];
    const at = path.replace(/:(\w+)/g, '{$1}');
    paths[at] = {...paths[at], [method === 'WS' ? 'get' : method.toLowerCase()]: operation(name, routes[name], contracts[name])};
  }
  return {
    openapi: '3.1.0',
    info: {title: 'Boxyard', version, description: 'Everything the command line and the dashboard do goes through these routes.'},
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    security: [{token: []}],
    paths,
    components: {
      securitySchemes: {
        token: {type: 'http', scheme: 'bearer', description: 'The secret part of a bxt_ line, or the whole line.'},
        worker: {type: 'http', scheme: 'bearer', description: 'The credential of a worker.'},
        standardWebhooks: {
          type: 'apiKey',
          in: 'header',
          name: 'webhook-signature',
          description: 'v1,BASE64 of HMAC-SHA256 over id.timestamp.body, with webhook-id and webhook-timestamp beside it.',
        },
        github: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Hub-Signature-256',
          description: 'sha256=HEX of HMAC-SHA256 over the body, with X-GitHub-Delivery beside it.',
        },
      },
      schemas: {Error: schemaOf(ErrorBody, 'output')},
    },
  };
}

function operation(name: RouteName, route: Route, contract: Contract): Json {
  const parameters = [...pathParameters(route.path), ...queryParameters(contract), ...headerParameters(contract)];
  return {
    operationId: name,
    summary: route.summary,
    tags: [/^\/(?:v1\/)?([a-z]+)/.exec(route.path)?.[1] ?? 'server'],
    ...securityOf(route, contract),
    ...(parameters.length === 0 ? {} : {parameters}),
    ...bodyOf(contract),
    responses: {
      ...answers(route, contract),
      default: {description: 'What went wrong', content: json({$ref: '#/components/schemas/Error'})},
    },
  };
}

function securityOf({verb}: Route, {signed}: Contract): Json {
  if (signed !== undefined) return {security: [{token: []}, {standardWebhooks: []}, {github: []}]};
  return verb === 'none' ? {security: []} : verb === 'worker' ? {security: [{worker: []}]} : {};
}

const json = (schema: Json) => ({'application/json': {schema}});

const pathParameters = (path: string): readonly Json[] =>
  [...path.matchAll(/:(\w+)/g)].map(match => ({name: match[1], in: 'path', required: true, schema: {type: 'string'}}));

function queryParameters({query}: Contract): readonly Json[] {
  if (query === undefined) return [];
  const {properties = {}, required = []} = schemaOf(query, 'input') as {properties?: Record<string, Json>; required?: readonly string[]};
  return Object.entries(properties).map(([name, schema]) => ({name, in: 'query', required: required.includes(name), schema}));
}

const headerParameters = ({keyed}: Contract): readonly Json[] =>
  keyed === undefined ? [] : [{name: 'Idempotency-Key', in: 'header', schema: {type: 'string', maxLength: 200}}];

function bodyOf({body, takes}: Contract): Json {
  if (takes !== undefined) return {requestBody: {required: true, content: {[takes]: {}}}};
  return body === undefined ? {} : {requestBody: {content: json(schemaOf(body, 'input'))}};
}

function answers(route: Route, {response, gives, status}: Contract): Json {
  if (route.method === 'WS') return {101: {description: 'The socket is open'}};
  if (gives !== undefined) return {200: {description: route.summary, content: {[gives]: {}}}};
  if (response === undefined) return {204: {description: 'Done'}};
  return {[status ?? 200]: {description: route.summary, content: json(schemaOf(response, 'output'))}};
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const {$schema: _dialect, ...rest} = z.toJSONSchema(schema, {io, unrepresentable: 'any'}) as Json;
  return rest;
}
