// What an error code means to the user: a heading, and the next step where the error brings none of its own.
import type { ErrorCode } from '../../src-shared/run/errors.ts'

export interface ErrorDescription {
  readonly heading: string
  readonly next: string
}

export const describeError = (code: ErrorCode): ErrorDescription => {
  switch (code) {
    case 'usage':
      return { heading: 'That cannot be done this way', next: 'Choose a forecast file, a folder of them, or a run folder.' }
    case 'output-not-empty':
      return { heading: 'The run folder is taken', next: 'Move what is there, then analyse again.' }
    case 'config-invalid':
      return { heading: 'A setting does not fit', next: 'Correct the setting that is named above, then analyse again.' }
    case 'input-not-found':
      return { heading: 'Nothing was found there', next: 'Check whether it was moved or renamed, then choose it again.' }
    case 'input-not-parquet':
      return { heading: 'This is not a Parquet file', next: 'Choose a Parquet file; if it was copied, copy it again: it may be cut short.' }
    case 'input-empty':
      return { heading: 'There are no rows', next: 'Check the job that writes the forecasts, then choose its new output.' }
    case 'input-column-missing':
      return { heading: 'A column is missing', next: 'Forecasts need server_id, timestamp and predicted; rename or add the column.' }
    case 'input-column-type':
      return { heading: 'A column holds the wrong kind of values', next: 'Write the column with the type that is named above.' }
    case 'input-column-reserved':
      return { heading: 'A column bears a name that Headroom writes', next: 'Rename the column in the forecast set.' }
    case 'input-column-conflict':
      return { heading: 'Two columns claim the same role', next: 'Remove or rename one of them.' }
    case 'input-null-key':
      return { heading: 'Some rows name no server or no time', next: 'Remove those rows, or fill in their server and time.' }
    case 'input-time-unreadable':
      return { heading: 'Times cannot be read', next: 'Write times as timestamps, or as ISO 8601 text.' }
    case 'input-no-horizon':
      return {
        heading: 'There is no forecast in it',
        next: 'Include rows after the last measurement, with is_future true or actual empty.',
      }
    case 'input-infinite':
      return { heading: 'Some values are infinite', next: 'Write them as empty, or correct the job that makes them.' }
    case 'input-duplicate-rows':
      return { heading: 'Some rows are there twice', next: 'Keep one row per server, metric, model and time.' }
    case 'input-too-varied':
      return { heading: 'Too many names in one column', next: 'Check that the column holds what its name says.' }
    case 'input-changed':
      return { heading: 'The file changed while it was read', next: 'Analyse it again once nobody writes it.' }
    case 'input-model-unknown':
      return { heading: 'That model is not in the set', next: 'Choose one of the models that are named above.' }
    case 'servers-invalid':
      return { heading: 'The servers table does not fit', next: 'Correct the table beside the forecasts, or move it away to go without.' }
    case 'events-invalid':
      return { heading: 'The events table does not fit', next: 'Correct the line that is named above.' }
    case 'scenario-invalid':
      return { heading: 'That scenario does not fit this run', next: 'Change what is named above.' }
    case 'run-not-found':
      return { heading: 'This is not a run folder', next: 'Choose the folder that holds the run, or a forecast set to analyse.' }
    case 'run-damaged':
      return { heading: 'The run folder is damaged', next: 'Analyse the forecast set again.' }
    case 'notes-not-saved':
      return {
        heading: 'Your decision could not be kept',
        next: 'Check that you may write into the run folder and that the disk is not full.',
      }
    case 'file-not-written':
      return { heading: 'The file could not be written', next: 'Choose another place, or free some space.' }
    case 'query-refused':
      return { heading: 'The run cannot answer that', next: 'Reset the zoom, or choose another metric.' }
    case 'query-failed':
      return { heading: 'A query failed', next: 'Open the run again; if it fails again, send the details.' }
    case 'disk-full':
      return { heading: 'The disk is full', next: 'Free some space, then analyse again.' }
    case 'memory-exceeded':
      return { heading: 'There is not enough memory', next: 'Close other programs, or split the forecast set.' }
    case 'engine-crashed':
      return { heading: 'The engine stopped', next: 'Try again: it starts anew. If it stops again, send the details.' }
    case 'cloud-sign-in':
      return { heading: 'AWS does not know who you are', next: 'Sign in again, or choose another profile.' }
    case 'cloud-refused':
      return { heading: 'AWS does not allow that', next: 'Ask for the permission that is named above.' }
    case 'cloud-setup':
      return { heading: 'The cloud settings do not fit', next: 'Correct the setting that is named above.' }
    case 'cloud-limit':
      return { heading: 'A limit of AWS is reached', next: 'Ask for a higher quota, or choose a smaller machine.' }
    case 'cloud-unreachable':
      return { heading: 'AWS cannot be reached', next: 'Check the network, then try again; nothing is lost.' }
    case 'cloud-job-failed':
      return { heading: 'The cloud job failed', next: 'Read its log, then launch again.' }
    case 'cloud-job-stopped':
      return { heading: 'The cloud job was stopped', next: 'Launch again, with a longer runtime if it was too short.' }
    case 'cloud-incomplete':
      return { heading: 'The run is incomplete', next: 'Launch again; a run without a manifest that agrees is never opened.' }
    case 'cancelled':
      return { heading: 'Cancelled', next: 'Start again whenever you like.' }
    case 'internal':
      return { heading: 'Something went wrong inside Headroom', next: 'Try again; if it fails again, send the details.' }
  }
}
