/** Told to the server as `agentVersion`. */
export const version = '0.1.0';
