// The check of rightsizing as a sentence, for the window and the command line.
import type { SizingCheck } from './capacity.ts'

export const sizingCheckText = ({ verdict, servers, values, values_above: above }: SizingCheck): string => {
  const counted = `On earlier windows ${above.toLocaleString('en-US')} of ${values.toLocaleString('en-US')} measured values of ${servers.toLocaleString('en-US')} servers lay above the limit of the new size`
  if (verdict === 'too few servers') return `${counted}: too few servers to check the sizes.`
  return verdict === 'holds'
    ? `${counted}: within twice the promised 0.5 %, with a margin.`
    : `${counted}: too many for the promised 0.5 %, so the sizes cannot be promised.`
}
