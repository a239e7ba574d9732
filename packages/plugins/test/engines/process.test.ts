import process from '@boxyard/plugins/engines/process';
import {describeConformance} from './conformance-suite.ts';

describeConformance(process, async () => ({config: {enabled: true}}));
