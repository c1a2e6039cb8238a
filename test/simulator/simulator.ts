// Simulates AWS on a loopback port, as far as Headroom uses it: one server, which finds the service in each signature.
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { addBucket, makeAccount, rootKey, type Account, type Bucket } from './account.ts'
import { allows, requiredPermissions } from './authorize.ts'
import { Faults, type Fault } from './faults.ts'
import { handleIam, handleQuotas, handleSts } from './identity.ts'
import { handleEcr, handlePricing } from './catalogues.ts'
import { handleLogs } from './logs.ts'
import { handleEc2 } from './ec2.ts'
import { handleMetrics } from './metrics.ts'
import { runProcessingJob, type JobOptions } from './processing-job.ts'
import { recordRequest } from './request-record.ts'
import { handleS3, s3Operation } from './s3.ts'
import { handleSageMaker, type JobRunner } from './sagemaker.ts'
import { SignIn } from './sign-in.ts'
import { expired, identifyCaller, serviceOf } from './signed-request.ts'
import { errorResponse, readRequest, send, ServiceError, type Protocol, type ServiceResponse, type ServiceRequest } from './wire.ts'

export interface RecordedRequest {
  readonly service: string
  readonly operation: string
  /** Path and query. */
  readonly url: string
  readonly region: string
  readonly bytes: number
  /** The `range` header, "" where there is none. */
  readonly range: string
  status: number
}

export interface SimulatorOptions extends JobOptions {
  readonly region?: string
  readonly port?: number
  /** Replaces the containers, for tests of the wire alone. */
  readonly runJob?: JobRunner
}

const jsonTargets: Readonly<Record<string, string>> = {
  SageMaker: 'sagemaker',
  Logs_20140328: 'logs',
  GraniteServiceVersion20100801: 'cloudwatch',
  ServiceQuotasV20190624: 'servicequotas',
  AWSPriceListService: 'pricing',
  AmazonEC2ContainerRegistry_V20150921: 'ecr',
}

export class AwsSimulator {
  readonly account: Account
  readonly faults = new Faults()
  readonly requests: RecordedRequest[] = []
  readonly signIn: SignIn
  /** Added to the service's clock, in milliseconds. */
  clockSkewMs = 0
  /** Most requests that were being answered at one time. */
  maxAtOnce = 0
  #atOnce = 0
  readonly #server: Server
  readonly #run: JobRunner

  private constructor(options: SimulatorOptions) {
    this.account = makeAccount(options.region ?? 'eu-west-1')
    this.signIn = new SignIn(this.account)
    this.#run = options.runJob ?? ((job, name) => runProcessingJob(this.account, job, name, this.faults.takeForJob(), options))
    this.#server = createServer((incoming, response) => void this.#serve(incoming, response))
  }

  static async start(options: SimulatorOptions = {}): Promise<AwsSimulator> {
    const simulator = new AwsSimulator(options)
    await new Promise<void>((resolve) => simulator.#server.listen(options.port ?? 0, '127.0.0.1', resolve))
    return simulator
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** What a shell needs to be the simulated account's user. */
  get environment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.endpoint,
      AWS_REGION: this.account.region,
      AWS_ACCESS_KEY_ID: rootKey.id,
      AWS_SECRET_ACCESS_KEY: rootKey.secret,
    }
  }

  addBucket(name: string, region?: string, owner?: string): Bucket {
    return addBucket(this.account, name, region, owner)
  }

  /** Requests of one operation so far. */
  requestsOf(operation: string): RecordedRequest[] {
    return this.requests.filter((request) => request.operation === operation)
  }

