--- How jobs are handed to a worker: a flat list with three elements for each. The first is a text of lines, since a client reads one
-- text and splits it in less time than it reads several.

--- A plain job: its head, `data`, `description`. The head is queue, execution id, job id, created_at, enqueued_at, timeout, result_ttl.
local function handPlain(handed, queue, execution, id, values, resultTtl)
  local n = #handed
  handed[n + 1] = table.concat({ queue, execution, id, values[3], values[4], values[5], resultTtl }, '\n')
  handed[n + 2], handed[n + 3] = values[2], values[6]
end

--- Any job: its head, its fields with their values, and nothing. The head is queue, execution id, job id.
local function handFull(handed, queue, execution, id, fields)
  local n = #handed
  handed[n + 1], handed[n + 2], handed[n + 3] = queue .. '\n' .. execution .. '\n' .. id, fields, ''
end
