// Which addresses may be handed to the browser: pages of AWS, and in development the simulated account on this machine.

/** Console, sign-in and documentation of every partition, by the last labels of their hosts. */
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

/** The parsed address of a page of AWS over https, without name and password in it; null for everything else. */
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
