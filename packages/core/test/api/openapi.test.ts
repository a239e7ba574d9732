import {expect, test} from 'vitest';
import {routes} from '../../src/api/index.ts';
import {openApi} from '../../src/api/openapi.ts';
import type {Http} from '../../src/rim/http.ts';
import {createMetrics} from '../../src/rim/metrics.ts';
import {addRoutes} from '../../src/routes.ts';
import {addAgentRoute} from '../../src/workers/routes-agents.ts';
import {startTestDoor} from '../door-for-tests.ts';

type Json = Record<string, unknown>;
const description = openApi('1.2.3') as {openapi: string; paths: Record<string, Record<string, Json>>; components: Json};

test('every route is described, with its parameters, its answer and the one error shape', () => {
  const operations = Object.values(description.paths).flatMap(path => Object.values(path));
  expect(new Set(operations.map(each => each['operationId']))).toEqual(new Set(Object.keys(routes)));
  for (const [path, methods] of Object.entries(description.paths))
    for (const operation of Object.values(methods)) {
      const declared = ((operation['parameters'] ?? []) as Json[]).filter(each => each['in'] === 'path').map(each => each['name']);
      expect([path, declared]).toEqual([path, [...path.matchAll(/\{(\w+)\}/g)].map(match => match[1])]);
      expect(Object.keys(operation['responses'] as Json)).toContain('default');
    }
});

test('no two operations share a path and a method', () => {
  const described = Object.values(description.paths).reduce((sum, path) => sum + Object.keys(path).length, 0);
  expect(described).toBe(Object.keys(routes).length);
});

test('every reference leads somewhere and every schema is plain JSON Schema', () => {
  const text = JSON.stringify(description);
  expect(JSON.parse(text)).toEqual(description);
  for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
    expect(Object.keys(description.components['schemas'] as Json)).toContain(name);
  const {schemas} = description.components;
  const ofSchemas = JSON.stringify([description.paths, schemas]);
  for (const [, type] of ofSchemas.matchAll(/"type":"(\w+)"/g))
    expect(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']).toContain(type);
});

test('what takes a signature says so, by schemes that are described', () => {
  const {security} = description.paths['/api/cluster/{cluster}/role/{role}/webhook']!['post'] as {security: readonly object[]};
  expect(security).toEqual([{token: []}, {standardWebhooks: []}, {github: []}]);
  const schemes = Object.keys(description.components['securitySchemes'] as Json);
  expect(schemes).toEqual(expect.arrayContaining(security.flatMap(each => Object.keys(each))));
});

test('every route that a server has is in it, and no other', async () => {
  await using door = await startTestDoor();
  const served: string[] = [];
  const note = (name: string) => void served.push(name);
  const http = {route: note, socket: note} as unknown as Http;
  addRoutes(http, {...door, metrics: createMetrics(), server: {version: '1.2.3', redisTrouble: async () => undefined}, displayPage: ''});
  addAgentRoute(http, door.access.workers, () => undefined);
  const described = Object.values(description.paths).flatMap(path => Object.values(path).map(each => String(each['operationId'])));
  expect(served.toSorted()).toEqual(described.toSorted());
});
