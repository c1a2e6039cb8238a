// All of Headroom's jobs in the account, those started elsewhere too; asked for when wanted.
import { loadHistory, useCloudState } from './cloud-state.ts'

export const JobHistory = () => {
  const { history, historyNote, errand } = useCloudState()
  return (
    <section className="cloud-history" aria-label="History">
      <button type="button" className="button" disabled={errand !== ''} onClick={() => void loadHistory()}>
        List all jobs of the account
      </button>
      {historyNote !== null && <p className="muted">{historyNote}</p>}
      {history !== null && (
        <table>
          <thead>
            <tr>
              <th scope="col">Job</th>
              <th scope="col">Status</th>
              <th scope="col">Started</th>
            </tr>
          </thead>
          <tbody>
            {history.map(({ name, status, createdAt, runId }) => (
              <tr key={name}>
                <td>{name}</td>
                <td>{status}</td>
                <td>
                  {createdAt === '' ? '' : new Date(createdAt).toLocaleString()}
                  {runId === null && ' elsewhere'}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}
