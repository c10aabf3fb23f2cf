#!lua flags=allow-oom
--- Move jobs whose time has come out of the schedule of a queue, earliest first, while the scheduler leads the queue.
-- @key scheduled zset   rq:scheduled:<q> jobs by due time
-- @key lock      string rq:scheduler-lock:<q> name of the scheduler that leads
-- @arg prefix string
-- @arg queue  string
-- @arg leader string
-- @arg stamp  string ISO time
-- @arg most   int jobs in this step; those that wait for others count more
-- @reply {'lost' | [moved: int, waitMs: int, nowMs: int, setAside: string[]]}
--   lost: it no longer leads; else number of jobs moved, ms until there is more to do (-1 = nothing is scheduled),
--   Redis's time in ms, ids of entries that can never be moved, each followed by the reason
-- @include lib/promote
-- @lazy lib/fail_scheduled failScheduled

local scheduledKey, lockKey = KEYS[1], KEYS[2]
local prefix, queue, leader, stamp, most = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])

--- How long an entry without a scheduled job stays: Python writes the entry first, and the job in its next command.
local GRACE_MS = 2000
local LOOK_AGAIN_MS = 1000
--- What is due later, another program has written.
local LONGEST_WAIT_MS = 1e15

if redis.call('GET', lockKey) ~= leader then return 'lost' end

local _, nowMs = clock()
local gone, head, tail, setAside = {}, {}, {}, {}
local moved, kept, work = 0, 0, 0

--- Push the jobs gathered so far. A queue that was empty is listed, as in lib/push.
local function flush()
  local key = prefix .. 'queue:' .. queue
  local length = #tail > 0 and redis.call('RPUSH', key, unpack(tail)) or -1
  if #head > 0 then length = redis.call('LPUSH', key, unpack(head)) end
  if length == #head + #tail then redis.call('SADD', prefix .. 'queues', key) end
  head, tail = {}, {}
end

--- Move one entry: `dueS` is its score.
local function move(id, dueS)
  local key = prefix .. 'job:' .. id
  local plain = redis.call('HMGET', key, 'status', 'origin', 'enqueue_at_front', 'enqueue_at_front_on_retry', 'ttl',
    'dependency_id', 'rate_limit_key')
  if plain[1] == 'scheduled' and plain[2] == queue and not (plain[4] or plain[5] or plain[6] or plain[7]) then
    redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)
    local list = plain[3] == '1' and head or tail
    list[#list + 1] = id
    gone[#gone + 1] = id
    moved = moved + 1
    return
  end
  local job = readDue(prefix, id)
  if job and isScheduled(prefix, queue, id, job) then
    flush()
    work = work + 2 + promote(prefix, queue, id, job, goesToFront(job), stamp)
    gone[#gone + 1] = id
    moved = moved + 1
  elseif tonumber(dueS) * 1000 > nowMs - GRACE_MS then
    kept = kept + 1
  else
    gone[#gone + 1] = id
  end
end

--- Note that an entry can never be moved, because of a key of another type or a value that makes no sense. Its job
-- fails, so that it can be requeued. Throws an error that may pass.
local function setAsideFor(fault, id)
  local reason = type(fault) == 'table' and fault.err or tostring(fault)
  local lasts = type(fault) ~= 'table' or string.find(reason, '^WRONGTYPE') or string.find(reason, '^ERR')
  if not lasts or string.find(reason, 'The user executing', 1, true) then error(fault) end
  gone[#gone + 1] = id
  setAside[#setAside + 1] = id
  setAside[#setAside + 1] = reason
  failScheduled(prefix, queue, id, reason, stamp)
end

-- The key of the queue has to be right: else each of its jobs would be set aside.
local kind = redis.call('TYPE', prefix .. 'queue:' .. queue).ok
if kind ~= 'list' and kind ~= 'none' then
  return redis.error_reply('WRONGTYPE The key of the queue ' .. queue .. ' holds a ' .. kind)
end

local due = redis.call('ZRANGEBYSCORE', scheduledKey, '-inf', score(nowMs), 'WITHSCORES', 'LIMIT', 0, most)
for at = 1, #due, 2 do
  if work >= most then break end
  work = work + 1
  local fine, fault = pcall(move, due[at], due[at + 1])
  if not fine then setAsideFor(fault, due[at]) end
end
flush()
if #gone > 0 then redis.call('ZREM', scheduledKey, unpack(gone)) end

local waitMs = -1
if work >= most and #gone > 0 then
  waitMs = 0
else
  local nextDue = redis.call('ZRANGEBYSCORE', scheduledKey, '(' .. score(nowMs), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if nextDue[2] then waitMs = math.ceil(math.min(tonumber(nextDue[2]) * 1000 - nowMs, LONGEST_WAIT_MS)) end
  if kept > 0 and (waitMs < 0 or waitMs > LOOK_AGAIN_MS) then waitMs = LOOK_AGAIN_MS end
end
return { moved, waitMs, nowMs, setAside }
