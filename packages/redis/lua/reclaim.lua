#!lua flags=no-writes
--- Find the jobs that were leased by calls whose replies were lost.
-- @key queues set rq:queues only routes the call in a Cluster
-- @arg prefix    string
-- @arg baseCount int
-- @arg rest... string what the execution ids of each such call begin with; then queue names
-- @reply {bytes} what lib/claimed packs
-- @include lib/claimed

local prefix, baseCount = ARGV[1], tonumber(ARGV[2])

local bases, length = {}, #ARGV[3]
for at = 3, 2 + baseCount do bases[ARGV[at]] = true end

local found = {}
for at = 3 + baseCount, #ARGV do
  local queue = ARGV[at]
  for _, member in ipairs(redis.call('ZRANGE', prefix .. 'wip:' .. queue, 0, -1)) do
    local id, execution = string.match(member, '^([^:]+):(.+)$')
    if execution and bases[string.sub(execution, 1, length)] then
      local key = prefix .. 'job:' .. id
      local held = redis.call('HMGET', key, 'execution_id', 'status')
      if held[1] == execution and held[2] ~= 'canceled' then
        appendFull(found, queue, execution, id, redis.call('HGETALL', key))
      end
    end
  end
end
return pack(found)
