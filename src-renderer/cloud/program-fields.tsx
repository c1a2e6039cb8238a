// What runs there: Headroom's engine, or the user's own Python module out of a project folder.
import type { CloudDraft } from '../../src-shared/cloud-contract.ts'
import { LocalField } from './browse-field.tsx'
import { changeDraft, useCloudState } from './cloud-state.ts'
import { Field } from './form-fields.tsx'

const programs: Readonly<Record<CloudDraft['program'], string>> = { engine: 'Headroom’s engine', 'python-module': 'My own Python module' }

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
