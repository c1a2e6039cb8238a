// A plain table of values: what a chart shows, for readers who want or need the numbers.
import type { Cell } from '../../src-shared/ipc/fleet-view.ts'
import { formatNumber } from '../theme/formatting.ts'
import type { TableContent } from './format-table.ts'

const maxRows = 500

export const DataTable = ({ label, content }: { readonly label: string; readonly content: TableContent }) => (
  // Scrollable regions must be reachable by keyboard.
  // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
  <div className="data-table" role="region" aria-label={label} tabIndex={0}>
    <table>
      <thead>
        <tr>
          {content.columns.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {content.rows.slice(0, maxRows).map((row, index) => (
          // Rows have no name of their own and never change places.
          // oxlint-disable-next-line react/no-array-index-key
          <tr key={index}>
            {row.map((cell, column) => (
              <td key={content.columns[column]} data-number={typeof cell === 'number'}>
                {formatPlainCell(cell)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
    {content.rows.length > maxRows && (
      <p className="muted">
        The first {maxRows} of {content.rows.length} rows; copy or save for all.
      </p>
    )}
  </div>
)

const formatPlainCell = (cell: Cell): string => {
  if (cell === null) return '–'
  return typeof cell === 'number' ? formatNumber(cell) : String(cell)
}
