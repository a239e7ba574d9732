import {BASE_IMAGE, OwnDocker, ensureBaseImage} from '@boxyard/core/testing';
import docker from '@boxyard/plugins/engines/docker';
import {describeConformance} from './conformance-suite.ts';

describeConformance(docker, async () => ({image: await ensureBaseImage('docker'), hungConfig: {socket: '$HUNG'}}));

// Nobody restarts a daemon that others on this machine use too: this one is the test's own, in namespaces of its own.
describeConformance(
  docker,
  async () => {
    await ensureBaseImage('docker');
    const own = await OwnDocker.open();
    if (own === undefined) throw new Error('there is no docker of the test’s own');
    return {
      image: BASE_IMAGE,
      config: {socket: own.socket},
      restart: async () => {
        await own.kill();
        await own.start();
      },
      close: () => own[Symbol.asyncDispose](),
    };
  },
  {called: 'a docker that is killed and started again', only: name => name.startsWith('a restart of the backend under load')},
);
