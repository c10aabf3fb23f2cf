#!lua
--- Enqueue the job of a tick of cron, unless the tick was decided already, is not due, or the cron job is paused.
-- @key queues  set  rq:queues
-- @key state   hash rq:cron_state:<c>
-- @key history zset rq:cron_job:<c>:jobs jobs that it enqueued
-- @arg prefix  string
-- @arg stamp   string ISO time
-- @arg slot    string suffix that distinguishes cron jobs of the same name
-- @arg tick    int|empty ms; empty: a run by request, outside of the rule
-- @arg latest  int|empty ms; the latest tick that may have been decided before this one
-- @arg overlap string 'allow'; or what the ids of this cron job begin with: enqueue only when none of them is
--   unfinished
-- @arg job     packed a list with one job, as lib/enqueue says
-- @reply {[answer: 'enqueued' | 'taken' | 'paused' | 'overlap' | 'duplicate' | 'cycle' | 'too_many' | 'early', tick:
--   string, nowMs: int]} tick: the last one decided, or empty; nowMs: Redis's time. Both in ms.
-- @include lib/enqueue
-- @include lib/cron

local queuesKey, stateKey, historyKey = KEYS[1], KEYS[2], KEYS[3]
local prefix, stamp, slot, tick, latest, overlap = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local job = cmsgpack.unpack(ARGV[7])

local _, nowMs = clock()
local state = redis.call('HMGET', stateKey, 'tick' .. slot, 'paused', 'resumed')
local decided = readMs(state[1]) and state[1] or ''

if tick ~= '' then
  if tonumber(tick) > nowMs then return { 'early', decided, nowMs } end
  if decided ~= '' and tonumber(decided) > tonumber(latest) then return { 'taken', decided, nowMs } end
  local resumed = readMs(state[3])
  if resumed and tonumber(tick) <= resumed then return { 'taken', decided, nowMs } end
  if state[2] then return { 'paused', decided, nowMs } end
  redis.call('HSET', stateKey, 'tick' .. slot, tick)
  redis.call('EXPIRE', stateKey, YEAR_S)
  if overlap ~= 'allow' and isRunning(prefix, historyKey, overlap) then return { 'overlap', tick, nowMs } end
end
local answers, id = enqueueAll(prefix, queuesKey, stamp, job)
local answer = answers[1]
if answer ~= 'duplicate' and answer ~= 'cycle' and answer ~= 'too_many' then
  remember(historyKey, id, nowMs)
  answer = 'enqueued'
end
return { answer, tick ~= '' and tick or decided, nowMs }
