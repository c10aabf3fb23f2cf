#!lua flags=allow-oom
--- Read the messages of a job behind a given one; if there are none, register who waits for the next one.
-- @key job  hash rq:job:<id>
-- @key list list rq:messages:<id> or rq:posts:<id>
-- @arg from    string job = sent by it; outside = posted to it
-- @arg channel string of the reader
-- @arg after   int    number of the last message that was read; -1 = none: what is gone by now is not missed
-- @reply {[word: bytes, last: bytes, lost: bytes, messages: bytes[]]}
--   open, over, or missing: no such job; the number of the last message, how many are gone that were not read, and
--   the others, as lib/messages says
-- @include lib/register_waiter

local jobKey, listKey = KEYS[1], KEYS[2]
local from, channel, after = ARGV[1], ARGV[2], tonumber(ARGV[3])

--- The number of the message at an index of the list; nil without one.
local function numberAt(index)
  local message = redis.call('LRANGE', listKey, index, index)[1]
  return message and tonumber(string.match(message, '^%d+'))
end

local job = redis.call('HMGET', jobKey, 'status', 'messages', 'waiters', 'data')
local status, field = job[1], job[2]
local exists = status or job[4]
local word = not exists and 'missing' or 'open'
if status == 'finished' or status == 'failed' or status == 'stopped' or status == 'canceled' then word = 'over' end

-- Those of a job that was not kept are read without it.
local first = (field or not exists) and numberAt(0)
local last = tonumber(string.match(field or '', from == 'job' and '^(%d+)' or '^%d+ %d+ (%d+)')) or 0
if not field and first then last = numberAt(-1) end

local oldest = first or last + 1
local start = after < 0 and oldest or after + 1
local lost = math.max(0, oldest - start)
local messages = first and redis.call('LRANGE', listKey, math.max(0, start - first), -1) or {}
if #messages == 0 and lost == 0 and word == 'open' then registerWaiter(jobKey, job[3], channel) end
return { word, string.format('%.0f', last), string.format('%.0f', lost), messages }
