using AgentReadiness.Api;

namespace AgentReadiness.Guardrail;

/// <summary>
/// The spend log: a line for each model call that was booked and each run that ended, with everything that its cost is told apart by. No body and no key is in it.
/// </summary>
internal sealed class SpendLog(ConfigStore config, ILogger<SpendLog> log)
{
    /// <summary>An attempt of a model call was booked.</summary>
    public void Call(ModelCallPlan plan, CallOutcome outcome, Money spent, Money reserved, TimeSpan elapsed)
    {
        var (agent, usage) = (config.Current.Config.Agent, outcome.Facts?.Usage);
        log.ModelCall(outcome.Name, plan.Run.Id, plan.Upstream.Name, plan.Request.Model, outcome.Facts?.Id, outcome.Status, usage?.Input, usage?.CacheRead, usage?.Output,
            spent.ToString(), reserved.ToString(), (long)elapsed.TotalMilliseconds, plan.Prices.RuleId, agent, plan.Tags);
    }

    /// <summary>A run has ended.</summary>
    public void Run(Run run, int status, TimeSpan elapsed)
    {
        var agent = config.Current.Config.Agent;
        var (steps, toolCalls, tokens) = run.Counts;
        log.RunEnded(run.Id, status, run.Cost.ToString(), steps, toolCalls, tokens, (long)elapsed.TotalMilliseconds, agent, run.Tags);
    }
}
