--- What a worker's record says of pauses of that worker.

--- Whether a queue is among the paused ones. `paused`: field of the record, false if it has none.
local function isPaused(paused, queue)
  return paused and string.find(',' .. paused .. ',', ',' .. queue .. ',', 1, true) ~= nil
end
