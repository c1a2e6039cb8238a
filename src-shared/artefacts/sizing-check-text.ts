// Rightsizing in words: its check as a sentence, and the performance risk; for window, reports and command line.
import { agreeNumber } from '../run/agree-number.ts'
import type { RightsizedServer, SizingCheck } from './capacity.ts'

const riskWords = ['very low', 'low', 'medium', 'high', 'very high'] as const

export const performanceRiskText = ({ performance_risk: risk }: Pick<RightsizedServer, 'performance_risk'>): string => riskWords[risk] ?? ''

export const sizingCheckText = ({ verdict, servers, values, values_above: above }: SizingCheck): string => {
  const counted = `On earlier windows ${above.toLocaleString('en-US')} of ${values.toLocaleString('en-US')} measured values of ${servers.toLocaleString('en-US')} ${agreeNumber('[server|servers]', servers)} lay above the limit of the new size`
  if (verdict === 'too few servers') return `${counted}: too few servers to check the sizes.`
  return verdict === 'holds'
    ? `${counted}: within twice the promised 0.5 %, with a margin.`
    : `${counted}: too many for the promised 0.5 %, so the sizes cannot be promised.`
}
