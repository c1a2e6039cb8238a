// Shows a chart's numbers in place of the chart, for readers who want or need them.
import { Table2 } from 'lucide-react'

export interface TableToggleProps {
  /** Of what: "Risk heatmap". */
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
    title={isTable ? 'Show the chart' : 'Show the numbers as a table'}
    onClick={() => onChange(!isTable)}
  >
    <Table2 size={15} aria-hidden />
  </button>
)
