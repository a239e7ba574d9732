/** What can go wrong on the way, in words for the owner of the endpoint; nothing here comes from the other end. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was reset',
  ETIMEDOUT: 'nobody answered the connection',
  EHOSTUNREACH: 'there is no way to its address',
  ENETUNREACH: 'there is no way to its address',
  EADDRNOTAVAIL: 'there is no way to its address',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name could not be asked for',
  ENODATA: 'its name has no address',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted (self-signed)',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted (self-signed)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not trusted (an issuer is missing)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not trusted (an issuer is missing)',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  EPROTO: 'it does not speak TLS here',
  HPE_HEADER_OVERFLOW: 'its answer has too long a head',
};

export function whyOf(error: unknown): string {
  const {code = ''} = error as {code?: string};
  if (code.startsWith('HPE_')) return words[code] ?? 'its answer is not HTTP';
  return words[code] ?? `it could not be reached${/^[A-Z_]{3,40}$/.test(code) ? ` (${code})` : ''}`;
}

/** Nothing was sent yet: another address of the same name may do. */
export const isNotConnected = (error: unknown): boolean =>
  ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EADDRNOTAVAIL'].includes((error as {code?: string}).code ?? '');
