#!lua flags=allow-oom
--- The schedules of a queue that are due, earliest first. Names without a schedule are dropped.
-- @key due zset rq:schedules:<q> names by next tick
-- @arg prefix string
-- @arg most   int
-- @reply {[nowMs: int, waitMs: int, rows: string[]]} Redis's time; ms until the next one is due, -1: there is none, 0:
--   more are due; name, revision, rule, anchor, next, latest and count of each, empty where it has none
-- @include lib/attempt
-- @include lib/time

local dueKey = KEYS[1]
local prefix, most = ARGV[1], tonumber(ARGV[2])

--- What is longer, no program of ours has written.
local LONGEST_RULE = 4096
local LONGEST_WAIT_MS = 1e15

local _, nowMs = clock()
local rows = {}
local names = redis.call('ZRANGEBYSCORE', dueKey, '-inf', score(nowMs), 'LIMIT', 0, most)
for _, name in ipairs(names) do
  local key = prefix .. 'schedule:' .. name
  local length = attempt('HSTRLEN', key, 'rule')
  local known = length and redis.call('HMGET', key, 'revision', 'anchor', 'next', 'latest', 'count')
  if not known or not known[1] or not known[3] then
    redis.call('ZREM', dueKey, name)
  else
    local rule = length <= LONGEST_RULE and redis.call('HGET', key, 'rule') or ''
    local row = { name, known[1], rule, known[2] or '', known[3], known[4] or '', known[5] or '' }
    for at = 1, #row do rows[#rows + 1] = row[at] end
  end
end
if #names == most then return { nowMs, 0, rows } end
local later = redis.call('ZRANGEBYSCORE', dueKey, '(' .. score(nowMs), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local waitMs = later[2] and math.ceil(math.min(tonumber(later[2]) * 1000 - nowMs, LONGEST_WAIT_MS)) or -1
return { nowMs, waitMs, rows }
