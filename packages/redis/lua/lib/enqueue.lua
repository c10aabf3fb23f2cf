--- Write jobs and put each in its place: what `enqueue` and a tick of cron have in common. A list of jobs has, for
-- each, either
--   id, queue, createdAt, data, description, timeout: a plain job, which has what every job has and no more; or
--   true, id, queue, extra, n, n names and values: any job, with the fields of its hash, created_at first.
-- `extra` is false, or a table of what most jobs do not have; each is nil or:
--   front         true = at the head of the queue
--   isAgain       true = the job may be there already, and is enqueued once more
--   token         of this call: the job is to be unique
--   key           its unique key: refuse it, with the answer `duplicate <id>`, while another job holds it
--   replaces      true = delete that other job instead
--   keyMs         how long it holds its key at least
--   ttlS          longest wait in the queue
--   dueMs, delayMs  when it is due, since the epoch or from now
--   dependencies  list of ids
--   allowFailure  true = a failed dependency does not hold it back
--   group
--   rateLimit, concurrency
--   worker, leaseMs, execution  lease it at once to this worker
-- @include lib/enqueue_batch
-- @include lib/enqueue_any
-- @include lib/expiring

--- `unpack` takes some thousands at most.
local MOST_PUSHED = 1000

--- Enqueue a job. Returns the answer. `...`: fields of its hash.
local function enqueueOne(batch, id, queue, extra, ...)
  local key = batch.prefix .. 'job:' .. id
  local exists = redis.call('EXISTS', key) == 1
  if batch.mayHaveLeftOver and not exists then removeLeftOver(batch.prefix, id) end
  if exists or extra then
    pushReady(batch)
    return enqueueAny(batch, key, id, queue, exists, extra or {}, ...)
  end
  if queue ~= batch.readyQueue or #batch.ready == MOST_PUSHED then pushReady(batch) end
  listQueue(batch, queue)
  redis.call('HSET', key, 'status', 'queued', 'enqueued_at', batch.stamp, ...)
  batch.ready[#batch.ready + 1], batch.readyQueue = id, queue
  return 'queued'
end

--- Where the next job of a list begins.
local function nextJob(jobs, at)
  return at + (jobs[at] == true and 5 + jobs[at + 4] or 6)
end

--- What is wrong with the key of a job or of a queue of a list of several jobs, which would stop the call when others
-- are written; nil if there is none.
local function findBroken(prefix, jobs)
  if nextJob(jobs, 1) > #jobs then return nil end
  local at, seen = 1, {}
  while at <= #jobs do
    local idAt = jobs[at] == true and at + 1 or at
    local key, queue = prefix .. 'job:' .. jobs[idAt], jobs[idAt + 1]
    if not isOfType(key, 'hash') then return key .. ' is no job' end
    if not seen[queue] and not isOfType(prefix .. 'queue:' .. queue, 'list') then
      return prefix .. 'queue:' .. queue .. ' is no queue'
    end
    seen[queue] = true
    local extra = jobs[at] == true and jobs[at + 3]
    if extra and extra.key and not isOfType(prefix .. 'unique:' .. queue, 'hash') then
      return prefix .. 'unique:' .. queue .. ' holds no unique keys'
    end
    at = nextJob(jobs, at)
  end
end

--- Enqueue a list of jobs. Returns one answer for each, and the id of the last one; or an error, and writes nothing.
-- `haveNewIds`: no job has had the id of any of them.
local function enqueueAll(prefix, queuesKey, stamp, jobs, haveNewIds)
  local broken = findBroken(prefix, jobs)
  if broken then return redis.error_reply('WRONGTYPE ' .. broken .. '. Nothing was written.') end
  local batch = newEnqueueBatch(prefix, queuesKey, stamp, haveNewIds)
  local answers, seen = batch.answers, batch.seen
  local at, last = 1, #jobs
  local id
  while at <= last do
    if jobs[at] == true then
      local lastField = at + 4 + jobs[at + 4]
      id = jobs[at + 1]
      answers[#answers + 1] = enqueueOne(batch, id, jobs[at + 2], jobs[at + 3], unpack(jobs, at + 5, lastField))
      at = lastField + 1
    else
      local queue, createdAt, data, description, timeout = unpack(jobs, at + 1, at + 5)
      id = jobs[at]
      answers[#answers + 1] = enqueueOne(batch, id, queue, false, 'created_at', createdAt, 'data', data,
        'origin', queue, 'last_heartbeat', '', 'description', description, 'timeout', timeout)
      at = at + 6
    end
    seen[id] = true
  end
  pushReady(batch)
  return answers, id
end
