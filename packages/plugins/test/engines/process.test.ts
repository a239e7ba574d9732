import {describeConformance} from './conformance-suite.ts';

await describeConformance('process', {config: {enabled: true}});
