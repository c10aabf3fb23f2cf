export { dependencyCycle, inDependencyOrder, type Node } from './graph.ts'
export { type DependencyState, type Hold, holdOf, type Readiness, readiness } from './readiness.ts'
