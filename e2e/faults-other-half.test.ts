import {testShortFaults} from './faults-short.ts';

testShortFaults(1);
