// Profile by month and weekday: a table whose cells are coloured by their value.
import { formatMonth, formatNumber, formatting, formatWeekday } from '../../theme/formatting.ts'
import { cividisStyle } from '../../theme/theme.ts'

export interface SeasonProfileProps {
  /** Rows January to December, columns Monday to Sunday; null where the forecasts hold no such day. Months without a day are left out. */
  readonly mean: readonly (readonly (number | null)[])[]
  readonly series: readonly (readonly number[])[]
}

const weekdays = [...Array(7).keys()]

export const SeasonProfile = ({ mean, series }: SeasonProfileProps) => {
  const values = mean.flat().filter((value): value is number => value !== null)
  const min = Math.min(...values)
  const range = Math.max(...values) - min
  const months = [...mean.keys()].filter((month) => mean[month]?.some((value) => value !== null) === true)
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
        {months.map((month) => (
          <tr key={month}>
            <th scope="row">{formatMonth(month)}</th>
            {weekdays.map((day) => {
              const value = mean[month]?.[day] ?? null
              return value === null ? (
                <td key={day}>–</td>
              ) : (
                <td
                  key={day}
                  style={cividisStyle(range === 0 ? 0.5 : (value - min) / range)}
                  title={`${formatting.count(series[month]?.[day] ?? 0)} series`}
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
