import {rawEngine, type EngineName, type RawEngine} from './baselines/engine-socket.ts';
import type {Figure, Row} from './figure.ts';
import type {Lab} from './lab.ts';
import {startUp, unusableEngine, type Boxyard} from './product/boxyard.ts';

interface Measured {
  readonly id: string;
  readonly title: string;
  readonly unit: Row['unit'];
  readonly budget: NonNullable<Row['budget']>;
  measure(at: {readonly lab: Lab; readonly boxyard: Boxyard; readonly name: EngineName; readonly engine: RawEngine}): Promise<Partial<Row>>;
}

/** A figure with a row for docker and one for podman, each beside the engine asked without us. */
export const onEngines = ({id, title, unit, budget, measure}: Measured): Figure => ({
  id,
  title,
  async measure(lab) {
    const boxyard = await startUp(lab);
    const rows: Row[] = [];
    for (const name of ['docker', 'podman'] as const) {
      const row = {figure: id, case: name, unit, budget};
      const engine = await rawEngine(lab, name);
      const missing = 'missing' in engine ? engine.missing : await unusableEngine(boxyard.client, name);
      if (missing !== undefined) rows.push({...row, skipped: missing});
      else rows.push({...row, ...(await measure({lab, boxyard, name, engine: engine as RawEngine}))});
    }
    return rows;
  },
});
