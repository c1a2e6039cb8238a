// What an action changes, in words.
import { expect, test } from 'vitest'
import { monthlyCostText, riskChangeText } from '../../../src-shared/artefacts/action-effect-text.ts'

test.each([
  [{ recommendation: 'add capacity', risk_before: 0.98, risk_after: 0.04 }, '98 % → 4 %'],
  [{ recommendation: 'add capacity', risk_before: 0.999, risk_after: null }, '> 99 %'],
  [{ recommendation: 'watch', risk_before: 0.37, risk_after: null }, '37 %'],
  [{ recommendation: 'retire', risk_before: null, risk_after: null }, '–'],
])('the risk of %o is "%s"', (row, text) => {
  expect(riskChangeText(row)).toBe(text)
})

test.each([
  [{ added_monthly_usd: 95, is_lower_limit: false, monthly_savings_usd: 0 }, '+$95'],
  [{ added_monthly_usd: 95, is_lower_limit: true, monthly_savings_usd: 0 }, 'from +$95'],
  [{ added_monthly_usd: null, is_lower_limit: false, monthly_savings_usd: 140 }, '−$140'],
  [{ added_monthly_usd: null, is_lower_limit: false, monthly_savings_usd: 0 }, '–'],
])('the cost of %o is "%s"', (row, text) => {
  expect(monthlyCostText(row, (usd) => `$${usd}`)).toBe(text)
})
