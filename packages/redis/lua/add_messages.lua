#!lua
--- Add messages to those that a job sent, or to those that were posted to it. The oldest go when there are too many.
-- @key job  hash rq:job:<id>
-- @key list list rq:messages:<id> or rq:posts:<id>
-- @arg prefix     string
-- @arg id         string
-- @arg from       string job = sent by it; outside = posted to it
-- @arg execution  string that must own the job; empty = any
-- @arg attempt    int    that sends them; 0 = posted
-- @arg call       string random; the same when the client sends the call again
-- @arg most       int    how many are kept
-- @arg mostBytes  int    how many bytes of payloads are kept
-- @arg keepS      int    how long the list is kept
-- @arg payloads... value
-- @reply {'done' | 'missing' | 'refused'} refused: another execution owns the job, or the job is over
-- @include lib/time

local jobKey, listKey = KEYS[1], KEYS[2]
local prefix, id, from, execution, attemptNumber = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local call, most, mostBytes, keepS = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local firstPayload = 10

local isSent = from == 'job'
local job = redis.call('HMGET', jobKey, 'status', 'execution_id', 'messages', 'waiters')
local status, field = job[1], job[3]
if redis.call('EXISTS', jobKey) == 0 then return 'missing' end
if execution ~= '' and job[2] ~= execution then return 'refused' end
-- An ended job still names its last execution. One that was canceled while it runs may send.
local isOver = status == 'finished' or status == 'failed' or status == 'stopped'
if isOver or (status == 'canceled' and not isSent) then return 'refused' end

local sent, sentBytes, posted, postedBytes = string.match(field or '', '^(%d+) (%d+) (%d+) (%d+)$')
if not sent then
  -- Of an earlier job of this id.
  redis.call('UNLINK', prefix .. 'messages:' .. id, prefix .. 'posts:' .. id)
  sent, sentBytes, posted, postedBytes = 0, 0, 0, 0
end

-- The reply was lost, and the client has sent the call again. A sender makes one call at a time.
local newest = redis.call('LRANGE', listKey, -1, -1)[1]
if newest and string.match(newest, '^%d+ %d+ %d+ %d+ (%x+)\n') == call then return 'done' end

local number, bytes = tonumber(isSent and sent or posted), tonumber(isSent and sentBytes or postedBytes)
local _, nowMs = clock()
local count
for at = firstPayload, #ARGV do
  number, bytes = number + 1, bytes + #ARGV[at]
  local header = string.format('%.0f %.0f %s %.0f %s\n', number, bytes, attemptNumber, nowMs, call)
  count = redis.call('RPUSH', listKey, header .. ARGV[at])
end

--- Bytes of the payloads of the list.
local function bytesKept()
  local first = redis.call('LRANGE', listKey, 0, 0)[1]
  local header, upTo = string.match(first, '^(%d+ (%d+) %d+ %d+ %x+\n)')
  -- What another program has written goes.
  return upTo and bytes - tonumber(upTo) + #first - #header or math.huge
end

if count > most then redis.call('LPOP', listKey, count - most) end
while bytesKept() > mostBytes do redis.call('LPOP', listKey) end
redis.call('EXPIRE', listKey, keepS)

if isSent then
  sent, sentBytes = number, bytes
else
  posted, postedBytes = number, bytes
end
redis.call('HSET', jobKey, 'messages', string.format('%.0f %.0f %.0f %.0f', sent, sentBytes, posted, postedBytes))
-- Readers of what a job sends have channels that begin with m, the job as the reader of its posts has one with p.
for channel in string.gmatch(job[4] or '', isSent and '(m%-[^,]+)' or '(p%-[^,]+)') do
  redis.call('PUBLISH', prefix .. 'notify:' .. channel, id)
end
return 'done'
