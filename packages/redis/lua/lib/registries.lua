--- Where a job stands, by its status: the one list or sorted set that holds its id.
-- @include lib/attempt
-- @include lib/time

local HAS_ZSET = { finished = true, failed = true, deferred = true, scheduled = true, canceled = true }

--- Remove the leases of a job and its records of executions. Also of a job that does not seem to run: a Python worker
-- writes the lease before the status, and a Python program may have written an older status. `kept`: an execution that
-- keeps its lease, or nil.
local function dropLeases(prefix, id, queue, kept)
  local execution = attempt('HGET', prefix .. 'job:' .. id, 'execution_id')
  if execution and execution ~= kept then attempt('ZREM', prefix .. 'wip:' .. queue, id .. ':' .. execution) end
  for _, other in ipairs(attempt('ZRANGE', prefix .. 'executions:' .. id, 0, -1) or {}) do
    if other ~= kept then attempt('ZREM', prefix .. 'wip:' .. queue, id .. ':' .. other) end
    redis.call('DEL', prefix .. 'execution:' .. id .. ':' .. other)
  end
  redis.call('DEL', prefix .. 'executions:' .. id)
end

--- Remove a job from the place that its status says, and its leases, except that of the execution `kept`.
local function leave(prefix, id, status, queue, kept)
  dropLeases(prefix, id, queue, kept)
  if status == 'queued' then
    attempt('LREM', prefix .. 'queue:' .. queue, 0, id)
  elseif status == 'stopped' then
    attempt('ZREM', prefix .. 'failed:' .. queue, id)
  elseif status == 'ready_to_enqueue' then
    attempt('ZREM', prefix .. 'ready:' .. queue, id)
  elseif HAS_ZSET[status] then
    attempt('ZREM', prefix .. status .. ':' .. queue, id)
  end
end

--- Remove a job from its group, and the group from the list with its last job.
local function leaveGroup(prefix, id, group)
  if group and group ~= '' and attempt('SREM', prefix .. 'group:' .. group, id) == 1
    and redis.call('EXISTS', prefix .. 'group:' .. group) == 0 then
    attempt('SREM', prefix .. 'groups', group)
  end
end

--- Delete a job's own keys. Its set of dependents is kept for a year: a job with the same id may be enqueued.
local function erase(prefix, id, group)
  redis.call('UNLINK', prefix .. 'job:' .. id, prefix .. 'job::' .. id .. ':dependencies', prefix .. 'results:' .. id)
  redis.call('EXPIRE', prefix .. 'job:' .. id .. ':dependents', YEAR_S)
  leaveGroup(prefix, id, group)
end
