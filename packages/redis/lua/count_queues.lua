#!lua flags=no-writes
--- Count the jobs of queues in each place, without expired entries.
-- @key all set rq:queues only routes the call in a Cluster
-- @arg prefix string
-- @arg first string name of a queue
-- @arg others... string names of more queues
-- @reply {[counts: int[], nowMs: int, headSince: string][]}
--   for each queue: waiting, started, finished, failed, deferred, scheduled, canceled, and 1 if it is paused; the time;
--   when the job at its head was enqueued, or empty
-- @include lib/attempt
-- @include lib/time

local prefix = ARGV[1]
local now, nowMs = clock()

--- A key of another type has nothing in it that could be counted, and must not end the count of other queues.
local function count(command, key)
  return attempt(command, key) or 0
end

local function living(key)
  local count = count('ZCARD', key)
  if count == 0 then return 0 end
  return count - redis.call('ZCOUNT', key, 0, now)
end

--- Ids at the head whose jobs have expired are passed over, a few of them.
local MOST_EXPIRED = 10

local function headSince(name)
  for _, id in ipairs(attempt('LRANGE', prefix .. 'queue:' .. name, 0, MOST_EXPIRED) or {}) do
    local since = attempt('HGET', prefix .. 'job:' .. id, 'enqueued_at')
    if since then return since end
  end
  return ''
end

local pauses = {}
for at = 2, #ARGV do pauses[at - 1] = prefix .. 'paused:' .. ARGV[at] end
local paused = redis.call('MGET', unpack(pauses))
local counts = {}
for at = 2, #ARGV do
  local name = ARGV[at]
  local numbers = {
    count('LLEN', prefix .. 'queue:' .. name),
    count('ZCARD', prefix .. 'wip:' .. name),
    living(prefix .. 'finished:' .. name),
    living(prefix .. 'failed:' .. name),
    count('ZCARD', prefix .. 'deferred:' .. name),
    count('ZCARD', prefix .. 'scheduled:' .. name),
    count('ZCARD', prefix .. 'canceled:' .. name),
    paused[at - 1] and 1 or 0,
  }
  counts[at - 1] = { numbers, nowMs, numbers[1] > 0 and headSince(name) or '' }
end
return counts
