#!lua flags=allow-oom
--- Apply what attempts came to, each only if its execution still owns the job, then claim the next jobs.
-- @key suspended string rq:suspended exists while workers are suspended
-- @arg prefix  string
-- @arg stamp   string ISO time of this call
-- @arg want    int jobs to claim afterwards; 0 = none
-- @arg worker  string
-- @arg leaseMs int
-- @arg largest int bytes that a value of a claimed job may have, see lib/claimed
-- @arg executionBase string random; execution ids begin with it
-- @arg workedS float seconds worked on all these attempts
-- @arg shown string state that the worker's record shows, or empty, see lib/worker_state
-- @arg settlements packed list of, in any order but for the first line, which is left out if it is about no queue:
--   n, and the names of n queues: those of the settlements' queues that may have limits, see lib/newest
--   true, id, execution, queue, to, startedAt, endedAt, keepS, counts, release, value, extra: see lib/settlement
--   false, queue, keepS, fieldCount, n: what the n plain successes behind it have in common, see lib/settle_plain;
--     each has id, execution, startedAt, endedAt, value
-- @arg queues... string names, in order of service
-- @reply {[answers: bytes, claimed: bytes, hasMore: flag]}
--   a letter for each settlement: a = applied, l = lost, g = gone; the word suspended or again (see lib/claim), or
--   what lib/claimed packs; whether dependents were set aside for release_dependents
-- @include lib/claim
-- @include lib/worker_state
-- @include lib/settle_plain
-- @lazy lib/settlement settle releaseOfEnded
-- @lazy lib/newest readLimits keepNewest

local suspendedKey = KEYS[1]
local prefix, stamp, want, worker = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local leaseMs, largest, executionBase, workedS, shown = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9]
local settlements = cmsgpack.unpack(ARGV[10])
local firstQueue, lastQueue = 11, #ARGV

local function settlementOf(id, execution, queue, to, startedAt, endedAt, keepS, counts, release, value, extra)
  return { id = id, execution = execution, queue = queue, to = to, startedAt = startedAt, endedAt = endedAt,
    keepS = keepS, counts = counts, release = release, value = value, extra = extra }
end

local batch = newBatch(prefix, worker, stamp)
local at, last = 1, #settlements
if type(settlements[1]) == 'string' then
  at = 2 + tonumber(settlements[1])
  batch.limits, batch.awaited = readLimits(prefix, settlements, 2, at - 1), {}
end
while at <= last do
  if settlements[at] then
    settle(batch, settlementOf(unpack(settlements, at + 1, at + 11)))
    at = at + 12
  else
    local queue, keepS, fieldCount, n = unpack(settlements, at + 1, at + 4)
    local behind = at + 5 + PLAIN_WIDTH * tonumber(n)
    local group = newPlainGroup(batch, queue, keepS, fieldCount)
    settlePlainGroup(batch, group, settlements, at + 5, behind - 1, function(id, execution, startedAt, endedAt, value)
      settle(batch, settlementOf(id, execution, queue, 'finished', startedAt, endedAt, keepS, 'successful',
        group.release, value, {}))
    end)
    at = behind
  end
end
writeBatch(batch)
-- Hardly any job has dependents, so look for those of all jobs at once.
if #batch.endedIds > 0 and redis.call('EXISTS', unpack(batch.dependentsKeys)) > 0 then releaseOfEnded(batch) end
if batch.limits then keepNewest(batch) end
countForWorker(batch, workedS)

local answers = table.concat(batch.answers)
local hasMore = batch.hasMore and math.min(1, redis.call('EXISTS', prefix .. 'releasing', prefix .. 'unchecked')) or 0
if want > 0 and redis.call('EXISTS', suspendedKey) == 1 then
  showState(prefix, worker, shown, 'suspended')
  return { answers, 'suspended', hasMore }
end
local claimed = claim(prefix, firstQueue, lastQueue, want, worker, leaseMs, stamp, executionBase, largest)
showState(prefix, worker, shown, claimed)
-- The next claim returns the error.
return { answers, pack(claimed.err and {} or claimed), hasMore }
