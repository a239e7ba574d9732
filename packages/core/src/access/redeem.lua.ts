/**
 * Turns an invitation into a worker. KEYS invitations, credentials, workers of the tenant, their names. ARGV hash, now,
 * worker, credential hash, wanted name, limit (-1 none), facts about the machine. Returns {verdict, name, time}.
 */
export const redeemLua = `
local text = redis.call('HGET', KEYS[1], ARGV[1])
if not text then return {'unknown'} end
local invitation = cjson.decode(text)
local about = cjson.decode(ARGV[7])
local before = invitation.redeemed
if before and (before.machine ~= about.machine or redis.call('HEXISTS', KEYS[3], before.worker) == 0) then
  return {'used', before.name, string.format('%.0f', before.at)}
end
if invitation.expiresAt <= tonumber(ARGV[2]) then return {'expired', '', string.format('%.0f', invitation.expiresAt)} end
if before then return {'ok', before.name} end
local limit = tonumber(ARGV[6])
if limit >= 0 and redis.call('HLEN', KEYS[3]) >= limit then return {'limit'} end
local name = ARGV[5]
local suffix = 2
while redis.call('HEXISTS', KEYS[4], name) == 1 do
  name = ARGV[5] .. '-' .. suffix
  suffix = suffix + 1
end
about.name = name
about.at = tonumber(ARGV[2])
redis.call('HSET', KEYS[4], name, ARGV[3])
redis.call('HSET', KEYS[3], ARGV[3], cjson.encode(about))
redis.call('HSET', KEYS[2], ARGV[4], cjson.encode({worker = ARGV[3], tenant = about.tenant, name = name, labels = about.labels}))
invitation.redeemed = {machine = about.machine, worker = ARGV[3], name = name, at = tonumber(ARGV[2])}
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(invitation))
return {'ok', name}`;
