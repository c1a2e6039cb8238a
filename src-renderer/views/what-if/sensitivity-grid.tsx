// Servers at risk by threshold and percentile; a click on a cell applies its settings to the scenario.
import type { WhatIfResult } from '../../../src-shared/ipc/what-if.ts'
import { formatting } from '../../theme/formatting.ts'
import { cividisStyle } from '../../theme/theme.ts'

export interface SensitivityGridProps {
  readonly grid: NonNullable<WhatIfResult['grid']>
  readonly threshold: number
  readonly percentile: number
  readonly servers: number
  readonly onSelect: (threshold: number, percentile: number) => void
}

export const SensitivityGrid = ({ grid, threshold, percentile, servers, onSelect }: SensitivityGridProps) => (
  <section aria-label="Sensitivity">
    <h2>Servers at risk by threshold and percentile</h2>
    <table className="profile-table">
      <thead>
        <tr>
          <th scope="col">Percentile</th>
          {grid.thresholds.map((value) => (
            <th key={value} scope="col">
              {formatting.value(value, '%')}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {grid.percentiles.map((row, rowIndex) => (
          <tr key={row}>
            <th scope="row">
              {row === 100 ? 'peak' : `P${row}`}
              {grid.verdict_by[rowIndex] === 'probability' ? ', likely' : ''}
            </th>
            {grid.thresholds.map((column, columnIndex) => {
              const count = grid.at_risk_servers[rowIndex]?.[columnIndex] ?? 0
              const share = servers === 0 ? 0 : Math.sqrt(count / servers)
              const isCurrent = row === percentile && column === threshold
              return (
                <td key={column} className="sensitivity-cell" data-here={isCurrent}>
                  <button
                    type="button"
                    aria-label={`Threshold ${column} %, percentile ${row}: ${count} servers`}
                    aria-pressed={isCurrent}
                    style={cividisStyle(share)}
                    onClick={() => onSelect(column, row)}
                  >
                    {formatting.count(count)}
                  </button>
                </td>
              )
            })}
          </tr>
        ))}
      </tbody>
    </table>
  </section>
)
