// Pages of AWS: addresses in the console, and which addresses may be opened in the browser.

/** Of each partition: how its regions begin, its name in ARNs, and the domains of its console and its services. */
const partitions = [
  { prefix: 'cn-', name: 'aws-cn', console: 'amazonaws.cn', services: 'amazonaws.com.cn' },
  { prefix: 'us-gov-', name: 'aws-us-gov', console: 'amazonaws-us-gov.com', services: 'amazonaws.com' },
  { prefix: 'eusc-', name: 'aws-eusc', console: 'amazonaws-eusc.eu', services: 'amazonaws.eu' },
  { prefix: '', name: 'aws', console: 'aws.amazon.com', services: 'amazonaws.com' },
] as const

const partitionOf = (region: string): (typeof partitions)[number] => partitions.find(({ prefix }) => region.startsWith(prefix))!

/** Name of the region's partition in ARNs. */
export const partitionName = (region: string): string => partitionOf(region).name

const consoleOf = (region: string): string => `https://${region}.console.${partitionOf(region).console}`

/** The service that opens the sign-in page of IAM Identity Center. */
export const signInUrl = (region: string): string => `https://oidc.${region}.${partitionOf(region).services}`

/** The page of a processing job. */
export const consoleUrl = (region: string, jobName: string): string =>
  `${consoleOf(region)}/sagemaker/home?region=${region}#/processing-jobs/${jobName}`

/** The page on which larger SageMaker quotas are requested. */
export const quotasUrl = (region: string): string => `${consoleOf(region)}/servicequotas/home/services/sagemaker/quotas`

/** Domains of console, sign-in and documentation in every partition. */
const awsDomains = [
  'aws.amazon.com',
  'amazonaws.com',
  'amazonaws.com.cn',
  'amazonaws.cn',
  'amazonaws-us-gov.com',
  'amazonaws.eu',
  'amazonaws-eusc.eu',
  'awsapps.com',
  'awsapps.cn',
  'api.aws',
  'app.aws',
  'amazonwebservices.com.cn',
  'amazonwebservices.eu',
]

/** The parsed address if it is an https page of AWS without user name and password, else null. `allowsLoopback`: 127.0.0.1 is accepted too. */
export const parseAwsUrl = (address: string, allowsLoopback: boolean): URL | null => {
  let url: URL
  try {
    url = new URL(address)
  } catch {
    return null
  }
  const { protocol, hostname, username, password, port } = url
  if (username !== '' || password !== '') return null
  if (allowsLoopback && protocol === 'http:' && hostname === '127.0.0.1') return url
  const isAws = awsDomains.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`))
  return protocol === 'https:' && port === '' && isAws ? url : null
}
