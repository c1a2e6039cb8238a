// A schedule as a CloudFormation template: EventBridge Scheduler starts a Step Functions state machine with the requests of a launched run, and a rule tells an SNS topic.
import type { CreateProcessingJobCommandInput } from '@aws-sdk/client-sagemaker'
import { partitionName } from '../account/aws-pages.ts'

export interface ScheduledJob {
  /** Request of the launched run. */
  readonly request: CreateProcessingJobCommandInput
  /** Object that the job writes last; without it the job has not done its work. */
  readonly proof: { readonly bucket: string; readonly key: string } | undefined
}

export interface ScheduleRequest {
  readonly runId: string
  readonly account: string
  readonly region: string
  readonly roleArn: string
  /** Of EventBridge Scheduler: cron(...), rate(...) or at(...). */
  readonly expression: string
  readonly timeZone: string
  /** ARN of the topic that is told of each end; undefined: none. */
  readonly topicArn: string | undefined
  /** In their order. */
  readonly jobs: readonly ScheduledJob[]
}

/** What a run has once and each scheduled run uses again. */
const sharedFolders = /\/(plan|settings|code|conf)(\/|$)/

/** Each execution has a name of its own, a UUID, of which the run ID is made. */
const runIdExpression = "{% $replace($states.context.Execution.Name, '-', '') %}"

/** The same value with the run ID of the execution instead of that of the launched run. */
export const withExecutionRunId = (value: unknown, runId: string): unknown => {
  if (Array.isArray(value)) return value.map((item) => withExecutionRunId(item, runId))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withExecutionRunId(item, runId)]))
  }
  if (typeof value !== 'string' || !value.includes(runId) || sharedFolders.test(value.split(runId)[1] ?? '')) return value
  const parts = value.split(runId).map((part) => JSON.stringify(part))
  return `{% ${parts.join(' & $runId & ')} %}`
}

interface State {
  readonly Type: string
  readonly [name: string]: unknown
}

const stateMachine = ({ jobs, runId, region }: ScheduleRequest): object => {
  const partition = partitionName(region)
  const steps: [string, State][] = [['Name the run', { Type: 'Pass', Assign: { runId: runIdExpression } }]]
  jobs.forEach(({ request, proof }, index) => {
    const label = jobs.length === 1 ? 'job' : `job ${index + 1}`
    const Resource = `arn:${partition}:states:::sagemaker:createProcessingJob.sync`
    steps.push([`Run ${label}`, { Type: 'Task', Resource, Arguments: withExecutionRunId(request, runId) }])
    if (proof === undefined) return
    const Arguments = withExecutionRunId({ Bucket: proof.bucket, Key: proof.key }, runId)
    steps.push([`Verify ${label}`, { Type: 'Task', Resource: `arn:${partition}:states:::aws-sdk:s3:headObject`, Arguments }])
  })
  return {
    QueryLanguage: 'JSONata',
    StartAt: steps[0]![0],
    States: Object.fromEntries(
      steps.map(([name, state], index) => [
        name,
        { ...state, ...(index + 1 < steps.length ? { Next: steps[index + 1]![0] } : { End: true }) },
      ]),
    ),
  }
}

const assumedBy = (service: string, account: string): object => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: service },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'aws:SourceAccount': account } },
    },
  ],
})

const role = (service: string, account: string, statements: readonly object[]): object => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: assumedBy(service, account),
    Policies: [{ PolicyName: 'Headroom', PolicyDocument: { Version: '2012-10-17', Statement: statements } }],
  },
})

export const renderSchedule = (request: ScheduleRequest): string => {
  const { account, region, roleArn, expression, timeZone, topicArn, jobs } = request
  const partition = partitionName(region)
  const proofs = jobs.flatMap(({ proof }) => (proof === undefined ? [] : [`arn:${partition}:s3:::${proof.bucket}/${proof.key}`]))
  const passedTo = { StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' } }
  const statements = [
    {
      Effect: 'Allow',
      Action: ['sagemaker:CreateProcessingJob', 'sagemaker:DescribeProcessingJob', 'sagemaker:StopProcessingJob', 'sagemaker:AddTags'],
      Resource: `arn:${partition}:sagemaker:${region}:${account}:processing-job/headroom-*`,
    },
    { Effect: 'Allow', Action: 'iam:PassRole', Resource: roleArn, Condition: passedTo },
    // Step Functions waits for a job by this rule, which it manages itself.
    {
      Effect: 'Allow',
      Action: ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
      Resource: `arn:${partition}:events:${region}:${account}:rule/StepFunctionsGetEventsForSageMakerProcessingJobsRule`,
    },
    ...(proofs.length === 0
      ? []
      : [{ Effect: 'Allow', Action: 's3:GetObject', Resource: proofs.map((arn) => arn.replace(request.runId, '*')) }]),
  ]
  const ended = {
    source: ['aws.sagemaker'],
    'detail-type': ['SageMaker Processing Job State Change'],
    detail: { ProcessingJobName: [{ prefix: 'headroom-' }], ProcessingJobStatus: ['Completed', 'Failed', 'Stopped'] },
  }
  const template = {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `Scheduled cloud runs of Headroom with the settings of run ${request.runId}`,
    Resources: {
      StateMachineRole: role('states.amazonaws.com', account, statements),
      StateMachine: {
        Type: 'AWS::StepFunctions::StateMachine',
        Properties: { RoleArn: { 'Fn::GetAtt': ['StateMachineRole', 'Arn'] }, DefinitionString: JSON.stringify(stateMachine(request)) },
      },
      SchedulerRole: role('scheduler.amazonaws.com', account, [
        { Effect: 'Allow', Action: 'states:StartExecution', Resource: { Ref: 'StateMachine' } },
      ]),
      Schedule: {
        Type: 'AWS::Scheduler::Schedule',
        Properties: {
          ScheduleExpression: expression,
          ScheduleExpressionTimezone: timeZone,
          FlexibleTimeWindow: { Mode: 'OFF' },
          Target: { Arn: { Ref: 'StateMachine' }, RoleArn: { 'Fn::GetAtt': ['SchedulerRole', 'Arn'] }, Input: '{}' },
        },
      },
      ...(topicArn === undefined
        ? {}
        : {
            EndedRule: {
              Type: 'AWS::Events::Rule',
              Properties: { EventPattern: ended, State: 'ENABLED', Targets: [{ Id: 'topic', Arn: topicArn }] },
            },
          }),
    },
  }
  return `${JSON.stringify(template, null, 2)}\n`
}
