import {connect, type Socket} from 'node:net';

/** As much of D-Bus as it takes to hear one signal of the system, in the machine's own byte order. */
export interface Call {
  readonly destination?: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** Strings (`s`) and unsigned numbers (`u`) only. */
  readonly body?: readonly (string | number)[];
}

export interface Signal {
  readonly interface: string;
  readonly member: string;
  /** The first four bytes of the body: a boolean is 0 or 1. */
  readonly first: number;
}

const METHOD_CALL = 1;
const SIGNAL = 4;
const FIELDS = {path: 1, interface: 2, member: 3, destination: 6, signature: 8} as const;
const MOST_BYTES = 1024 * 1024;

/** Builds up little by little what has to be aligned to its own size. */
class Writer {
  readonly #parts: number[] = [];

  align(size: number): this {
    while (this.#parts.length % size !== 0) this.#parts.push(0);
    return this;
  }

  bytes(...values: readonly number[]): this {
    this.#parts.push(...values);
    return this;
  }

  u32(value: number): this {
    return this.align(4).bytes(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
  }

  text(value: string): this {
    return this.u32(Buffer.byteLength(value)).bytes(...Buffer.from(value), 0);
  }

  field(code: number, type: 'o' | 's' | 'g', value: string): this {
    this.align(8).bytes(code, 1, type.charCodeAt(0), 0);
    return type === 'g' ? this.bytes(value.length, ...Buffer.from(value), 0) : this.text(value);
  }

  get buffer(): Buffer {
    return Buffer.from(this.#parts);
  }
}

export function encodeCall(call: Call, serial: number, type: 'call' | 'signal' = 'call'): Buffer {
  const body = new Writer();
  for (const value of call.body ?? []) {
    if (typeof value === 'string') body.text(value);
    else body.u32(value);
  }
  const fields = new Writer().field(FIELDS.path, 'o', call.path).field(FIELDS.interface, 's', call.interface);
  fields.field(FIELDS.member, 's', call.member);
  if (call.destination !== undefined) fields.field(FIELDS.destination, 's', call.destination);
  const signature = (call.body ?? []).map(value => (typeof value === 'string' ? 's' : type === 'signal' ? 'b' : 'u')).join('');
  if (signature !== '') fields.field(FIELDS.signature, 'g', signature);
  const head = new Writer().bytes(0x6c, type === 'signal' ? SIGNAL : METHOD_CALL, 0, 1);
  head.u32(body.buffer.length).u32(serial).u32(fields.buffer.length);
  return Buffer.concat([new Writer().bytes(...head.buffer, ...fields.buffer).align(8).buffer, body.buffer]);
}

/** The signals in a byte stream, fed in any cut; other messages are passed over. */
export function signalReader(): (chunk: Buffer) => Signal[] {
  let rest: Buffer = Buffer.alloc(0);
  return chunk => {
    rest = Buffer.concat([rest, chunk]);
    const found: Signal[] = [];
    while (rest.length >= 16) {
      const isLittle = rest[0] === 0x6c;
      const u32 = (at: number) => (isLittle ? rest.readUInt32LE(at) : rest.readUInt32BE(at));
      const bodyAt = Math.ceil((16 + u32(12)) / 8) * 8;
      const end = bodyAt + u32(4);
      if (end > MOST_BYTES) throw new Error(`a message of ${end} bytes`);
      if (rest.length < end) break;
      if (rest[1] === SIGNAL) {
        const fields = stringFields(rest.subarray(0, 16 + u32(12)), u32);
        const first = end - bodyAt >= 4 ? u32(bodyAt) : 0;
        found.push({interface: fields.get(FIELDS.interface) ?? '', member: fields.get(FIELDS.member) ?? '', first});
      }
      rest = rest.subarray(end);
    }
    return found;
  };
}

function stringFields(head: Buffer, u32: (at: number) => number): Map<number, string> {
  const found = new Map<number, string>();
  for (let at = 16; at + 8 <= head.length;) {
    const code = head[at]!;
    const type = String.fromCharCode(head[at + 2]!);
    const value = at + 4;
    if (type === 'g') at = value + 2 + head[value]!;
    else if (type === 'u') at = value + 4;
    else {
      const length = u32(value);
      found.set(code, head.toString('utf8', value + 4, value + 4 + length));
      at = value + 5 + length;
    }
    at = Math.ceil(at / 8) * 8;
  }
  return found;
}

export interface Bus {
  send(call: Call, type?: 'call' | 'signal'): void;
  close(): void;
}

/** Connects to a bus as this user and says hello. Rejects if there is none, or it does not let us in. */
export async function openBus(path: string, onSignal: (signal: Signal) => void, onClosed: () => void): Promise<Bus> {
  const socket = await opened(path);
  let serial = 0;
  const send = (call: Call, type: 'call' | 'signal' = 'call') => void socket.write(encodeCall(call, ++serial, type));
  const read = signalReader();
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const signal of read(chunk)) onSignal(signal);
    } catch {
      socket.destroy();
    }
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', onClosed);
  const bus = {destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus'};
  send({...bus, member: 'Hello'});
  return {
    send: (call, type) => send(call.destination === undefined && type !== 'signal' ? {...bus, ...call} : call, type),
    close: () => socket.destroy(),
  };
}

const AUTH_MS = 5_000;

function opened(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const late = setTimeout(() => socket.destroy(new Error('the bus does not answer')), AUTH_MS);
    socket.once('close', () => clearTimeout(late));
    socket.once('error', reject);
    const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
    socket.once('connect', () => socket.write(`\0AUTH EXTERNAL ${uid}\r\n`));
    socket.once('data', (answer: Buffer) => {
      clearTimeout(late);
      if (!answer.toString().startsWith('OK ')) return void socket.destroy(new Error('the bus does not let us in'));
      socket.off('error', reject);
      socket.write('BEGIN\r\n');
      resolve(socket);
    });
  });
}
