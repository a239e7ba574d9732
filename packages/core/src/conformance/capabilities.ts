import type {Capability, CaseResult} from './contract.ts';

/** The matrix: what every plugin must do, then each feature or restriction with the cases that are about it. */
export function capabilitiesOf(
  results: readonly CaseResult[],
  offers: readonly Pick<Capability, 'name' | 'kind' | 'isOffered'>[],
): readonly Capability[] {
  const counted = (of: readonly CaseResult[]) => ({
    passed: of.filter(({outcome}) => outcome === 'passed').length,
    failed: of.filter(({outcome}) => outcome === 'failed').length,
    leftOut: of.filter(({outcome}) => outcome === 'left-out').length,
  });
  const named = new Set(offers.map(({name}) => name));
  const basic = results.filter(({needs}) => !needs.some(need => named.has(need)));
  return [
    {name: 'contract', kind: 'contract', isOffered: true, ...counted(basic)},
    ...offers.map(offer => ({...offer, ...counted(results.filter(({needs}) => needs.includes(offer.name)))})),
  ];
}
