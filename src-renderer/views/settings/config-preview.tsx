// The settings of an imported configuration file next to the defaults, to apply or cancel.
import type { ConfigReading } from '../../../src-shared/config/pipeline-config.ts'
import { fileNameOf } from '../../state/open-path.ts'

export interface ConfigPreviewProps {
  readonly importedConfig: ConfigReading
  readonly onApply: () => void
  readonly onCancel: () => void
}

export const ConfigPreview = ({ importedConfig, onApply, onCancel }: ConfigPreviewProps) => {
  const { path, kind, changes, ignored } = importedConfig
  return (
    <div className="preview" role="region" aria-label="Imported settings">
      <h2>
        {fileNameOf(path)}: {kind === 'pipeline' ? 'pipeline configuration' : 'Headroom settings'}
      </h2>
      {changes.length === 0 ? (
        <p>The file has no settings for Headroom.</p>
      ) : (
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Setting</th>
              <th scope="col">Value in file</th>
              <th scope="col">Default</th>
            </tr>
          </thead>
          <tbody>
            {changes.map(({ key, value, defaultValue }) => (
              <tr key={key}>
                <td>
                  <code>{key}</code>
                </td>
                <td>{JSON.stringify(value)}</td>
                <td>{defaultValue === null ? 'none' : JSON.stringify(defaultValue)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {ignored.length > 0 && <p className="muted">Ignored: {ignored.join(', ')}</p>}
      <div className="actions">
        <button type="button" className="button primary-button" disabled={changes.length === 0} onClick={onApply}>
          Apply
        </button>
        <button type="button" className="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </div>
  )
}
