import {ensureBaseImage} from '@boxyard/core/testing';
import docker from '@boxyard/plugins/engines/docker';
import {describeConformance} from './conformance-suite.ts';

// Nobody restarts a daemon that others on this machine use too; podman's test has one of its own.
describeConformance(docker, async () => ({image: await ensureBaseImage('docker'), hungConfig: {socket: '$HUNG'}}));
