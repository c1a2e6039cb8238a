// What a configuration file would set, beside the defaults, before anything is kept.
import type { ConfigReading } from '../../../src-shared/config/config-preview.ts'
import { fileNameOf } from '../../state/open-path.ts'

export interface ConfigPreviewProps {
  readonly importedConfig: ConfigReading
  readonly onApply: () => void
  readonly onCancel: () => void
}

export const ConfigPreview = ({ importedConfig, onApply, onCancel }: ConfigPreviewProps) => {
  const { path, kind, changes, ignored } = importedConfig
  return (
    <div className="preview" role="region" aria-label="What the file sets">
      <h2>
        {fileNameOf(path)}: {kind === 'pipeline' ? 'the Python pipeline’s configuration' : 'settings of Headroom'}
      </h2>
      {changes.length === 0 ? (
        <p>It sets nothing that Headroom uses.</p>
      ) : (
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Setting</th>
              <th scope="col">The file says</th>
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
      {ignored.length > 0 && <p className="muted">Left alone: {ignored.join(', ')}</p>}
      <div className="actions">
        <button type="button" className="button primary-button" disabled={changes.length === 0} onClick={onApply}>
          Take these settings
        </button>
        <button type="button" className="button" onClick={onCancel}>
          Leave them
        </button>
      </div>
    </div>
  )
}
