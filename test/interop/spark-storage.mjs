// Spark writes with the storage settings of a launch, through the S3A of Hadoop that the AWS image holds, to moto behind a recorder:
// every object is encrypted with the key, no marker of a folder is deleted. `HEADROOM_S3A_JARS` names a folder with hadoop-aws 3.3.4 and
// aws-java-sdk-bundle; part of `npm run interop`, and says so where something is not installed.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request as forward } from 'node:http'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam'
import { expectThat } from './expectations.mjs'
import { python, startMoto } from './moto-server.mjs'

const jars = process.env['HEADROOM_S3A_JARS']
if (jars === undefined || spawnSync(python, ['-c', 'import pyspark'], { stdio: 'ignore' }).status !== 0) {
  console.log('Skipped: needs PySpark 3.5 and HEADROOM_S3A_JARS, a folder with hadoop-aws 3.3.4 and aws-java-sdk-bundle 1.12.')
  process.exit(0)
}
const moto = await startMoto()
if (moto === undefined) process.exit(0)

const key = '11111111-2222-3333-4444-555555555555'
const folder = mkdtempSync(join(tmpdir(), 'headroom-s3a-'))
const cliFile = join(resolve(import.meta.dirname, '..', '..'), 'out', 'main', 'cli.cjs')
/** @type {{ method: string, url: string, encryption: string, keyId: string, body: string }[]} */
const seen = []
// S3A sends keys over TLS only, so the recorder has a certificate that Java is told to trust.
const [certificate, privateKey, trusted] = ['certificate.pem', 'key.pem', 'trusted.p12'].map((name) => join(folder, name))
const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
spawnSync('openssl', [
  'req',
  '-x509',
  '-newkey',
  'rsa:2048',
  '-nodes',
  '-days',
  '2',
  ...subject,
  '-keyout',
  privateKey,
  '-out',
  certificate,
])
spawnSync('keytool', [
  '-importcert',
  '-noprompt',
  '-storepass',
  'changeit',
  '-alias',
  'recorder',
  '-file',
  certificate,
  '-keystore',
  trusted,
])
const java = `-Djavax.net.ssl.trustStore=${trusted} -Djavax.net.ssl.trustStorePassword=changeit`

const recorder = createServer({ cert: readFileSync(certificate), key: readFileSync(privateKey) }, (incoming, response) => {
  const { method = '', url = '', headers } = incoming
  const onward = forward(moto.client.endpoint, { method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers)
    answer.pipe(response)
  })
  const [encryption, keyId] = ['x-amz-server-side-encryption', 'x-amz-server-side-encryption-aws-kms-key-id'].map((name) =>
    String(headers[name]),
  )
  const line = { method, url, encryption: encryption ?? '', keyId: keyId ?? '', body: '' }
  seen.push(line)
  incoming.on('data', (piece) => {
    if (url.includes('delete')) line.body += piece
  })
  incoming.pipe(onward)
})

const program = `
import sys, json
from pyspark.sql import SparkSession
builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.jars", sys.argv[2])
for name, value in json.loads(sys.argv[1]).items(): builder = builder.config("spark.hadoop." + name, value)
spark = builder.getOrCreate()
spark.range(100).repartition(2).write.mode("overwrite").parquet(sys.argv[3])
print(spark.read.parquet(sys.argv[3]).count())
`
/** @param {Record<string, string>} storage @param {string} target @returns {Promise<{ lines: typeof seen, output: string }>} */
const write = async (storage, target) => {
  seen.length = 0
  const { port } = /** @type {import('node:net').AddressInfo} */ (recorder.address())
  const connection = {
    'fs.s3a.endpoint': `https://127.0.0.1:${port}`,
    'fs.s3a.path.style.access': 'true',
    'fs.s3a.access.key': 'testing',
    'fs.s3a.secret.key': 'testing',
  }
  const files = ['hadoop-aws-3.3.4.jar', 'aws-java-sdk-bundle-1.12.262.jar'].map((name) => join(jars, name)).join(',')
  const child = spawn(python, ['-c', program, JSON.stringify({ ...connection, ...storage }), files, target], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, JDK_JAVA_OPTIONS: java },
  })
  let output = ''
  child.stdout.on('data', (piece) => (output += piece))
  child.stderr.on('data', (piece) => (output += piece))
  await new Promise((done) => child.on('close', done))
  return { lines: [...seen], output }
}

