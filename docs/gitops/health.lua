-- Argo CD: health of an AgentDeployment. Goes into argocd-cm under resource.customizations.health.agentreadiness.dev_AgentDeployment
local health = { status = "Progressing", message = "The operator has not seen this generation yet" }
if obj.status == nil or obj.status.conditions == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions) do
  conditions[condition.type] = condition
end

local stalled, reconciling, ready = conditions.Stalled, conditions.Reconciling, conditions.Ready
if stalled ~= nil and stalled.status == "True" then
  -- The declared revision is held; the last good one may serve on.
  return { status = "Degraded", message = stalled.message }
end
if reconciling ~= nil and reconciling.status == "True" then
  -- A person is waited for, not the operator.
  local waits = reconciling.reason == "Paused" or reconciling.reason == "AwaitingApproval"
  return { status = waits and "Suspended" or "Progressing", message = reconciling.message }
end
if ready ~= nil and ready.status == "True" then
  return { status = "Healthy", message = ready.message }
end
if ready ~= nil and ready.status == "False" then
  -- Neither on its way nor held: the budget is spent and resumes by itself.
  return { status = "Degraded", message = ready.message }
end
return health
