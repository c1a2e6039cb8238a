// Runs the tests of the cloud with every request recorded, and has AWS's own service models, as botocore ships them, judge each of them.
// Part of `npm run interop`; says so and ends well where botocore is not installed.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expectThat } from './expectations.mjs'
import { python } from './moto-server.mjs'

const project = resolve(import.meta.dirname, '..', '..')
if (spawnSync(python, ['-c', 'import botocore'], { stdio: 'ignore' }).status !== 0) {
  console.log('Skipped: botocore is not installed (pip install boto3; HEADROOM_PYTHON names the Python that has it).')
  process.exit(0)
}

const tests = ['test/cloud', 'test/cli/cloud', 'test/cli/collect', 'test/sources/cloudwatch.test.ts', 'test/shell/cloud']
const folder = mkdtempSync(join(tmpdir(), 'headroom-requests-'))
const file = join(folder, 'requests.jsonl')
/** @param {string} input */
const judge = (input) => spawnSync(python, [join(project, 'test', 'interop', 'recorded_requests.py')], { encoding: 'utf8', input })

/** @typedef {{ method: string, path: string, query: string, headers: Record<string, string>, body: string | null }} Recorded */
/** What the judge must see, or its silence says nothing. @type {readonly [string, (request: Recorded) => boolean, (request: Recorded) => Recorded][]} */
const damages = [
  [
    'a member that no model has',
    ({ headers }) => headers['x-amz-target'] === 'SageMaker.CreateProcessingJob',
    (request) => ({ ...request, body: (request.body ?? '').replace('"RoleArn"', '"RoleARN"') }),
  ],
  [
    'a value that is not listed',
    ({ headers, body }) => headers['x-amz-target'] === 'SageMaker.CreateProcessingJob' && (body ?? '').includes('"ml.m5.xlarge"'),
    (request) => ({ ...request, body: (request.body ?? '').replaceAll('"ml.m5.xlarge"', '"ml.m5.xlargest"') }),
  ],
  [
    'a header that no model has',
    ({ headers }) => 'x-amz-expected-bucket-owner' in headers,
    (request) => ({ ...request, headers: { ...request.headers, 'x-amz-bucket-owner': '1' } }),
  ],
  [
    'a form field that no model has',
    ({ body }) => (body ?? '').includes('Action=GetRole'),
    (request) => ({ ...request, body: `${request.body}&Role=1` }),
  ],
  [
    'a signature for another service',
    ({ headers }) => headers['x-amz-target'] === 'AWSPriceListService.GetProducts',
    (request) => ({
      ...request,
      headers: { ...request.headers, authorization: (request.headers['authorization'] ?? '').replace('/pricing/', '/sagemaker/') },
    }),
  ],
]

try {
  const env = { ...process.env, HEADROOM_RECORD_REQUESTS: file }
  const vitest = [join(project, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--project', 'headless', ...tests]
  const { status } = spawnSync(process.execPath, vitest, { stdio: 'inherit', cwd: project, env })
  expectThat('the recorded tests pass', status === 0, `exit code ${status}`)
  const recorded = readFileSync(file, 'utf8')
  const judged = judge(recorded)
  console.log(judged.stdout)
  expectThat('every recorded request is valid by the models of AWS', judged.status === 0, judged.stderr)
  const requests = recorded
    .trim()
    .split('\n')
    .map((line) => /** @type {Recorded} */ (JSON.parse(line)))
  for (const [what, fits, damage] of damages) {
    const request = requests.find(fits)
    expectThat(`the judge sees ${what}`, request !== undefined && judge(JSON.stringify(damage(request))).status !== 0, 'accepted')
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
