// The program of the cloud job: Headroom's engine, or a custom Python module from a project folder.
import { launchFormSchema, type LaunchForm } from '../../src-shared/ipc/cloud-contract.ts'
import { engineKinds, processingLimits, type EngineKind } from '../../src-shared/cloud/cloud-settings.ts'
import { LocalPathField } from './browse-field.tsx'
import { updateForm, useCloudState } from '../state/cloud-state.ts'
import { ChoiceField, NumberField, TextField } from './form-fields.tsx'

const programLabels: Readonly<Record<LaunchForm['program'], string>> = {
  engine: 'Headroom',
  'python-module': 'Custom Python module',
}

const engineLabels: Readonly<Record<EngineKind, string>> = { single: 'Single instance', spark: 'Spark cluster' }

export const ProgramFields = () => {
  const { form } = useCloudState()
  return (
    <>
      <ChoiceField
        label="Program"
        value={form.program}
        options={launchFormSchema.shape.program.options.map((program) => ({ value: program, label: programLabels[program] }))}
        onChange={(program) => updateForm({ program })}
      />
      {form.program === 'engine' && (
        <ChoiceField
          label="Compute"
          value={form.engine}
          options={engineKinds.map((kind) => ({ value: kind, label: engineLabels[kind] }))}
          onChange={(engine) => updateForm({ engine })}
        />
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
          <TextField
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
