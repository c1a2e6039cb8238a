// Pages of AWS: addresses in the console, and which addresses may be opened in the browser.

const consoleOf = (region: string): string => {
  const domain = region.startsWith('cn-') ? 'amazonaws.cn' : region.startsWith('us-gov-') ? 'amazonaws-us-gov.com' : 'aws.amazon.com'
  return `https://${region}.console.${domain}`
}

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
  'awsapps.com',
  'api.aws',
  'app.aws',
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
