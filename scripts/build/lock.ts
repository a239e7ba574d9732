import {mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';

const file = '.cache/build.lock';
const patienceMs = 120_000;

/** One build at a time in a checkout. A lock whose holder is dead is taken over. */
export async function lockBuild(): Promise<Disposable> {
  mkdirSync('.cache', {recursive: true});
  const giveUpAt = Date.now() + patienceMs;
  while (!tryToTake()) {
    if (Date.now() > giveUpAt) throw new Error(`Another build holds ${file}; remove it if none runs.`);
    await delay(50);
  }
  return {[Symbol.dispose]: () => rmSync(file, {force: true})};
}

function tryToTake(): boolean {
  try {
    writeFileSync(file, String(process.pid), {flag: 'wx'});
    return true;
  } catch {
    if (!isHeld()) rmSync(file, {force: true});
    return false;
  }
}

function isHeld(): boolean {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    // Empty: its holder is between creating and writing it.
    if (pid === 0) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
