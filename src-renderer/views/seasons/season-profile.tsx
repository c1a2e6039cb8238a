// Profile by month and weekday: a table whose cells are coloured by their value.
import { dayMs } from '../../../src-shared/chart-options/format.ts'
import { formatNumber, formatting, formatWeekday } from '../../theme/formatting.ts'
import { cividisStyle } from '../../theme/theme.ts'

export interface SeasonProfileProps {
  /** Rows January to December, columns Monday to Sunday; null where the forecasts hold no such day. */
  readonly mean: readonly (readonly (number | null)[])[]
  readonly series: readonly (readonly number[])[]
}

// A Monday.
const referenceMonday = Date.UTC(2024, 0, 1)
const months = Array.from({ length: 12 }, (_, month) => Date.UTC(2024, month, 1))
const weekdays = Array.from({ length: 7 }, (_, day) => referenceMonday + day * dayMs)

export const SeasonProfile = ({ mean, series }: SeasonProfileProps) => {
  const values = mean.flat().filter((value): value is number => value !== null)
  const min = Math.min(...values)
  const range = Math.max(...values) - min
  return (
    <table className="profile-table">
      <thead>
        <tr>
          <th scope="col">Month</th>
          {weekdays.map((day) => (
            <th key={day} scope="col">
              {formatWeekday(day)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {months.map((month, row) => (
          <tr key={month}>
            <th scope="row">{formatting.month(month)}</th>
            {weekdays.map((day, column) => {
              const value = mean[row]?.[column] ?? null
              return value === null ? (
                <td key={day}>–</td>
              ) : (
                <td
                  key={day}
                  style={cividisStyle(range === 0 ? 0.5 : (value - min) / range)}
                  title={`${formatting.count(series[row]?.[column] ?? 0)} series`}
                >
                  {formatNumber(value)}
                </td>
              )
            })}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
