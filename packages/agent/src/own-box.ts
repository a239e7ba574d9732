import type {Box} from '@boxyard/core/plugin-api';

/** Only what this agent made, for this tenant: whatever a server asks for, a machine's other containers do not exist for it. */
export function ownBox(box: Box | undefined, machine: string, tenant: string): Box | undefined {
  if (box?.labels['io.boxyard.agent'] !== machine) return undefined;
  const owner = box.labels['io.boxyard.tenant'];
  return owner === undefined || owner === tenant ? box : undefined;
}
