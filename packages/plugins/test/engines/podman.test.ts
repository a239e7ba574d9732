import {ensureBaseImage} from '@boxyard/core/testing';
import {describeConformance} from './conformance-suite.ts';

await describeConformance('podman', {prepare: () => ensureBaseImage('podman')});
