--- What is wrong with an id that was set aside, see lib/broken.
-- @include lib/attempt

--- Returns the type of its key, and why the store refused the end of its job, or an empty text. Nil when nothing is
-- wrong any more: the key is gone, or a job that has moved on since. `refused`: entry of `refused:<queue>`, or false.
local function faultOf(prefix, id, refused)
  local key = prefix .. 'job:' .. id
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then return nil end
  local execution, reason = string.match(refused or '', '^([^\n]*)\n(.*)$')
  if kind ~= 'hash' or redis.call('HEXISTS', key, 'data') == 0 then return kind, reason or '' end
  if execution and redis.call('HGET', key, 'execution_id') == execution then return kind, reason end
  return nil
end
