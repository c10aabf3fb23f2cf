export { openSite, python, type Site, withPython } from './site.ts'
