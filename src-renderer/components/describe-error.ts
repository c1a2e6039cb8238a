// The heading of an error code, and the next step where the error itself has none.
import type { ErrorCode } from '../../src-shared/run/errors.ts'

export interface ErrorDescription {
  readonly heading: string
  readonly next: string
}

export const describeError = (code: ErrorCode): ErrorDescription => {
  switch (code) {
    case 'usage':
      return { heading: 'Invalid request', next: 'Choose a forecast file, a folder of forecast files, or a run folder.' }
    case 'output-not-empty':
      return { heading: 'Output folder is not empty', next: 'Empty the folder or choose another one.' }
    case 'config-invalid':
      return { heading: 'Invalid setting', next: 'Correct the setting named above and run the analysis again.' }
    case 'input-not-found':
      return { heading: 'File or folder not found', next: 'Check whether it was moved or renamed, then choose it again.' }
    case 'input-not-parquet':
      return { heading: 'Not a Parquet file', next: 'Choose a Parquet file. If you copied it, copy it again: it may be incomplete.' }
    case 'input-empty':
      return { heading: 'The forecasts contain no rows', next: 'Check the job that writes the forecasts, then choose its new output.' }
    case 'input-column-missing':
      return { heading: 'Missing column', next: 'Forecasts need server_id, timestamp and predicted. Rename, map or add the column.' }
    case 'input-column-type':
      return { heading: 'Wrong column type', next: 'Write the column with the type named above.' }
    case 'input-column-reserved':
      return { heading: 'Reserved column name', next: 'Rename the column in the forecasts.' }
    case 'input-column-conflict':
      return { heading: 'Conflicting columns', next: 'Remove or rename one of them.' }
    case 'input-null-key':
      return { heading: 'Rows without server or timestamp', next: 'Remove these rows or fill in server_id and timestamp.' }
    case 'input-time-unreadable':
      return { heading: 'Unreadable timestamps', next: 'Write times as timestamps or ISO 8601 text.' }
    case 'input-no-horizon':
      return {
        heading: 'No forecast horizon',
        next: 'Include future rows: is_future is true or actual is empty.',
      }
    case 'input-infinite':
      return { heading: 'Infinite values', next: 'Leave them empty or correct the job that writes them.' }
    case 'input-unit-unclear':
      return { heading: 'Fractions or percent?', next: 'State the unit under “Metric units” in the settings.' }
    case 'input-unclear':
      return { heading: 'Which column is which?', next: 'State it, then read the file again.' }
    case 'input-text-unreadable':
      return { heading: 'Unreadable values', next: 'Correct the values named above, or state how they are written.' }
    case 'input-duplicate-rows':
      return { heading: 'Duplicate rows', next: 'Keep one row per server, metric, model and timestamp.' }
    case 'input-too-varied':
      return { heading: 'Too many distinct values', next: 'Check the content of the column.' }
    case 'input-changed':
      return { heading: 'File changed during analysis', next: 'Run the analysis again after writing has finished.' }
    case 'input-model-unknown':
      return { heading: 'Unknown model', next: 'Choose one of the models named above.' }
    case 'servers-invalid':
      return { heading: 'Invalid servers table', next: 'Correct the table, or move it away to analyse without one.' }
    case 'events-invalid':
    case 'table-invalid':
      return { heading: 'Invalid events table', next: 'Correct the line named above.' }
    case 'scenario-invalid':
      return { heading: 'Invalid scenario', next: 'Change the value named above.' }
    case 'run-not-found':
      return { heading: 'Not a run folder', next: 'Choose a run folder, or forecasts to analyse.' }
    case 'run-damaged':
      return { heading: 'Run folder is damaged', next: 'Run the analysis again.' }
    case 'notes-not-saved':
      return {
        heading: 'Notes not saved',
        next: 'Check write permission for the run folder and free disk space.',
      }
    case 'file-not-written':
      return { heading: 'File not written', next: 'Choose another folder or free some disk space.' }
    case 'query-refused':
      return { heading: 'Query not supported by this run', next: 'Reset the zoom or choose another metric.' }
    case 'query-failed':
      return { heading: 'Query failed', next: 'Open the run again. If it fails again, send the details.' }
    case 'disk-full':
      return { heading: 'Disk is full', next: 'Free some disk space and run the analysis again.' }
    case 'memory-exceeded':
      return { heading: 'Not enough memory', next: 'Close other programs or split the forecasts.' }
    case 'engine-crashed':
      return { heading: 'Engine crashed', next: 'Try again; the engine restarts. If it crashes again, send the details.' }
    case 'cloud-sign-in':
      return { heading: 'AWS credentials are missing or expired', next: 'Sign in again or choose another profile.' }
    case 'cloud-process-denied':
      return { heading: 'Credential process not allowed', next: 'Allow it if you trust the program, or choose another profile.' }
    case 'cloud-refused':
      return { heading: 'Missing AWS permission', next: 'Ask your administrator for the permission named above.' }
    case 'cloud-setup':
      return { heading: 'Invalid cloud settings', next: 'Correct the setting named above.' }
    case 'cloud-limit':
      return { heading: 'AWS quota exceeded', next: 'Request a higher quota or choose a smaller instance type.' }
    case 'cloud-unreachable':
      return { heading: 'AWS is unreachable', next: 'Check the network and try again.' }
    case 'cloud-job-failed':
      return { heading: 'Cloud job failed', next: 'Check the job log, then launch again.' }
    case 'cloud-job-stopped':
      return { heading: 'Cloud job stopped', next: 'Launch again; raise the max runtime if it was too short.' }
    case 'cloud-incomplete':
      return { heading: 'Incomplete run', next: 'Launch again. Runs that fail verification are not opened.' }
    case 'source-unreachable':
      return { heading: 'Source not reachable', next: 'Check the address, the network and the proxy, then try again.' }
    case 'source-refused':
      return { heading: 'Source refused the request', next: 'Check the credentials and the query.' }
    case 'delivery-failed':
      return { heading: 'Not delivered', next: 'The next cycle tries again.' }
    case 'cancelled':
      return { heading: 'Cancelled', next: 'Start the analysis again when ready.' }
    case 'internal':
      return { heading: 'Internal error', next: 'Try again. If it fails again, send the details.' }
  }
}
