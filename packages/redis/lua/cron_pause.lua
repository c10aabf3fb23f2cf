#!lua flags=allow-oom
--- Pause a cron job, or resume it. Ticks during the pause are not made up for.
-- @key state hash rq:cron_state:<c>
-- @arg pause flag
-- @reply {flag} 1 if that changed anything
-- @include lib/cron

local stateKey = KEYS[1]
local pause = ARGV[1] == '1'

local _, nowMs = clock()
local isPaused = redis.call('HEXISTS', stateKey, 'paused') == 1
if pause == isPaused then return 0 end
if pause then
  redis.call('HSET', stateKey, 'paused', nowMs)
else
  redis.call('HDEL', stateKey, 'paused')
  redis.call('HSET', stateKey, 'resumed', nowMs)
end
redis.call('EXPIRE', stateKey, YEAR_S)
return 1
