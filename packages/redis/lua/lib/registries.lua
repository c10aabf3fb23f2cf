--- Where a job stands, by its status: the one list or sorted set that holds its id.
-- @include lib/attempt
-- @include lib/time

local HAS_ZSET = { finished = true, failed = true, deferred = true, scheduled = true, canceled = true }

--- Remove the leases of a job and its records of executions. Also of a job that does not seem to run: a Python worker
-- writes the lease before the status, and a Python program may have written an older status. `kept`: an execution that
-- keeps its lease, or nil. Returns whether it had any.
local function dropLeases(prefix, id, queue, kept)
  local execution = attempt('HGET', prefix .. 'job:' .. id, 'execution_id')
  local executions = attempt('ZRANGE', prefix .. 'executions:' .. id, 0, -1) or {}
  local leases = {}
  if execution then leases[1] = id .. ':' .. execution end
  for _, other in ipairs(executions) do
    leases[#leases + 1] = id .. ':' .. other
    redis.call('DEL', prefix .. 'execution:' .. id .. ':' .. other)
  end
  redis.call('DEL', prefix .. 'executions:' .. id)
  local found = false
  for _, member in ipairs(leases) do
    if kept and member == id .. ':' .. kept then
      found = true
    elseif attempt('ZREM', prefix .. 'wip:' .. queue, member) == 1 then
      found = true
    end
  end
  return found
end

--- Remove a job from the place of a status. Returns whether it was there.
local function leavePlace(prefix, id, status, queue)
  local removed
  if status == 'queued' then
    removed = attempt('LREM', prefix .. 'queue:' .. queue, 0, id)
  elseif status == 'stopped' then
    removed = attempt('ZREM', prefix .. 'failed:' .. queue, id)
  elseif status == 'ready_to_enqueue' then
    removed = attempt('ZREM', prefix .. 'ready:' .. queue, id)
  elseif HAS_ZSET[status] then
    removed = attempt('ZREM', prefix .. status .. ':' .. queue, id)
  end
  return removed and removed > 0
end

--- Whether a job is where its status says, which is none of the places of `leavePlace`.
local function isElsewhere(prefix, id, status)
  if status == 'created' or status == 'canceled' then return true end
  if status ~= 'rate_limited' then return false end
  local limit = attempt('HGET', prefix .. 'job:' .. id, 'rate_limit_key')
  return limit and attempt('ZSCORE', prefix .. 'rl:' .. limit .. ':rate_limited', id)
end

--- Remove a job from where it is, and its leases, except that of the execution `kept`. That is the place that its
-- status says; the others are looked at only if it is not there, since a Python program may have written an older one.
local function leave(prefix, id, status, queue, kept)
  local isLeased = dropLeases(prefix, id, queue, kept)
  if leavePlace(prefix, id, status, queue) or isLeased or not status or isElsewhere(prefix, id, status) then return end
  for _, other in ipairs({ 'scheduled', 'deferred', 'finished', 'failed', 'queued' }) do
    if other ~= status then leavePlace(prefix, id, other, queue) end
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
