// What runs there: Headroom's engine, or the user's own Python module out of a project folder.
import type { CloudDraft } from '../../src-shared/cloud-contract.ts'
import { engineKinds, processingLimits, type EngineKind } from '../../src-shared/cloud-settings.ts'
import { LocalField } from './browse-field.tsx'
import { changeDraft, useCloudState } from './cloud-state.ts'
import { Field, NumberField } from './form-fields.tsx'

const programs: Readonly<Record<CloudDraft['program'], string>> = { engine: 'Headroom’s engine', 'python-module': 'My own Python module' }

const engines: Readonly<Record<EngineKind, string>> = { single: 'on one machine', spark: 'by Spark on several' }

export const ProgramFields = () => {
  const { draft } = useCloudState()
  return (
    <>
      <label className="cloud-field">
        <span>What runs</span>
        <select value={draft.program} onChange={({ target }) => changeDraft({ program: target.value as CloudDraft['program'] })}>
          {Object.entries(programs).map(([program, words]) => (
            <option key={program} value={program}>
              {words}
            </option>
          ))}
        </select>
      </label>
      {draft.program === 'engine' && (
        <label className="cloud-field">
          <span>Rows are computed</span>
          <select value={draft.engine} onChange={({ target }) => changeDraft({ engine: target.value as EngineKind })}>
            {engineKinds.map((kind) => (
              <option key={kind} value={kind}>
                {engines[kind]}
              </option>
            ))}
          </select>
        </label>
      )}
      {draft.program === 'engine' && draft.engine === 'spark' && (
        <>
          <NumberField
            label="Machines"
            value={draft.instances}
            most={processingLimits.instances}
            onChange={(instances) => changeDraft({ instances })}
          />
          <p className="muted cloud-hint">Two jobs in turn: Spark computes and cuts up the rows, the engine finishes the run.</p>
        </>
      )}
      {draft.program === 'python-module' && (
        <>
          <LocalField
            label="Project folder"
            kind="project"
            value={draft.projectFolder}
            placeholder="The folder that holds src and config"
            onChange={(projectFolder) => changeDraft({ projectFolder })}
          />
          <Field
            label="Script in it"
            value={draft.moduleScript}
            placeholder="src/05_risk_analysis.py"
            onChange={(moduleScript) => changeDraft({ moduleScript })}
          />
          <p className="muted cloud-hint">Its outputs come home as they are, without a manifest to verify them by.</p>
        </>
      )}
    </>
  )
}
