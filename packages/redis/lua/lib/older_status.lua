--- Whether the status of a job is true. A Python program that saves an older copy of a job writes that copy's status.
-- As in RQ, the lists and registries say where the job is.
-- @include lib/lease

--- Whether a key holds a job. `command`: ZSCORE or LPOS. A key of another type holds none.
local function holds(command, key, id)
  return attempt(command, key, id) and true or false
end

--- Whether a worker of either language runs a job. Those of RQ 1 lease it without an execution.
local function isRun(prefix, id, queue)
  if redis.call('EXISTS', prefix .. 'executions:' .. id) == 1 then return true end
  local wip, execution = prefix .. 'wip:' .. queue, attempt('HGET', prefix .. 'job:' .. id, 'execution_id')
  return holds('ZSCORE', wip, id) or (execution and holds('ZSCORE', wip, id .. ':' .. execution))
end

--- Whether the place that the status of a job names holds it. True for `canceled`, which counts without one. Reads the
-- whole list if the status is `queued`.
local function isTrueStatus(prefix, id, status, queue)
  if status == 'canceled' then return true end
  if status == 'started' then return isRun(prefix, id, queue) end
  if status == 'queued' then
    local list = prefix .. 'queue:' .. queue
    return holds('LPOS', list, id) or holds('LPOS', list .. ':intermediate', id)
  end
  if status == 'rate_limited' then
    local limit = attempt('HGET', prefix .. 'job:' .. id, 'rate_limit_key')
    return limit and holds('ZSCORE', prefix .. 'rl:' .. limit .. ':rate_limited', id)
  end
  local registry = status == 'stopped' and 'failed' or status == 'ready_to_enqueue' and 'ready' or status
  return holds('ZSCORE', prefix .. registry .. ':' .. queue, id)
end

--- Whether a registry holds a job although the status of the job names another place, which does not hold it.
local function isListedDespite(prefix, id, status, queue, registry)
  return holds('ZSCORE', prefix .. registry .. ':' .. queue, id)
    and not isTrueStatus(prefix, id, status or 'created', queue)
end
