import {open, seal} from '../access/sealed.ts';
import type {EndpointConfig, EndpointRecord} from './rules-record.ts';

type Own = Pick<EndpointRecord, 'id' | 'tenant'>;

/** What a plugin is told about an endpoint is kept encrypted, bound to tenant and endpoint. */
export interface Vault {
  seal(endpoint: Own, config: EndpointConfig): string;
  open(endpoint: Own & Pick<EndpointRecord, 'sealed'>): EndpointConfig;
}

export const createVault = (key: Buffer): Vault => ({
  seal: ({tenant, id}, config) => seal(key, JSON.stringify(config), tenant, id),
  open: ({tenant, id, sealed}) => JSON.parse(open(key, sealed, tenant, id)) as EndpointConfig,
});
