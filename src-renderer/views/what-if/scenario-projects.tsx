// The projects of a scenario: create, edit, count or leave out, remove; and by how many days each moves the runway of its cluster.
import { metricLabel } from '../../../src-shared/artefacts/metric-label.ts'
import { Download, Pencil, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { projectStatuses, type CapacitySummary } from '../../../src-shared/artefacts/capacity.ts'
import { projectsOfRun, type CapacityOutcome, type ScenarioProject } from '../../../src-shared/ipc/what-if.ts'
import { DateField } from '../../components/date-field.tsx'
import { Field } from '../../components/field.tsx'
import { formatTable } from '../../components/format-table.ts'
import { OptionList } from '../../components/select.tsx'
import { saveFile } from '../../state/export-actions.ts'
import { formatFraction, formatNumber, formatSigned } from '../../theme/formatting.ts'
import { runwayDate } from './capacity-outcome.tsx'

type Movement = Pick<
  CapacityOutcome['projects'][number],
  'runway_p50_without' | 'runway_p50_with' | 'runway_p90_without' | 'runway_p90_with' | 'moved_days_p50' | 'moved_days_p90'
>

interface ScenarioProjectsProps {
  readonly report: CapacitySummary
  /** Null: those of the run. */
  readonly projects: readonly ScenarioProject[] | null
  readonly outcome: CapacityOutcome | null
  readonly onChange: (projects: ScenarioProject[]) => void
}

export const ScenarioProjects = ({ report, projects: changed, outcome, onChange }: ScenarioProjectsProps) => {
  const projects = changed ?? projectsOfRun(report)
  const [edited, setEdited] = useState<number | 'new' | null>(null)
  const clusters = report.groups.filter(({ kind }) => kind === 'cluster')
  if (clusters.length === 0) return null
  const movementOf = ({ name, group, metric }: ScenarioProject): Movement | undefined =>
    (outcome?.projects ?? report.projects).find((other) => other.name === name && other.group === group && other.metric === metric)
  const replace = (index: number, project: ScenarioProject): void =>
    onChange(projects.map((other, position) => (position === index ? project : other)))
  return (
    <section aria-label="Projects" className="capacity-outcome">
      <header className="chart-head">
        <h2>Projects</h2>
        <span className="toolbar-gap" />
        {edited === null && (
          <button type="button" className="button" onClick={() => setEdited('new')}>
            <Plus size={14} aria-hidden /> Add project
          </button>
        )}
        {projects.length > 0 && (
          <button
            type="button"
            className="icon-button"
            aria-label="Export: Projects"
            title="Export as CSV for headroom analyze --projects"
            onClick={() => void saveFile('projects.csv', 'csv', projectsCsv(projects))}
          >
            <Download size={15} aria-hidden />
          </button>
        )}
      </header>
      {projects.length === 0 && edited === null && <p className="muted">No projects. A project adds demand to a cluster from a day on.</p>}
      {edited !== null && (
        <ProjectForm
          key={edited}
          clusters={clusters}
          initial={edited === 'new' ? null : projects[edited]!}
          onSave={(project) => {
            if (edited === 'new') onChange([...projects, project])
            else replace(edited, project)
            setEdited(null)
          }}
          onCancel={() => setEdited(null)}
        />
      )}
      {projects.length > 0 && (
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Counts</th>
              <th scope="col">Project</th>
              <th scope="col">Cluster</th>
              <th scope="col">Moves P50</th>
              <th scope="col">Moves P90</th>
              <th scope="col">Metric</th>
              <th scope="col" data-number>
                Units
              </th>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col" data-number>
                Probability
              </th>
              <th scope="col">Status</th>
              <th scope="col">Actions</th>
            </tr>
          </thead>
          <tbody>
            {projects.map((project, index) => {
              const movement = movementOf(project)
              return (
                // Two projects may have one name.
                // oxlint-disable-next-line react/no-array-index-key
                <tr key={`${index} ${project.name}`}>
                  <td>
                    <input
                      type="checkbox"
                      aria-label={`Count ${project.name}`}
                      checked={project.is_counted}
                      onChange={({ target }) => replace(index, { ...project, is_counted: target.checked })}
                    />
                  </td>
                  <td>{project.name}</td>
                  <td>{project.group}</td>
                  <td>
                    {movement === undefined
                      ? '–'
                      : movedText(movement.runway_p50_without, movement.runway_p50_with, movement.moved_days_p50)}
                  </td>
                  <td>
                    {movement === undefined
                      ? '–'
                      : movedText(movement.runway_p90_without, movement.runway_p90_with, movement.moved_days_p90)}
                  </td>
                  <td>{metricLabel(project.metric)}</td>
                  <td data-number>{formatNumber(project.units)}</td>
                  <td>{project.from}</td>
                  <td>{project.to ?? ''}</td>
                  <td data-number>{formatFraction(project.probability)}</td>
                  <td>{project.status}</td>
                  <td className="row-buttons">
                    <button
                      type="button"
                      className="icon-button"
                      aria-label={`Edit ${project.name}`}
                      title="Edit"
                      onClick={() => setEdited(index)}
                    >
                      <Pencil size={14} aria-hidden />
                    </button>
                    <button
                      type="button"
                      className="icon-button"
                      aria-label={`Remove ${project.name}`}
                      title="Remove"
                      onClick={() => {
                        setEdited(null)
                        onChange(projects.filter((_, position) => position !== index))
                      }}
                    >
                      <Trash2 size={14} aria-hidden />
                    </button>
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      )}
    </section>
  )
}

const movedText = (without: string | null, included: string | null, days: number | null): string => {
  if (days !== null) return days === 0 ? 'not at all' : `${formatSigned(days)} days, to ${runwayDate(included)}`
  return without === null && included === null ? 'after the horizon' : `${runwayDate(without)} → ${runwayDate(included)}`
}

const csvColumns = ['name', 'group', 'metric', 'units', 'from', 'to', 'probability', 'status'] as const

const projectsCsv = (projects: readonly ScenarioProject[]): string =>
  formatTable({ columns: csvColumns, rows: projects.map((project) => csvColumns.map((column) => project[column])) }, 'csv')

interface ProjectFormProps {
  readonly clusters: readonly { readonly group: string; readonly metric: string; readonly unit: string }[]
  readonly initial: ScenarioProject | null
  readonly onSave: (project: ScenarioProject) => void
  readonly onCancel: () => void
}

const ProjectForm = ({ clusters, initial, onSave, onCancel }: ProjectFormProps) => {
  const [form, setForm] = useState(() => ({
    name: initial?.name ?? '',
    group: initial?.group ?? clusters[0]!.group,
    metric: initial?.metric ?? clusters[0]!.metric,
    units: String(initial?.units ?? ''),
    from: initial?.from ?? '',
    to: initial?.to ?? '',
    percent: String(Number((100 * (initial?.probability ?? 1)).toFixed(6))),
    status: initial?.status ?? ('planned' as const),
  }))
  const change = (changes: Partial<typeof form>): void => setForm((last) => ({ ...last, ...changes }))
  const metrics = clusters.filter(({ group }) => group === form.group)
  const unit = metrics.find(({ metric }) => metric === form.metric)?.unit
  const units = form.units.trim() === '' ? Number.NaN : Number(form.units)
  const probability = form.percent.trim() === '' ? Number.NaN : Number(form.percent) / 100
  const isValid = Number.isFinite(units) && probability >= 0 && probability <= 1 && (form.to === '' || form.to >= form.from)
  return (
    <form
      className="edit-form"
      aria-label={initial === null ? 'New project' : 'Edit project'}
      onSubmit={(event) => {
        event.preventDefault()
        if (!isValid) return
        onSave({
          name: form.name.trim(),
          group: form.group,
          metric: form.metric,
          units,
          from: form.from,
          to: form.to === '' ? null : form.to,
          probability,
          status: form.status,
          is_counted: initial?.is_counted ?? true,
        })
      }}
    >
      <div className="edit-fields">
        <Field label="Name">
          {(control) => (
            <input
              {...control}
              className="field"
              required
              maxLength={200}
              pattern=".*\S.*"
              value={form.name}
              onChange={({ target }) => change({ name: target.value })}
            />
          )}
        </Field>
        <Field label="Cluster">
          {(control) => (
            <OptionList
              {...control}
              className="field"
              value={form.group}
              options={[...new Set(clusters.map(({ group }) => group))].map((group) => ({ value: group, label: group }))}
              onChange={(group) => change({ group, metric: clusters.find((cluster) => cluster.group === group)!.metric })}
            />
          )}
        </Field>
        <Field label="Metric">
          {(control) => (
            <OptionList
              {...control}
              className="field"
              value={form.metric}
              options={metrics.map(({ metric }) => ({ value: metric, label: metricLabel(metric) }))}
              onChange={(metric) => change({ metric })}
            />
          )}
        </Field>
        <Field
          label="Demand"
          unit={unit}
          hint="Below 0 for what goes away"
          error={form.units === '' || Number.isFinite(units) ? '' : 'Enter a number, such as 20.5.'}
        >
          {(control) => (
            <input
              {...control}
              className="field"
              inputMode="decimal"
              required
              value={form.units}
              onChange={({ target }) => change({ units: target.value })}
            />
          )}
        </Field>
        <DateField label="From" value={form.from} onChange={(from) => change({ from })} required />
        <DateField
          label="To (inclusive)"
          value={form.to}
          onChange={(to) => change({ to })}
          error={form.to === '' || form.to >= form.from ? '' : 'Enter a day on or after From.'}
        />
        <Field label="Probability" unit="%" error={probability >= 0 && probability <= 1 ? '' : 'Enter a percentage from 0 to 100.'}>
          {(control) => (
            <input
              {...control}
              className="field"
              inputMode="decimal"
              required
              value={form.percent}
              onChange={({ target }) => change({ percent: target.value })}
            />
          )}
        </Field>
        <Field label="Status">
          {(control) => (
            <OptionList
              {...control}
              className="field"
              value={form.status}
              options={projectStatuses.map((status) => ({ value: status, label: status }))}
              onChange={(status) => change({ status })}
            />
          )}
        </Field>
      </div>
      <div className="actions">
        <button type="submit" className="button primary-button" disabled={!isValid}>
          {initial === null ? 'Add' : 'Save'}
        </button>
        <button type="button" className="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  )
}
