// Program there: Headroom's engine, or the user's own Python module out of a project folder.
import type { LaunchForm } from '../../src-shared/ipc/cloud-contract.ts'
import { engineKinds, processingLimits, type EngineKind } from '../../src-shared/cloud/cloud-settings.ts'
import { LocalPathField } from './browse-field.tsx'
import { updateForm, useCloudState } from '../state/cloud-state.ts'
import { Field, NumberField } from './form-fields.tsx'

const programLabels: Readonly<Record<LaunchForm['program'], string>> = {
  engine: 'Headroom',
  'python-module': 'Custom Python module',
}

const engineLabels: Readonly<Record<EngineKind, string>> = { single: 'Single instance', spark: 'Spark cluster' }

export const ProgramFields = () => {
  const { form } = useCloudState()
  return (
    <>
      <label className="cloud-field">
        <span>Program</span>
        <select value={form.program} onChange={({ target }) => updateForm({ program: target.value as LaunchForm['program'] })}>
          {Object.entries(programLabels).map(([program, label]) => (
            <option key={program} value={program}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {form.program === 'engine' && (
        <label className="cloud-field">
          <span>Compute</span>
          <select value={form.engine} onChange={({ target }) => updateForm({ engine: target.value as EngineKind })}>
            {engineKinds.map((kind) => (
              <option key={kind} value={kind}>
                {engineLabels[kind]}
              </option>
            ))}
          </select>
        </label>
      )}
      {form.program === 'engine' && form.engine === 'spark' && (
        <>
          <NumberField
            label="Instances"
            value={form.instances}
            max={processingLimits.instances}
            onChange={(instances) => updateForm({ instances })}
          />
          <p className="muted cloud-hint">Two jobs: Spark prepares the rows, then the engine completes the run.</p>
        </>
      )}
      {form.program === 'python-module' && (
        <>
          <LocalPathField
            label="Project folder"
            kind="project"
            value={form.projectFolder}
            placeholder="Folder with src and config"
            onChange={(projectFolder) => updateForm({ projectFolder })}
          />
          <Field
            label="Script"
            value={form.moduleScript}
            placeholder="src/05_risk_analysis.py"
            onChange={(moduleScript) => updateForm({ moduleScript })}
          />
          <p className="muted cloud-hint">Outputs are downloaded unverified; a custom module writes no manifest.</p>
        </>
      )}
    </>
  )
}
