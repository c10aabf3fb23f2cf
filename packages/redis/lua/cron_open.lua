#!lua
--- Read what is known of a cron job, and note its rule. A rule that is new comes into force now.
-- @key state hash of the cron job's name
-- @arg slot string which of the jobs with this name
-- @arg rule string
-- @reply last tick decided or '', since when the rule is in force, paused since or '', resumed at or '', Redis's time; all in ms
-- @include lib/cron

local stateKey = KEYS[1]
local slot, rule = ARGV[1], ARGV[2]

local nowS, nowMs = clock()
local state = redis.call('HMGET', stateKey, 'tick' .. slot, 'since' .. slot, 'paused', 'resumed', 'rule' .. slot)
if state[5] ~= rule then
  state[2] = string.format('%.0f', nowS * 1000)
  redis.call('HSET', stateKey, 'rule' .. slot, rule, 'since' .. slot, state[2])
end
redis.call('EXPIRE', stateKey, YEAR_S)
return { state[1] or '', state[2], state[3] or '', state[4] or '', nowMs }
