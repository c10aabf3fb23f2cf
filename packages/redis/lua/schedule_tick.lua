#!lua
--- Move a schedule on by one step, and enqueue a copy of its job.
-- @key queues   set  rq:queues
-- @key schedule hash rq:schedule:<n>
-- @key history  zset rq:schedule-jobs:<n> jobs that it enqueued
-- @arg prefix   string
-- @arg name     string
-- @arg stamp    string ISO time
-- @arg revision string as the caller has read it
-- @arg next     int    ms, as the caller has read it
-- @arg tick     int|empty ms; empty: enqueue nothing
-- @arg id       string of the job
-- @arg skip     flag   enqueue nothing while one of its newest jobs has not ended
-- @arg then     int|empty ms; the tick after this one
-- @arg times    int|empty how many jobs it enqueues in all
-- @reply {'enqueued' | 'skipped' | 'overlap' | 'taken' | 'changed' | 'early'} changed, early: nothing has changed
-- @include lib/timetable

local queuesKey, scheduleKey, historyKey = KEYS[1], KEYS[2], KEYS[3]
local prefix, name, stamp, revision, nextMs = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local tick, id, skip, thenMs, times = ARGV[6], ARGV[7], ARGV[8] == '1', ARGV[9], tonumber(ARGV[10])

local known = redis.call('HMGET', scheduleKey, 'revision', 'next', 'queue', 'latest', 'count')
if known[1] ~= revision or known[2] ~= nextMs or not known[3] then return 'changed' end
local _, nowMs = clock()
if tonumber(nextMs) > nowMs or (tick ~= '' and tonumber(tick) > nowMs) then return 'early' end

local answer = 'skipped'
local latest = numberOf(known[4])
if tick ~= '' then
  if latest and tonumber(tick) <= latest then
    answer = 'taken'
  elseif skip and isRunning(prefix, historyKey, '') then
    answer = 'overlap'
  else
    answer = enqueueCopy(prefix, queuesKey, scheduleKey, historyKey, id, stamp)
    if type(answer) == 'table' then return answer end
  end
  if answer ~= 'taken' then redis.call('HSET', scheduleKey, 'latest', tick) end
end
if answer == 'enqueued' then
  local count = (numberOf(known[5]) or 0) + 1
  redis.call('HSET', scheduleKey, 'count', count)
  if times and count >= times then thenMs = '' end
end
setNext(prefix, known[3], name, scheduleKey, thenMs)
return answer
