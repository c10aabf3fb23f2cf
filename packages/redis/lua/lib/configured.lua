--- Queues that are configured: `configuration:<q>` exists.

--- Those of the queues named in `ARGV[first..last]`.
local function configuredQueues(prefix, first, last)
  local keys = {}
  for at = first, last do keys[#keys + 1] = prefix .. 'configuration:' .. ARGV[at] end
  local found = {}
  if #keys == 0 or redis.call('EXISTS', unpack(keys)) == 0 then return found end
  for at = first, last do
    if redis.call('EXISTS', prefix .. 'configuration:' .. ARGV[at]) == 1 then found[#found + 1] = ARGV[at] end
  end
  return found
end
