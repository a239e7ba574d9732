/**
 * Purpose: transitions, one after the other. Of each: checks every guard, then does every operation, or does nothing at all.
 *
 * KEYS: the keys the guards and operations name, each once; they refer to them by number.
 * ARGV: one text of fields, each ended by a line feed (no field holds one; a hundred arguments would cost more than the
 * step). For each transition: the number of its fields, the number of guards, the guards, the operations. A guard is:
 *   is K P            the string K begins with P (a record at a version); P empty: K does not exist
 *   none K F          the hash K has no field F
 *   below K N         the hash K has fewer than N fields
 *   spare K F N       the hash K has the field F, or fewer than N fields
 *   room K S M TS TM  slots S and memory M fit under the totals TS, TM beside what the hash K says is used
 *   fewer K N         the sorted set K has fewer than N members
 * An operation is:
 *   do K CMD N A1…AN            a plain command on K
 *   event S Q I JSON            adds the event to stream Q of the tenant with the next number of hash S and incarnation I
 *   outbox O L JSON             adds a command to the worker's outbox O and rings, once per call, the server that holds lease L
 *   hold H U WHO S M            reserves slots and memory for WHO in hash H, sums in U; once per WHO
 *   free H U WHO                gives the reservation of WHO back; nothing if there is none
 *   pass H WHO NEW U S M        hands the reservation of WHO to NEW, now of S slots and M bytes
 *   child T FROM TO D WHO NOW   moves one child between counters; with none queued or running, WHO is due at NOW in D
 * Returns for each: {0} when done, {0, 'ended'} when the last child ended; {i, found} when guard i failed and what was
 * there; {-1, error} where a command of it failed, which is no matter of the others.
 * Sums in hashes are written once per call, at its end or before a plain command on the hash.
 * The bell's key is built from the lease: same hash tag, so the same slot.
 */
export const commitScript = `
local fields, n = {}, 0
for field in string.gmatch(ARGV[1], '([^\\n]*)\\n') do
  n = n + 1
  fields[n] = field
end
local at = 1
local lives = {}
local rung = {}
local function take()
  at = at + 1
  return fields[at - 1]
end
local function key() return KEYS[tonumber(take())] end
local call = redis.call
local bases, sums = {}, {}
local function add(k, field, by)
  local sum = sums[k]
  if not sum then
    sum = {}
    sums[k] = sum
  end
  sum[field] = (sum[field] or 0) + by
end
local function value(k, field)
  local base = bases[k]
  if not base then
    base = {}
    bases[k] = base
  end
  base[field] = base[field] or tonumber(call('HGET', k, field) or '0')
  return base[field] + (sums[k] and sums[k][field] or 0)
end
local function flush(k)
  for field, by in pairs(sums[k] or {}) do
    if by ~= 0 then call('HINCRBY', k, field, string.format('%.0f', by)) end
  end
  sums[k] = nil
  bases[k] = nil
end
local function check()
  local guards = tonumber(take())
  for i = 1, guards do
    local kind = take()
    local k = key()
    if kind == 'is' then
      local want = take()
      if want == '' then
        if call('EXISTS', k) == 1 then return {i, call('GET', k)} end
      elseif call('GETRANGE', k, 0, #want - 1) ~= want then
        return {i, call('GET', k)}
      end
    elseif kind == 'none' then
      local field = take()
      local found = call('HGET', k, field)
      if found then return {i, found} end
    elseif kind == 'below' then
      local limit = tonumber(take())
      local n = call('HLEN', k)
      if n >= limit then return {i, tostring(n)} end
    elseif kind == 'spare' then
      local field, limit = take(), tonumber(take())
      if call('HEXISTS', k, field) == 0 then
        local n = call('HLEN', k)
        if n >= limit then return {i, tostring(n)} end
      end
    elseif kind == 'room' then
      local slots, memory = tonumber(take()), tonumber(take())
      local slotsTotal, memoryTotal = tonumber(take()), tonumber(take())
      local s, m = value(k, 'slots'), value(k, 'memory')
      if (slots > 0 and s + slots > slotsTotal) or (memory > 0 and m + memory > memoryTotal) then
        return {i, s .. ' ' .. string.format('%.0f', m)}
      end
    elseif kind == 'fewer' then
      local limit = tonumber(take())
      local n = call('ZCARD', k)
      if n >= limit then return {i, tostring(n)} end
    end
  end
end
local function apply(last)
  local failed = check()
  if failed then return failed end
  local ended = false
  while at <= last do
    local op = take()
    if op == 'do' then
      local k, command, count = key(), take(), tonumber(take())
      if bases[k] or sums[k] then flush(k) end
      call(command, k, unpack(fields, at, at + count - 1))
      at = at + count
    elseif op == 'event' then
      local seq, stream, incarnation = key(), key(), key()
      add(seq, 'n', 1)
      local number = string.format('%.0f', value(seq, 'n'))
      lives[incarnation] = lives[incarnation] or call('GET', incarnation) or '1'
      call('XADD', stream, lives[incarnation] .. '-' .. number, 'e', take())
    elseif op == 'outbox' then
      local outbox, lease = key(), key()
      call('XADD', outbox, '*', 'c', take())
      if not rung[lease] then
        rung[lease] = true
        local holder = call('HMGET', lease, 'server', 'worker')
        if holder[1] and holder[1] ~= '' then
          local tag = string.match(outbox, '^({[^}]*}:)')
          call('XADD', tag .. 'bell:' .. holder[1], 'MAXLEN', '~', 10000, '*', 'w', holder[2])
        end
      end
    elseif op == 'hold' then
      local held, used = key(), key()
      local who, slots, memory = take(), take(), take()
      if call('HSETNX', held, who, slots .. ' ' .. memory) == 1 then
        add(used, 'slots', tonumber(slots))
        add(used, 'memory', tonumber(memory))
      end
    elseif op == 'free' then
      local held, used, who = key(), key(), take()
      local was = call('HGET', held, who)
      if was then
        local slots, memory = string.match(was, '^(%d+) (%d+)$')
        call('HDEL', held, who)
        add(used, 'slots', 0 - tonumber(slots))
        add(used, 'memory', 0 - tonumber(memory))
      end
    elseif op == 'pass' then
      local held, who, new = key(), take(), take()
      local used, slots, memory = key(), take(), take()
      local was = call('HGET', held, who)
      if was then
        local oldSlots, oldMemory = string.match(was, '^(%d+) (%d+)$')
        call('HDEL', held, who)
        add(used, 'slots', 0 - tonumber(oldSlots))
        add(used, 'memory', 0 - tonumber(oldMemory))
      end
      if call('HSETNX', held, new, slots .. ' ' .. memory) == 1 then
        add(used, 'slots', tonumber(slots))
        add(used, 'memory', tonumber(memory))
      end
    elseif op == 'child' then
      local totals, from, to, due = key(), take(), take(), key()
      local who, now = take(), take()
      add(totals, from, -1)
      add(totals, to, 1)
      if value(totals, 'queued') + value(totals, 'running') == 0 then
        call('ZADD', due, now, who)
        ended = true
      end
    end
  end
  if ended then return {0, 'ended'} end
  return {0}
end
local results = {}
while at <= n do
  local count = tonumber(take())
  local last = at + count - 1
  local ok, result = pcall(apply, last)
  if not ok then result = {-1, type(result) == 'table' and result.err or tostring(result)} end
  results[#results + 1] = result
  at = last + 1
end
for k in pairs(sums) do flush(k) end
return results
`;
