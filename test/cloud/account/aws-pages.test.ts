// Which addresses the app opens in the browser: pages of AWS, and no imitations.
import { describe, expect, test } from 'vitest'
import { consoleUrl, parseAwsUrl, quotasUrl, signInUrl } from '../../../src-main/cloud/account/aws-pages.ts'

describe('pages of AWS are opened', () => {
  test.each([
    'https://eu-west-1.console.aws.amazon.com/sagemaker/home?region=eu-west-1#/processing-jobs/headroom-1',
    'https://oidc.eu-west-1.amazonaws.com/authorize?response_type=code',
    'https://device.sso.eu-west-1.amazonaws.com/?user_code=ABCD-EFGH',
    'https://corp.awsapps.com/start/#/device?user_code=ABCD-EFGH',
    'https://ssoins-1.portal.eu-west-1.app.aws/start',
    'https://oidc.eu-west-1.api.aws/authorize',
    'https://cn-north-1.console.amazonaws.cn/sagemaker/home',
    'https://us-gov-west-1.console.amazonaws-us-gov.com/sagemaker/home',
    'https://start.cn-north-1.home.awsapps.cn/directory/corp',
    'https://device.sso.cn-north-1.amazonaws.com.cn/?user_code=ABCD-EFGH',
    'https://oidc.cn-north-1.api.amazonwebservices.com.cn/authorize',
    'https://oidc.eusc-de-east-1.api.amazonwebservices.eu/authorize',
    'https://device.sso.eusc-de-east-1.amazonaws.eu/?user_code=ABCD-EFGH',
  ])('%s', (address) => expect(parseAwsUrl(address, false)?.href).toBe(address))
})

describe('pages of each partition', () => {
  test.each([
    ['eu-west-1', 'https://oidc.eu-west-1.amazonaws.com', 'https://eu-west-1.console.aws.amazon.com'],
    ['cn-north-1', 'https://oidc.cn-north-1.amazonaws.com.cn', 'https://cn-north-1.console.amazonaws.cn'],
    ['us-gov-west-1', 'https://oidc.us-gov-west-1.amazonaws.com', 'https://us-gov-west-1.console.amazonaws-us-gov.com'],
    ['eusc-de-east-1', 'https://oidc.eusc-de-east-1.amazonaws.eu', 'https://eusc-de-east-1.console.amazonaws-eusc.eu'],
  ])('%s', (region, signIn, console) => {
    expect(signInUrl(region)).toBe(signIn)
    expect([consoleUrl(region, 'job'), quotasUrl(region)].map((url) => new URL(url).origin)).toEqual([console, console])
    for (const url of [`${signIn}/authorize`, consoleUrl(region, 'job'), quotasUrl(region)]) expect(parseAwsUrl(url, false)?.href).toBe(url)
  })
})

describe('other addresses are not opened', () => {
  test.each([
    'http://console.aws.amazon.com/',
    'https://console.aws.amazon.com.example.com/',
    'https://evil-amazonaws.com/',
    'https://xawsapps.com/start',
    'https://xamazonwebservices.eu/authorize',
    'https://awsapps.cn.example.com/',
    'https://console.aws.amazon.com@example.com/',
    'https://user:secret@console.aws.amazon.com/',
    'https://console.aws.amazon.com:8443/',
    'https://example.com/?next=console.aws.amazon.com',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'ms-msdt:/id',
    'smb://console.aws.amazon.com/share',
    'http://127.0.0.1:4566/',
    'http://127.0.0.1.example.com/',
    '',
    'no address',
  ])('%s', (address) => expect(parseAwsUrl(address, false)).toBeNull())

  test('a backslash counts as a slash: the opened address is the checked one', () => {
    expect(parseAwsUrl('https://console.aws.amazon.com\\@example.com/x', false)?.href).toBe('https://console.aws.amazon.com/@example.com/x')
  })

  test('a simulated account on this machine is accepted only if allowed', () => {
    expect(parseAwsUrl('http://127.0.0.1:4566/authorize', true)?.port).toBe('4566')
    expect(parseAwsUrl('http://localhost:4566/', true)).toBeNull()
    expect(parseAwsUrl('https://127.0.0.1:4566/', true)).toBeNull()
    expect(parseAwsUrl('http://127.0.0.1@example.com/', true)).toBeNull()
  })
})