  async stop(): Promise<void> {
    for (const job of this.account.jobs.values()) job.stop()
    await Promise.all([...this.account.jobs.values()].map(({ ended }) => ended))
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID()
    this.#atOnce += 1
    this.maxAtOnce = Math.max(this.maxAtOnce, this.#atOnce)
    incoming.on('error', () => undefined)
    response.on('error', () => undefined)
    try {
      // Clients whose clock is wrong learn the time from here.
      response.setHeader('date', new Date(Date.now() + this.clockSkewMs).toUTCString())
      const request = await readRequest(incoming)
      const { protocol, service, operation } = this.#route(request)
      recordRequest(request, operation)
      const recorded = {
        service,
        operation,
        url: `${request.url.pathname}${request.url.search}`,
        region: '',
        bytes: request.body.length,
        range: request.headers['range'] ?? '',
        status: 0,
      }
      const index = this.requests.push(recorded) - 1
      const fault = this.faults.take(operation, `${recorded.url} ${request.body.length < 65_536 ? request.body.toString('latin1') : ''}`)
      if (fault?.kind === 'reset') return void incoming.socket.destroy()
      let serviceResponse: ServiceResponse
      try {
        serviceResponse = this.#answer(request, service, operation, fault, (region) => (this.requests[index] = { ...recorded, region }))
      } catch (thrown) {
        if (!(thrown instanceof ServiceError)) throw thrown
        serviceResponse = errorResponse(thrown, protocol, requestId)
      }
      this.requests[index]!.status = serviceResponse.status
      if (fault?.kind === 'reset-after') return void incoming.socket.destroy()
      if (fault?.kind === 'delay') await pause(fault.milliseconds, undefined, { ref: false })
      if (!response.destroyed) await sendWithFault(response, serviceResponse, requestId, request.method === 'HEAD', fault)
    } catch (thrown) {
      if (!response.headersSent) response.writeHead(500)
      response.end(String(thrown))
    } finally {
      this.#atOnce -= 1
    }
  }

  #route(request: ServiceRequest): { protocol: Protocol; service: string; operation: string } {
    const open = serviceOf(request) === '' ? SignIn.operationOf(request) : undefined
    if (open !== undefined) return { protocol: 'rest-json', service: 'sso', operation: open }
    const [target = '', operation = ''] = (request.headers['x-amz-target'] ?? '').split('.')
    if (jsonTargets[target] !== undefined) return { protocol: 'json', service: jsonTargets[target], operation }
    const isForm = (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')
    if (isForm) {
      const action = new URLSearchParams(request.body.toString()).get('Action') ?? ''
      return { protocol: 'query', service: serviceOf(request), operation: action }
    }
    return { protocol: 'rest-xml', service: 's3', operation: s3Operation(request) }
  }

  #answer(
    request: ServiceRequest,
    service: string,
    operation: string,
    fault: Fault | undefined,
    onCaller: (region: string) => void,
  ): ServiceResponse {
    const now = new Date(Date.now() + this.clockSkewMs)
    if (fault?.kind === 'throttle') {
      throw service === 's3'
        ? new ServiceError('SlowDown', 'Please reduce your request rate.', 503)
        : new ServiceError('ThrottlingException', 'Rate exceeded')
    }
    if (fault?.kind === 'expired') throw expired(service === 's3')
    if (fault?.kind === 'error') throw new ServiceError(fault.code, fault.message, fault.status ?? 400)
    if (service === 'sso') return this.signIn.respond(operation, request, this.endpoint, now)
    const caller = identifyCaller(this.account, request, now)
    onCaller(caller.region)
    const permissions = requiredPermissions(service, operation, request, this.account)
    this.account.requestedPermissions.user.push(...permissions)
    const missing = permissions.find(
      (permission) => this.account.policies.user !== undefined && !allows(this.account.policies.user, permission),
    )
    const refusal =
      this.account.denied.get(`${service}:${operation}`) ??
      (missing === undefined ? undefined : `User is not authorized to perform: ${missing.action} on resource: ${missing.resource}`)
    if (refusal !== undefined)
      throw new ServiceError(service === 's3' || service === 'iam' ? 'AccessDenied' : 'AccessDeniedException', refusal, 403)
    switch (service) {
      case 's3':
        return handleS3(this.account, request, caller.region, now)
      case 'sagemaker':
        return handleSageMaker(this.account, operation, parseBody(request), this.#run, now)
      case 'logs':
        return handleLogs(this.account, operation, parseBody(request))
      case 'cloudwatch':
        return handleMetrics(this.account, operation, parseBody(request), caller.region, now)
      case 'ec2':
        return handleEc2(this.account, caller.region, new URLSearchParams(request.body.toString()))
      case 'pricing':
        return handlePricing(this.account, operation, parseBody(request))
      case 'ecr':
        return handleEcr(this.account, operation, parseBody(request))
      case 'servicequotas':
        return handleQuotas(this.account, operation, parseBody(request))
      case 'sts':
        return handleSts(this.account, new URLSearchParams(request.body.toString()), caller, now)
      case 'iam':
        return handleIam(this.account, new URLSearchParams(request.body.toString()))
      default:
        throw new ServiceError('UnknownService', `The service ${service} is not simulated.`, 404)
    }
  }
}

const parseBody = ({ body }: ServiceRequest): Record<string, unknown> => {
  try {
    return JSON.parse(body.toString()) as Record<string, unknown>
  } catch {
    throw new ServiceError('SerializationException', 'The body is not JSON.')
  }
}

const pieces = 8

const sendWithFault = async (
  response: ServerResponse,
  serviceResponse: ServiceResponse,
  requestId: string,
  isHead: boolean,
  fault: Fault | undefined,
): Promise<void> => {
  const body = Buffer.from(serviceResponse.body ?? '')
  if (fault?.kind === 'corrupt-body' && body.length > 0) {
    body[body.length >> 1]! ^= 0xff
    return send(response, { ...serviceResponse, body }, requestId, isHead)
  }
  if (fault?.kind !== 'slow-body' && fault?.kind !== 'half-body') return send(response, serviceResponse, requestId, isHead)
  response.writeHead(serviceResponse.status, { 'x-amz-request-id': requestId, 'content-length': body.length, ...serviceResponse.headers })
  if (fault.kind === 'half-body') {
    response.write(body.subarray(0, body.length >> 1))
    await pause(20)
    return void response.destroy()
  }
  const size = Math.ceil(body.length / pieces)
  for (let at = 0; at < body.length && !response.destroyed; at += size) {
    response.write(body.subarray(at, at + size))
    await pause(fault.pauseMs)
  }
  response.end()
}
