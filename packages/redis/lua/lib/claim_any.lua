--- Read a job that is not plain, when its id was taken out of a queue. As in RQ the list decides what runs: a Python
-- program may write an older status at any time, or push the id of a job that runs or has ended.
-- @include lib/attempt
-- @include lib/broken
-- @include lib/expiring
-- @include lib/fields
-- @include lib/lease
-- @include lib/results

--- The fields of an attempt that has ended. They must not seem to be of the next one.
local ENDED_FIELDS = { 'result', 'exc_info', 'abandoned_count', 'returned_ms', 'return_for_ms', 'run_again' }

--- Remove what an earlier run has left, and keep its success among the results.
local function forgetEarlierRun(prefix, id, key, status, origin, hasEnded)
  if hasEnded and keepSuccess(prefix, id) then redis.call('HSET', key, 'results', 'stream') end
  redis.call('HDEL', key, unpack(ENDED_FIELDS))
  if not origin or status == 'queued' or status == 'created' or not status then return end
  for _, registry in ipairs({ 'finished', 'failed', 'deferred' }) do
    attempt('ZREM', prefix .. registry .. ':' .. origin, id)
  end
end

--- Whether the id may be left over from an expired job, after which another program than ours has used it again: the
-- newer job runs now, or has finished. Ours removes what is left before it enqueues a job.
local function mayBeLeftOver(status, ttl, isListedOnce, isRunning)
  return ttl and not isListedOnce and status == (isRunning and 'started' or 'finished')
end

--- Whether this call has claimed the job already, and is about to write its lease: its id was in the list twice.
local function isClaimedNow(leases, id, execution)
  local member = id .. ':' .. execution
  for at = 2, #leases, 2 do
    if leases[at] == member then return true end
  end
  return false
end

--- Returns the fields of a job that can start and their size, see lib/fields; false for one that is gone, broken,
-- canceled, or runs now. A job that runs now is noted to run again afterwards.
local function readAny(prefix, queue, id, key, leases, largest)
  local isJob = redis.pcall('HEXISTS', key, 'data') == 1
  local known = redis.pcall('HMGET', key, 'status', 'execution_id', 'origin', 'ttl', 'ended_at', 'listed_once')
  local status, execution, origin, ttl = known[1], known[2], known[3], known[4]
  -- It does not wait any more; of a job that is gone it is not known whether it could expire.
  if ttl or not isJob then forgetExpiring(prefix, id) end
  if status == 'canceled' then return false end
  if not isJob then
    noteIfBroken(prefix, queue, id)
    return false
  end
  if execution then
    local isRunning = hasLease(prefix, origin or queue, id, execution) or hasLease(prefix, queue, id, execution)
      or isClaimedNow(leases, id, execution)
    if mayBeLeftOver(status, ttl, known[6], isRunning) then return false end
    if isRunning then
      redis.call('HSET', key, 'run_again', 1)
      return false
    end
  end
  if execution or (status and status ~= 'queued' and status ~= 'created') then
    forgetEarlierRun(prefix, id, key, status, origin, execution and known[5] and known[5] ~= '')
  end
  return readFields(key, largest)
end
