// What is filled in in the window, as the job that SageMaker is asked for.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { draftRequest, keepDraft, readDraft } from '../../src-main/shell/cloud-draft.ts'
import { emptyDraft } from '../../src-shared/cloud-contract.ts'
import { openCloudPlace, placeBucket, type CloudPlace } from '../fixtures/cloud-place.ts'

let place: CloudPlace
beforeEach(async () => {
  place = await openCloudPlace({}, { runJob: () => Promise.resolve() })
})
afterEach(() => place.close())

const filledIn = () => ({
  ...emptyDraft,
  input: `s3://${placeBucket}/forecasts/`,
  bucket: placeBucket,
  roleArn: place.simulator.account.roles.get('HeadroomProcessing')!.arn,
})

const advanced = {
  kmsKeyId: 'key-1',
  subnets: ['subnet-1', 'subnet-2'],
  securityGroupIds: ['sg-1'],
  tags: { team: 'capacity', stage: '' },
  volumeGb: 77,
  networkIsolation: false,
}

const launched = async (own: Partial<typeof emptyDraft>) => {
  await place.launch(await draftRequest({ ...filledIn(), ...own }))
  const [job] = [...place.simulator.account.jobs.values()]
  return job!.request
}

describe('the draft of a launch', () => {
  it('sends key, network, tags and volume', async () => {
    expect(await launched(advanced)).toMatchObject({
      NetworkConfig: {
        EnableNetworkIsolation: false,
        VpcConfig: { Subnets: ['subnet-1', 'subnet-2'], SecurityGroupIds: ['sg-1'] },
      },
      ProcessingOutputConfig: { KmsKeyId: 'key-1' },
      ProcessingResources: { ClusterConfig: { VolumeSizeInGB: 77, VolumeKmsKeyId: 'key-1' } },
      Tags: [expect.anything(), { Key: 'team', Value: 'capacity' }, { Key: 'stage', Value: '' }],
    })
  })

  it('without them asks for an isolated job of 30 GB, in no VPC and with no key', async () => {
    const request = await launched({})
    expect(request).toMatchObject({
      NetworkConfig: { EnableNetworkIsolation: true },
      ProcessingResources: { ClusterConfig: { VolumeSizeInGB: 30 } },
    })
    expect(JSON.stringify(request)).not.toMatch(/VpcConfig|KmsKeyId/)
  })

  it('is kept, and one that lacks the newer fields keeps the others', async () => {
    const path = join(place.folder, 'draft.json')
    await keepDraft(path, { ...filledIn(), ...advanced })
    expect(await readDraft(path)).toEqual({ ...filledIn(), ...advanced })
    await writeFile(path, JSON.stringify({ bucket: 'mine' }))
    expect(await readDraft(path)).toEqual({ ...emptyDraft, bucket: 'mine' })
    await writeFile(path, 'null')
    expect(await readDraft(path)).toEqual(emptyDraft)
  })
})
