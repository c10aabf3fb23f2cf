import { addTenant, importNow, listTenants, removeTenant } from './tenants.js'

const AT_ONCE = 50
const [act = 'list', ...tenants] = process.argv.slice(2)

switch (act) {
  case 'add':
    for (let at = 0; at < tenants.length; at += AT_ONCE) {
      await Promise.all(tenants.slice(at, at + AT_ONCE).map(addTenant))
    }
    break
  case 'import':
    for (const tenant of tenants) console.log((await importNow(tenant)).id)
    break
  case 'remove':
    for (const tenant of tenants) console.log(await removeTenant(tenant))
    break
  case 'list':
    for (const row of await listTenants(20, tenants[0])) console.log(JSON.stringify(row))
    break
  default:
    console.error('add, import, remove or list')
    process.exitCode = 2
}
