--- Move a scheduled job on when its time has come.
-- @include lib/dependencies
-- @include lib/lease
-- @include lib/place
-- @include lib/schedule

local DUE_FIELDS = { 'created_at', 'status', 'origin', 'ttl', 'enqueue_at_front', 'enqueue_at_front_on_retry',
  'started_at', 'ended_at', 'dependency_id', 'dependency_ids', 'allow_dependency_failures', 'rate_limit_key',
  'rate_limit_concurrency', 'execution_id' }

--- Read those fields of a job, by name; an empty one is false. Returns nil if there is no such job.
local function readDue(prefix, id)
  local values = redis.call('HMGET', prefix .. 'job:' .. id, unpack(DUE_FIELDS))
  if not values[1] then return nil end
  local job = {}
  for n, name in ipairs(DUE_FIELDS) do job[name] = values[n] ~= '' and values[n] end
  return job
end

--- Whether a job that has an entry in the schedule of its queue waits for its time. As in RQ the entry decides, not the
-- status, which may be an older one that a Python program has saved: unless the job is canceled, or has left the entry
-- behind on its way into the queue.
local function isScheduled(prefix, queue, id, job)
  return job.status ~= 'canceled' and not (job.status == 'queued' and isInQueue(prefix, queue, id))
end

--- Whether an execution runs a job.
local function isRunning(prefix, queue, id, job)
  return job.execution_id and hasLease(prefix, job.origin or queue, id, job.execution_id)
end

--- Whether the job goes to the head of its queue; so does a retry that asks for it.
local function goesToFront(job)
  return job.enqueue_at_front == '1' or (job.enqueue_at_front_on_retry == '1' and job.ended_at)
end

--- The number of jobs that a job waits for, or waited for. Only a job that has not started yet waits. Python RQ writes
-- dependencies into the hash without registering them; this registers them.
local function dependencyCount(prefix, id, job)
  if job.started_at or not (job.dependency_id or job.dependency_ids) then return 0 end
  local count = redis.call('SCARD', prefix .. 'job::' .. id .. ':dependencies')
  if count > 0 then return count end
  local fine, listed = pcall(cjson.decode, job.dependency_ids or '')
  local ids = {}
  for _, dependency in ipairs(fine and type(listed) == 'table' and listed or { job.dependency_id }) do
    if type(dependency) == 'string' then ids[#ids + 1] = dependency end
  end
  if #ids > 0 then waitFor(prefix, id, ids, MOST_CHECKED) end
  return #ids
end

--- Place a job that was removed from the schedule: in its queue, or among the jobs that wait for other jobs or for a
-- slot. One that runs is noted to run again. Returns how many of its dependencies were checked at most.
local function promote(prefix, queue, id, job, front, stamp)
  local key = prefix .. 'job:' .. id
  if isRunning(prefix, queue, id, job) then
    redis.call('HSET', key, 'run_again', 1)
    return 0
  end
  if job.origin ~= queue then redis.call('HSET', key, 'origin', queue) end
  local count = dependencyCount(prefix, id, job)
  if count > 0 and not dependenciesMet(prefix, id, job.allow_dependency_failures == '1') then
    redis.call('ZADD', prefix .. 'deferred:' .. queue, deferredScore(), id)
    redis.call('HSET', key, 'status', 'deferred')
    redis.call('PERSIST', key)
    redis.call('PERSIST', prefix .. 'job::' .. id .. ':dependencies')
    if job.ttl then forgetExpiring(prefix, id) end
  else
    local limit = job.rate_limit_key and job.rate_limit_concurrency and job.rate_limit_key
    place(prefix, id, queue, front, limit, job.rate_limit_concurrency, stamp)
    if job.ttl then expireAfter(prefix, id, job.ttl, queue, limit) end
  end
  return math.min(count, MOST_CHECKED)
end