try {
  const s3 = new S3Client({ ...moto.client, forcePathStyle: true })
  await s3.send(new CreateBucketCommand({ Bucket: 'capacity', CreateBucketConfiguration: { LocationConstraint: moto.region } }))
  const { Role } = await new IAMClient(moto.client).send(new CreateRoleCommand({ RoleName: 'Headroom', AssumeRolePolicyDocument: '{}' }))
  const env = { ...process.env, ...moto.environment, HEADROOM_HOME: join(folder, 'home') }
  /** @param {string[]} args */
  const headroom = (...args) => spawnSync(process.execPath, [cliFile, ...args], { encoding: 'utf8', env, cwd: folder })
  headroom('sample', '--end', '2026-11-22', '--servers', '20', '--out', 'fleet.parquet', '--quiet')
  const settings = [
    '--bucket',
    'capacity',
    '--role',
    Role?.Arn ?? '',
    '--kms-key',
    key,
    '--engine',
    'spark',
    '--instances',
    '2',
    '--skip-checks',
  ]
  const launched = headroom('cloud', 'launch', 'fleet.parquet', ...settings)
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'capacity' }))
  const name = Contents.map(({ Key = '' }) => Key).find((found) => found.endsWith('configuration.json'))
  expectThat('a launch writes the configuration of Spark', name !== undefined, launched.stderr)
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'capacity', Key: name }))
  /** @type {{ Classification: string, Properties: Record<string, string> }[]} */
  const classifications = JSON.parse((await Body?.transformToString()) ?? '[]')
  const storage = classifications.find(({ Classification }) => Classification === 'core-site')?.Properties ?? {}

  await new Promise((ready) => recorder.listen(0, '127.0.0.1', () => ready(undefined)))
  const { lines, output } = await write(storage, 's3a://capacity/runs/out/part')
  expectThat('Spark reads back what it wrote', /\b100\n/.test(output), output.slice(-3000))
  const writes = lines.filter(
    ({ method, url }) => (method === 'PUT' && !url.includes('partNumber')) || (method === 'POST' && url.includes('uploads')),
  )
  const plain = writes.filter(({ encryption, keyId }) => encryption !== 'aws:kms' || !keyId.endsWith(key))
  expectThat(
    `all ${writes.length} writes name SSE-KMS and the key`,
    writes.length > 3 && plain.length === 0,
    JSON.stringify(plain, null, 1),
  )
  const deleted = lines.filter(({ method, url }) => method === 'DELETE' || url.includes('delete'))
  const above = deleted.filter(({ url, body }) => /<Key>(runs\/|runs\/out\/)<\/Key>/.test(body) || /\/capacity\/runs\/(out\/)?$/.test(url))
  expectThat('no marker above the output is deleted', above.length === 0, JSON.stringify(above))

  const emr = await write(
    { 'fs.s3.enableServerSideEncryption': 'true', 'fs.s3.serverSideEncryption.kms.keyId': key },
    's3a://capacity/runs/emr/part',
  )
  const encrypted = emr.lines.filter(({ encryption }) => encryption === 'aws:kms')
  expectThat('the names of EMR’s file system do nothing', emr.lines.length > 3 && encrypted.length === 0, JSON.stringify(encrypted))
  const deletedMarkers = emr.lines.filter(({ body }) => /<Key>runs\/(emr\/)?<\/Key>/.test(body))
  expectThat('without the setting, markers above the output are deleted', deletedMarkers.length > 0, 'none')
} finally {
  recorder.close()
  moto.stop()
  rmSync(folder, { recursive: true, force: true })
}
