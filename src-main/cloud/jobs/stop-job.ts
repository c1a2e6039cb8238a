// Stops a job; one that has ended or is stopping already stays as it is.
import { StopProcessingJobCommand } from '@aws-sdk/client-sagemaker'
import type { JobState } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { toCloudError } from '../account/cloud-error.ts'
import type { Connection } from '../account/connection.ts'
import { describeJob } from './describe-job.ts'

export const stopJob = async (connection: Connection, name: string): Promise<JobState> => {
  try {
    const job = await describeJob(connection, name)
    if (job === undefined) {
      throw new HeadroomError('cloud-setup', `There is no processing job ${name} in ${connection.region}.`, {
        next: 'List them with: headroom cloud jobs.',
      })
    }
    if (job.state.status !== 'InProgress') return job.state
    await connection.sagemaker.send(new StopProcessingJobCommand({ ProcessingJobName: name }))
    return (await describeJob(connection, name))?.state ?? job.state
  } catch (thrown) {
    throw toCloudError(thrown, { region: connection.region })
  }
}
