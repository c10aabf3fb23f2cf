export { endLeases, ONCE, python, type Site, withPython, withSite } from './site.ts'
