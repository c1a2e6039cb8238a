// What an action changes, in words: the probability to run out, and the monthly cost.
import { probabilityText } from './likelihood.ts'

interface ActionEffect {
  readonly recommendation: string
  readonly risk_before: number | null
  readonly risk_after: number | null
  readonly added_monthly_usd: number | null
  readonly is_lower_limit: boolean
  readonly monthly_savings_usd: number
}

/** "98 % → 4 %"; "98 %" of a watched server and where what remains is not known, "–" where no risk is. */
export const riskChangeText = (
  { recommendation, risk_before: before, risk_after: after }: Pick<ActionEffect, 'recommendation' | 'risk_before' | 'risk_after'>,
  writePercent?: (percent: number) => string,
): string => {
  if (before === null) return '–'
  const risk = probabilityText(before, writePercent)
  return recommendation !== 'add capacity' || after === null ? risk : `${risk} → ${probabilityText(after, writePercent)}`
}

/** "+$95", "from +$95" where more may be needed, "−$140" for savings. */
export const monthlyCostText = (
  {
    added_monthly_usd: added,
    is_lower_limit: isLowerLimit,
    monthly_savings_usd: saved,
  }: Pick<ActionEffect, 'added_monthly_usd' | 'is_lower_limit' | 'monthly_savings_usd'>,
  writeUsd: (usd: number) => string,
): string => {
  if (added !== null) return `${isLowerLimit ? 'from ' : ''}+${writeUsd(added)}`
  return saved > 0 ? `−${writeUsd(saved)}` : '–'
}
