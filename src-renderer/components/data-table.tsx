// The values of a chart as a plain table, and the button that switches between both.
import type { Cell } from '../../src-shared/ipc/fleet-view.ts'
import { formatNumber, formatting } from '../theme/formatting.ts'
import type { TableContent } from './format-table.ts'
import { Table2 } from 'lucide-react'

const maxRows = 500

export const DataTable = ({ label, content }: { readonly label: string; readonly content: TableContent }) => (
  // Scrollable regions must be reachable by keyboard.
  // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
  <div className="data-table" role="region" aria-label={label} tabIndex={0}>
    <table>
      <thead>
        <tr>
          {content.columns.map((name) => (
            <th key={name} scope="col" title={name}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {content.rows.slice(0, maxRows).map((row, index) => (
          // Rows have no id and a fixed order.
          // oxlint-disable-next-line react/no-array-index-key
          <tr key={index}>
            {row.map((cell, column) => (
              <td key={content.columns[column]} data-number={typeof cell === 'number'} title={typeof cell === 'string' ? cell : undefined}>
                {formatPlainCell(cell)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
    {content.rows.length > maxRows && (
      <p className="muted">
        Showing {formatting.count(maxRows)} of {formatting.count(content.rows.length)} rows. Export to get all rows.
      </p>
    )}
  </div>
)

const formatPlainCell = (cell: Cell): string => {
  if (cell === null) return '–'
  return typeof cell === 'number' ? formatNumber(cell) : String(cell)
}

export interface TableToggleProps {
  /** Name of the chart, such as "Risk heatmap". */
  readonly name: string
  readonly isTable: boolean
  readonly onChange: (isTable: boolean) => void
}

export const TableToggle = ({ name, isTable, onChange }: TableToggleProps) => (
  <button
    type="button"
    className="icon-button"
    aria-label={`${isTable ? 'Chart' : 'Table'}: ${name}`}
    aria-pressed={isTable}
    title={isTable ? 'Show chart' : 'Show table'}
    onClick={() => onChange(!isTable)}
  >
    <Table2 size={15} aria-hidden />
  </button>
)
