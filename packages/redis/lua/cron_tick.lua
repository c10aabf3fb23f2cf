#!lua
--- Enqueue the job of a tick of cron, unless the tick was decided already, is not due, or the cron job is paused.
-- @key queues set of queue keys
-- @key state hash of the cron job's name
-- @key history zset of the jobs that it enqueued
-- @arg prefix string
-- @arg stamp string ISO time
-- @arg slot string which of the jobs with this name
-- @arg tick int ms, or empty: a run that somebody asked for, outside of the rule
-- @arg latest int ms, the latest tick that may have been decided before this one
-- @arg overlap string 'allow', or the start of the ids of this cron job: then only when none of them is unfinished
-- @arg job string packed as lib/claimed does: the job, as lib/enqueue says
-- @reply enqueued, taken, paused, overlap, duplicate, cycle or early; the last tick decided or ''; Redis's time; in ms
-- @include lib/enqueue
-- @include lib/cron

local queuesKey, stateKey, historyKey = KEYS[1], KEYS[2], KEYS[3]
local prefix, stamp, slot, tick, latest, overlap = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local job = cmsgpack.unpack(ARGV[7])

local _, nowMs = clock()
local state = redis.call('HMGET', stateKey, 'tick' .. slot, 'paused', 'resumed')
local decided = state[1] or ''

if tick ~= '' then
  if tonumber(tick) > nowMs then return { 'early', decided, nowMs } end
  if decided ~= '' and tonumber(decided) > tonumber(latest) then return { 'taken', decided, nowMs } end
  if state[3] and tonumber(tick) <= tonumber(state[3]) then return { 'taken', decided, nowMs } end
  if state[2] then return { 'paused', decided, nowMs } end
  redis.call('HSET', stateKey, 'tick' .. slot, tick)
  redis.call('EXPIRE', stateKey, YEAR_S)
  if overlap ~= 'allow' and isRunning(prefix, historyKey, overlap) then return { 'overlap', tick, nowMs } end
end
local answer = enqueueAll(prefix, queuesKey, stamp, job)[1]
if answer ~= 'duplicate' and answer ~= 'cycle' then
  remember(historyKey, job[1], nowMs)
  answer = 'enqueued'
end
return { answer, tick ~= '' and tick or decided, nowMs }
