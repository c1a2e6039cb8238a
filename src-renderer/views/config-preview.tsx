// What a configuration file would set, beside the defaults, before anything is kept.
import type { ConfigReading } from '../../src-shared/config-reading.ts'
import { lastPartOf } from '../state/open-path.ts'

export interface ConfigPreviewProps {
  readonly reading: ConfigReading
  readonly onTake: () => void
  readonly onLeave: () => void
}

export const ConfigPreview = ({ reading, onTake, onLeave }: ConfigPreviewProps) => {
  const { path, kind, changes, ignored } = reading
  return (
    <div className="preview" role="region" aria-label="What the file sets">
      <h2>
        {lastPartOf(path)}: {kind === 'pipeline' ? 'the Python pipeline’s configuration' : 'settings of Headroom'}
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
            {changes.map(({ key, value, byDefault }) => (
              <tr key={key}>
                <td>
                  <code>{key}</code>
                </td>
                <td>{JSON.stringify(value)}</td>
                <td>{byDefault === null ? 'none' : JSON.stringify(byDefault)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {ignored.length > 0 && <p className="muted">Left alone: {ignored.join(', ')}</p>}
      <div className="actions">
        <button type="button" className="button primary-button" disabled={changes.length === 0} onClick={onTake}>
          Take these settings
        </button>
        <button type="button" className="button" onClick={onLeave}>
          Leave them
        </button>
      </div>
    </div>
  )
}
