// The import dialog: the first rows as they are, what each column was taken for, and the rows that an analysis would read.
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Inspection, InputQuestion } from '../../../src-shared/run/inspection.ts'
import { DataTable } from '../../components/data-table.tsx'
import { ErrorPanel } from '../../components/error-panel.tsx'
import type { TableContent } from '../../components/format-table.ts'
import { Overlay } from '../../components/overlay.tsx'
import { changeReading, closeImportDialog, isImportable, useImportState } from '../../state/import-files.ts'
import { analyseImported, fileNameOf } from '../../state/open-path.ts'
import { formatting } from '../../theme/formatting.ts'
import { describeCounts, describeReading, describeSteps, describeTimes, listOf } from './describe-inspection.ts'
import { ColumnFields, ReadingFields, TableFields } from './import-fields.tsx'
import './import-dialog.css'

export const ImportDialog = () => {
  const state = useImportState()
  const { paths, inspection, isReading, share, error } = state
  const [first = '', ...others] = paths.map(fileNameOf)
  return (
    <Overlay label="Import" size="large" onClose={closeImportDialog}>
      <header className="overlay-head">
        <h2 className="import-title" title={paths.join('\n')}>
          Import {first}
          {others.length > 0 && ` and ${formatting.count(others.length)} more`}
        </h2>
        <button type="button" className="icon-button" aria-label="Close" onClick={closeImportDialog}>
          <X size={16} aria-hidden />
        </button>
      </header>
      {/* Scrollable regions must be reachable by keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="import-body" role="region" aria-label="Files and columns" tabIndex={0} aria-busy={isReading}>
        {error !== null && <ErrorPanel error={error} />}
        {inspection !== null && <InspectionSections inspection={inspection} />}
      </div>
      <footer className="import-foot">
        <span className="muted import-status" role="status">
          {isReading ? describeReading(share) : describeCounts(inspection)}
        </span>
        <button type="button" className="button" onClick={closeImportDialog}>
          Cancel
        </button>
        <button type="button" className="button primary-button" disabled={!isImportable(state)} onClick={() => void analyseImported()}>
          Analyse
        </button>
      </footer>
    </Overlay>
  )
}

const InspectionSections = ({ inspection }: { readonly inspection: Inspection }) => {
  const { question, problem, contents, schema, first_rows: firstRows, preview, left_out: leftOut, warnings } = inspection
  return (
    <>
      {question !== null && <Question question={question} />}
      {question === null && problem !== null && (
        <ErrorPanel error={{ code: problem.code, message: problem.sentence, ...(problem.next === null ? {} : { next: problem.next }) }} />
      )}
      {contents === 'measurements' && (
        <p className="notice">
          These files hold measurements only: Headroom forecasts them first. If they hold forecasts, choose their column.
        </p>
      )}
      <Section title="First rows">
        {firstRows.length === 0 ? (
          <p className="muted">The first file has no rows.</p>
        ) : (
          <DataTable label="First rows" content={{ columns: schema.map(({ column }) => column), rows: firstRows }} />
        )}
      </Section>
      <Section title="Columns">
        <ColumnFields inspection={inspection} />
      </Section>
      <Section title="Reading">
        <ReadingFields inspection={inspection} />
      </Section>
      <Section title="Tables">
        <TableFields />
      </Section>
      <Section title="Rows to analyse">
        {preview.length === 0 ? (
          <p className="muted">No row can be read yet.</p>
        ) : (
          <>
            <p className="muted">{[...describeTimes(inspection), ...describeSteps(inspection)].join('; ')}</p>
            <DataTable label="Rows to analyse" content={previewTable(inspection)} />
          </>
        )}
      </Section>
      {leftOut.length > 0 && (
        <Section title="Left out">
          <DataTable
            label="Left out"
            content={{
              columns: ['Kind', 'Name', 'Rows', 'Reason'],
              rows: leftOut.map(({ kind, name, count, reason }) => [kind, name, kind === 'rows' ? count : null, reason]),
            }}
          />
        </Section>
      )}
      {warnings.length > 0 && (
        <Section title="Warnings">
          <ul className="import-list">
            {warnings.map(({ message }) => (
              <li key={message}>{message}</li>
            ))}
          </ul>
        </Section>
      )}
    </>
  )
}

const Section = ({ title, children }: { readonly title: string; readonly children: ReactNode }) => (
  <section className="import-section" aria-label={title}>
    <h3>{title}</h3>
    {children}
  </section>
)

/** The buttons stand for the options of the command line, which end the sentence. */
const withoutOptions = (sentence: string): string => sentence.replace(/:? --[a-z].*$/s, '?')

/** Each answer reads the files again. */
const Question = ({ question: { sentence, options } }: { readonly question: InputQuestion }) => (
  <section className="notice import-question" role="alert">
    <p>{withoutOptions(sentence)}</p>
    <div className="actions">
      {options.map(({ label, settings }) => (
        <button key={label} type="button" className="button" onClick={() => changeReading(settings)}>
          {label}
        </button>
      ))}
    </div>
  </section>
)

/** Columns without a value are left out. */
const previewTable = ({ preview }: Inspection): TableContent => {
  const cells = preview.map(({ quantiles, is_future: isFuture, ...row }) => ({
    ...row,
    quantiles: quantiles === null ? null : listOf(Object.keys(quantiles)),
    is_future: isFuture === null ? null : String(isFuture),
  }))
  const columns = (Object.keys(cells[0] ?? {}) as (keyof (typeof cells)[number])[]).filter((name) =>
    cells.some((row) => row[name] !== null),
  )
  return { columns, rows: cells.map((row) => columns.map((name) => row[name])) }
}
